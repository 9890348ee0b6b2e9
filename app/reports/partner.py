"""What a partner's home page says: the next ten minutes, what runs, money to use, who waits for an answer.

Every figure is counted from rows when the page is asked for.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import url_for
from sqlalchemy import func, or_, select

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.assets.brand import brand_gaps, default_brand
from app.audience.models import Contact
from app.campaigns import in_words
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db, scoped
from app.domains import manage, names
from app.domains.models import DomainStatus
from app.leads.models import Lead, LeadStatus
from app.leads.queries import LeadRow, leads, sum_of, won_deals
from app.mdf.models import AccountKind, Claim, ClaimStatus, LedgerAccount, MdfRequest, RequestStatus
from app.money import Money
from app.reports.todo import Todo, reviews_to_answer
from app.settings import current
from app.tracking.queries import people_clicked
from app.web.filters import day, money

RUNNING = (CampaignStatus.LAUNCHING, CampaignStatus.SENDING, CampaignStatus.PAUSED)
SENT = (*RUNNING, CampaignStatus.FINISHED)


@dataclass(frozen=True)
class Wallet:
    """One currency's money at the partner: what was given is the sum of where it stands now."""

    currency: str
    balances: dict[AccountKind, int]

    def of(self, *kinds: AccountKind) -> Money:
        """What stands on these accounts together."""
        return Money(sum(self.balances.get(kind, 0) for kind in kinds), self.currency)

    @property
    def given(self) -> Money:
        """Everything that was allocated."""
        return Money(sum(self.balances.values()), self.currency)


@dataclass(frozen=True)
class Coming:
    """Something with a date ahead."""

    when: date | datetime
    what: str

    @property
    def timed(self) -> bool:
        """Whether it has an hour, not only a day."""
        return isinstance(self.when, datetime)


def todos(actor: Actor) -> list[Todo]:
    """What to do next, the most urgent first; set-up steps only while they are missing."""
    found = [
        *_held_up(actor),
        *_sender_domain(actor),
        *reviews_to_answer(actor),
        *_leads_to_answer(actor),
        *_money_to_claim(actor),
        *_questions(actor),
        *_set_up(actor),
        *_drafts(actor),
    ]
    return found[:5]


def _held_up(actor: Actor) -> list[Todo]:
    """Campaigns that did not go out at their time."""
    waiting = db.session.scalars(
        scoped(actor.organisation, Campaign)
        .where(Campaign.status == CampaignStatus.APPROVED)
        .where(or_(Campaign.missed_at.is_not(None), Campaign.paused_reason.is_not(None)))
        .order_by(Campaign.updated_at.desc())
    )
    return [
        Todo(
            f"Decide when “{campaign.name}” goes out",
            f"It was to go out on {in_words.missed(campaign)}, but Throughline was not running then."
            if campaign.missed_at
            else campaign.paused_reason or "",
            "clock",
            url_for("launches.check", pid=campaign.pid),
            "Choose",
            waits=True,
        )
        for campaign in waiting
    ]


def _sender_domain(actor: Actor) -> list[Todo]:
    """A domain of the partner's own whose records went missing."""
    domain = manage.of(actor.organisation)
    if domain is None or domain.status not in (DomainStatus.FAILING, DomainStatus.LAPSED):
        return []
    name, is_used = names.shown(domain.name), domain.status is DomainStatus.FAILING
    why = (
        "It is used for some days more."
        if is_used
        else "Campaigns go out from the platform’s domain meanwhile."
    )
    return [
        Todo(
            f"Put the records of {name} back",
            why,
            "world-www",
            url_for("sender.show"),
            "See what is missing",
            waits=True,
        )
    ]


def _leads_to_answer(actor: Actor) -> list[Todo]:
    waiting = leads(actor.organisation, LeadStatus.NEW)
    if not waiting:
        return []
    oldest, hours = waiting[0], current().answer_hours
    noun = "lead" if len(waiting) == 1 else "leads"
    why = f"{oldest.lead.name} has waited longest. An answer is expected within {hours} hours."
    return [
        Todo(
            f"Answer {len(waiting)} new {noun}",
            why,
            "inbox",
            url_for("leads.index"),
            "Open leads",
            waits=True,
        )
    ]


def _money_to_claim(actor: Actor) -> list[Todo]:
    rows = db.session.execute(
        scoped(actor.organisation, MdfRequest)
        .add_columns(Campaign.name)
        .join(Campaign, Campaign.id == MdfRequest.campaign_id)
        .where(MdfRequest.status == RequestStatus.APPROVED, Campaign.status.in_(SENT))
        .order_by(MdfRequest.claim_by)
    ).all()
    return [
        Todo(
            f"Add one invoice to get {_money(request.approved_minor, request.currency)} back",
            f"The proof for “{name}” writes itself."
            + (f" Claim by {day(request.claim_by)}." if request.claim_by else ""),
            "receipt",
            url_for("funds.request_page", pid=request.pid),
            "Add invoice",
        )
        for request, name in rows
    ]


def _questions(actor: Actor) -> list[Todo]:
    asked = db.session.scalars(
        scoped(actor.organisation, MdfRequest).where(MdfRequest.status == RequestStatus.INFORMATION_REQUESTED)
    ).all()
    return [
        Todo(
            f"Answer a question about {r.number}",
            "The clock stands still until you do.",
            "coin-euro",
            url_for("funds.request_page", pid=r.pid),
            "Answer",
            waits=True,
        )
        for r in asked
    ]


def _set_up(actor: Actor) -> list[Todo]:
    partner = actor.organisation
    found = []
    brand = default_brand(partner)
    gaps = brand_gaps(brand) if brand else []
    if brand is None or gaps:
        why = (
            f"Missing: {', '.join(gaps)}."
            if gaps
            else "Logo, colours and address go into every mail and page."
        )
        found.append(Todo("Set up your brand", why, "palette", url_for("brand.edit"), "Set up brand"))
    if not db.session.scalar(select(scoped(partner, Contact).exists())):
        why = "Bring a list from your CRM or a spreadsheet. It stays yours: vendors see counts only."
        found.append(
            Todo("Import your contacts", why, "upload", url_for("contacts.index"), "Import contacts")
        )
    if not db.session.scalar(select(scoped(partner, Campaign).exists())):
        found.append(
            Todo(
                "Start your first campaign",
                "Choose a kit, make it yours, launch.",
                "package",
                url_for("kits.index"),
                "Choose a kit",
            )
        )
    return found


def _drafts(actor: Actor) -> list[Todo]:
    drafts = db.session.scalars(
        scoped(actor.organisation, Campaign)
        .where(Campaign.status == CampaignStatus.DRAFT)
        .order_by(Campaign.updated_at.desc())
        .limit(2)
    )
    return [
        Todo(f"Finish “{c.name}”", "It is a draft.", "send", url_for("campaigns.words", pid=c.pid), "Go on")
        for c in drafts
    ]


def wallets(partner: Organisation) -> list[Wallet]:
    """The partner's money by currency."""
    rows = db.session.execute(
        scoped(partner, LedgerAccount)
        .with_only_columns(LedgerAccount.currency, LedgerAccount.kind, func.sum(LedgerAccount.balance_minor))
        .group_by(LedgerAccount.currency, LedgerAccount.kind)
    )
    found: dict[str, dict[AccountKind, int]] = {}
    for currency, kind, minor in rows:
        found.setdefault(currency, {})[kind] = int(minor)
    return [Wallet(currency, balances) for currency, balances in sorted(found.items())]


def running(partner: Organisation) -> list[Campaign]:
    """Campaigns whose mails are going out now."""
    return list(
        db.session.scalars(
            scoped(partner, Campaign)
            .where(Campaign.status.in_(RUNNING))
            .order_by(Campaign.launched_at.desc())
        )
    )


@dataclass(frozen=True)
class Result:
    """What one launched campaign brought, people only."""

    campaign: Campaign
    clicked: int
    leads: int
    won: list[Money]


def results(partner: Organisation, limit: int = 3) -> list[Result]:
    """The latest launched campaigns with what each brought."""
    launched = db.session.scalars(
        scoped(partner, Campaign)
        .where(Campaign.status.in_(SENT))
        .order_by(Campaign.launched_at.desc())
        .limit(limit)
    ).all()
    return [_result(partner, campaign) for campaign in launched]


def _result(partner: Organisation, campaign: Campaign) -> Result:
    count = (
        db.session.scalar(
            select(func.count()).select_from(
                scoped(partner, Lead).where(Lead.campaign_id == campaign.id).subquery()
            )
        )
        or 0
    )
    return Result(campaign, people_clicked(campaign), count, sum_of(won_deals(partner, campaign.id)))


def new_leads(partner: Organisation) -> list[LeadRow]:
    """Up to five leads that wait for an answer."""
    return leads(partner, LeadStatus.NEW)[:5]


def coming_up(partner: Organisation) -> list[Coming]:
    """What has a date ahead: scheduled launches, last days to claim, the ends of protections."""
    scheduled = db.session.scalars(
        scoped(partner, Campaign).where(
            Campaign.status == CampaignStatus.SCHEDULED, Campaign.scheduled_at > now()
        )
    )
    found = [Coming(c.scheduled_at, f"“{c.name}” goes out") for c in scheduled if c.scheduled_at]
    horizon = (now() + timedelta(days=60)).date()
    for request in db.session.scalars(
        scoped(partner, MdfRequest).where(
            MdfRequest.status == RequestStatus.APPROVED, MdfRequest.claim_by <= horizon
        )
    ):
        if request.claim_by:
            found.append(
                Coming(
                    request.claim_by, f"Last day to claim {_money(request.approved_minor, request.currency)}"
                )
            )
    return sorted(found, key=lambda c: str(c.when))[:5]


def owed(partner: Organisation) -> list[Money]:
    """What the vendor has approved and not yet paid, by currency."""
    totals: dict[str, int] = {}
    for claim in db.session.scalars(scoped(partner, Claim).where(Claim.status == ClaimStatus.APPROVED)):
        totals[claim.currency] = totals.get(claim.currency, 0) + (claim.approved_minor or 0)
    return [Money(minor, currency) for currency, minor in sorted(totals.items())]


def _money(minor: int | None, currency: str) -> str:
    return money((minor or 0, currency))
