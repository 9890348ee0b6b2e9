"""Reading leads and deals: the partner sees its own, a vendor only what was shared with it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, func, select

from app.accounts.models import Membership, Organisation, OrganisationKind, Person
from app.campaigns.models import Campaign
from app.clock import now
from app.db import db, get_or_404, scoped
from app.errors import NotFound
from app.landing.models import Submission
from app.leads.models import Deal, DealStage, DealStatus, Lead, LeadStatus
from app.money import Money

OPEN_DEALS = (DealStatus.APPROVED, DealStatus.OPEN)
PAGE = 100


@dataclass(frozen=True)
class LeadRow:
    """A lead as a list shows it. `waited` only while it waits for an answer."""

    lead: Lead
    campaign: str
    waited: timedelta | None


def visible_leads(organisation: Organisation) -> Select[Lead]:
    """The leads this organisation may see: its own, or those that partners shared with the vendor."""
    if organisation.kind is OrganisationKind.VENDOR:
        shared = select(Lead).where(Lead.shared_at.is_not(None))  # unscoped: the vendor's shared ones
        return shared.where(Lead.vendor_id == organisation.id)
    return scoped(organisation, Lead)


def lead_or_404(organisation: Organisation, pid: str) -> Lead:
    """One lead that this organisation may see. Raises NotFound."""
    lead = db.session.scalars(visible_leads(organisation).where(Lead.pid == pid)).one_or_none()
    if lead is None:
        raise NotFound(kind="Lead")
    return lead


def leads(
    organisation: Organisation, status: LeadStatus | None = None, mine: int | None = None, limit: int = PAGE
) -> list[LeadRow]:
    """Leads, those that wait longest first, then the newest."""
    query = visible_leads(organisation)
    if status:
        query = query.where(Lead.status == status)
    if mine:
        query = query.where(Lead.assigned_to == mine)
    found = list(
        db.session.scalars(query.order_by(Lead.answered_at.is_not(None), Lead.created_at.desc()).limit(limit))
    )
    waiting = sorted((x for x in found if x.status is LeadStatus.NEW), key=lambda x: x.created_at)
    others = [x for x in found if x.status is not LeadStatus.NEW]
    names = campaign_names(x.campaign_id for x in found)
    return [
        LeadRow(x, names.get(x.campaign_id, ""), now() - x.created_at if x.status is LeadStatus.NEW else None)
        for x in (*waiting, *others)
    ]


def campaign_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Names of campaigns by id, for rows that are already scoped."""
    wanted = {i for i in ids if i is not None}
    query = select(Campaign.id, Campaign.name).where(Campaign.id.in_(wanted))  # unscoped: ids of scoped rows
    rows = db.session.execute(query)
    return dict(rows.all())


def lead_counts(organisation: Organisation) -> Counter[LeadStatus]:
    """How many leads stand in each state."""
    visible = visible_leads(organisation).subquery()
    rows = db.session.execute(select(visible.c.status, func.count()).group_by(visible.c.status))
    return Counter(dict(rows.all()))


def waiting_for(organisation: Organisation) -> int:
    """What waits: a partner's leads without an answer, or a vendor's deals without a decision."""
    if organisation.kind is OrganisationKind.VENDOR:
        waiting = scoped(organisation, Deal).where(Deal.status == DealStatus.REGISTERED).subquery()
    else:
        waiting = scoped(organisation, Lead).where(Lead.status == LeadStatus.NEW).subquery()
    return db.session.scalar(select(func.count()).select_from(waiting)) or 0


def answer_time(organisation: Organisation) -> timedelta | None:
    """The middle time from a form to an answer over the last fifty answered; None under five, which are too few to say."""
    rows = db.session.execute(
        visible_leads(organisation)
        .with_only_columns(Lead.created_at, Lead.answered_at)
        .where(Lead.answered_at.is_not(None))
        .order_by(Lead.answered_at.desc())
        .limit(50)
    )
    spans = sorted(answered - created for created, answered in rows if answered)
    return spans[len(spans) // 2] if len(spans) >= 5 else None


def colleagues(organisation: Organisation) -> list[Person]:
    """The people of an organisation by name."""
    return list(
        db.session.scalars(
            select(Person)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.organisation_id == organisation.id)
            .order_by(Person.name)
        )
    )


@dataclass(frozen=True)
class DealRow:
    """A deal with the names around it."""

    deal: Deal
    campaign: str
    partner: str
    owner: str
    decided_by: str

    @property
    def amount(self) -> Money:
        """The deal's amount."""
        return Money(self.deal.amount_minor, self.deal.currency)


def deals(organisation: Organisation) -> list[DealRow]:
    """All deals, the newest first."""
    return deal_rows(
        db.session.scalars(
            scoped(organisation, Deal).order_by(Deal.registered_at.desc(), Deal.id.desc())
        ).all()
    )


def deal_rows(found: Sequence[Deal]) -> list[DealRow]:
    """Deals, already scoped, with the names around them."""
    names = campaign_names([d.campaign_id for d in found])
    partner_rows = db.session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.id.in_({d.partner_id for d in found}))
    )
    partners = dict(partner_rows.all())
    people_ids = ({d.registered_by for d in found} | {d.decided_by for d in found}) - {None}
    people_rows = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(people_ids)))
    people = dict(people_rows.all())
    return [
        DealRow(
            d,
            names.get(d.campaign_id or 0, ""),
            partners.get(d.partner_id, ""),
            people.get(d.registered_by or 0, ""),
            people.get(d.decided_by or 0, ""),
        )
        for d in found
    ]


def deal_or_404(organisation: Organisation, pid: str) -> Deal:
    """One deal of this organisation. Raises NotFound."""
    return get_or_404(organisation, Deal, pid)


def sum_of(rows: Sequence[DealRow]) -> list[Money]:
    """Sums of deals, one for each currency, in the order of the currency's code."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.deal.currency] = totals.get(row.deal.currency, 0) + row.deal.amount_minor
    return [Money(minor, currency) for currency, minor in sorted(totals.items())]


@dataclass(frozen=True)
class Column:
    """One stage of the board."""

    title: str
    rows: list[DealRow]


def board(rows: Sequence[DealRow]) -> list[Column]:
    """Open deals by stage: registered ones first, then the stages they go through."""
    titles = {DealStage.FIRST_TALK: "First talk", DealStage.QUOTE: "Quote", DealStage.DECISION: "Decision"}
    columns = [Column("Registered", [r for r in rows if r.deal.status is DealStatus.REGISTERED])]
    for stage, title in titles.items():
        columns.append(
            Column(title, [r for r in rows if r.deal.status in OPEN_DEALS and r.deal.stage is stage])
        )
    return columns


def lead_of(deal: Deal) -> Lead | None:
    """The lead a deal came of."""
    if deal.lead_id is None:
        return None
    return db.session.get(Lead, deal.lead_id)  # unscoped: by the scoped deal's own id


def consents_of(lead: Lead) -> list[str]:
    """The exact words of what the person agreed to on the form."""
    submission = db.session.get(Submission, lead.submission_id)  # unscoped: by the scoped lead's own id
    return [c["wording"] for c in submission.consents if c["ticked"]] if submission else []


def won_deals(organisation: Organisation, campaign_id: int) -> list[DealRow]:
    """The deals won that came of a campaign."""
    query = scoped(organisation, Deal).where(Deal.campaign_id == campaign_id, Deal.status == DealStatus.WON)
    return deal_rows(db.session.scalars(query).all())


def organisation(organisation_id: int) -> Organisation:
    """The other side of a lead or a deal that is already scoped."""
    return db.session.get_one(Organisation, organisation_id)
