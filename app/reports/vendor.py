"""What a vendor's home page says: where the money stands, what waits for whom, what came back by kit, who is active.

Counts and sums only: no contact of a partner is read here.
"""

from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from sqlalchemy import func, select

from app.accounts.models import Organisation
from app.attribution.models import Model
from app.attribution.records import Credit
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.review_models import ReviewRound
from app.db import db, scoped
from app.kits.models import Kit, KitVersion
from app.leads.models import Deal, DealStatus, Lead
from app.mdf.models import AccountKind, Claim, ClaimStatus, LedgerAccount, MdfRequest, RequestStatus
from app.money import Money
from app.programs.models import Partnership, PartnershipStatus

TOO_FEW_DEALS = 5
LAUNCHED = (CampaignStatus.LAUNCHING, CampaignStatus.SENDING, CampaignStatus.PAUSED, CampaignStatus.FINISHED)


@dataclass(frozen=True)
class Flow:
    """One currency from budget to business. Each stage holds what has reached it or gone beyond; pipeline and won stay apart."""

    currency: str
    allocated: Money
    reserved: Money
    claimed: Money
    paid: Money
    available: Money
    expired: Money
    leads: int
    won: Money
    won_deals: int
    pipeline: Money


def flows(vendor: Organisation) -> list[Flow]:
    """The flow of each currency that has a fund or a deal."""
    rows = db.session.execute(
        scoped(vendor, LedgerAccount)
        .with_only_columns(LedgerAccount.currency, LedgerAccount.kind, func.sum(LedgerAccount.balance_minor))
        .where(LedgerAccount.partner_id != 0)
        .group_by(LedgerAccount.currency, LedgerAccount.kind)
    )
    balances: dict[str, dict[AccountKind, int]] = {}
    for currency, kind, minor in rows:
        balances.setdefault(currency, {})[kind] = int(minor)
    deals = _deals(vendor)
    return [
        _flow(vendor, c, balances.get(c, {}), deals.get(c, {})) for c in sorted(set(balances) | set(deals))
    ]


def _flow(
    vendor: Organisation,
    currency: str,
    balances: dict[AccountKind, int],
    deals: dict[DealStatus, tuple[int, int]],
) -> Flow:
    def upto(*kinds: AccountKind) -> Money:
        return Money(sum(balances.get(kind, 0) for kind in kinds), currency)

    kind = AccountKind
    won_count, won_minor = deals.get(DealStatus.WON, (0, 0))
    pipeline = sum(
        deals.get(s, (0, 0))[1] for s in (DealStatus.REGISTERED, DealStatus.APPROVED, DealStatus.OPEN)
    )
    paid = (kind.PAID,)
    claimed = (*paid, kind.PAYABLE, kind.CLAIMED)
    reserved = (*claimed, kind.RESERVED)
    return Flow(
        currency=currency,
        allocated=upto(*reserved, kind.AVAILABLE, kind.EXPIRED),
        reserved=upto(*reserved),
        claimed=upto(*claimed),
        paid=upto(*paid),
        available=upto(kind.AVAILABLE),
        expired=upto(kind.EXPIRED),
        leads=lead_count(vendor),
        won=Money(won_minor, currency),
        won_deals=won_count,
        pipeline=Money(pipeline, currency),
    )


def _deals(vendor: Organisation) -> dict[str, dict[DealStatus, tuple[int, int]]]:
    rows = db.session.execute(
        scoped(vendor, Deal)
        .with_only_columns(Deal.currency, Deal.status, func.count(), func.sum(Deal.amount_minor))
        .group_by(Deal.currency, Deal.status)
    )
    found: dict[str, dict[DealStatus, tuple[int, int]]] = {}
    for currency, status, count, minor in rows:
        found.setdefault(currency, {})[status] = (count, int(minor))
    return found


def lead_count(vendor: Organisation) -> int:
    """How many leads the vendor's kits have brought over all partners; a count, so unshared ones are in it."""
    return (
        db.session.scalar(select(func.count()).select_from(Lead).where(Lead.vendor_id == vendor.id)) or 0
    )  # unscoped: a count only


@dataclass(frozen=True)
class Waiting:
    """Things of one kind that wait for the vendor."""

    what: str
    count: int
    oldest: datetime | None
    href: str


def waiting(vendor: Organisation) -> list[Waiting]:
    """What waits for the vendor's decision, kinds with nothing waiting left out."""
    kinds = (
        ("Claims to decide", Claim, Claim.status == ClaimStatus.SUBMITTED, Claim.submitted_at, "funds.index"),
        (
            "Funding requests to decide",
            MdfRequest,
            MdfRequest.status == RequestStatus.SUBMITTED,
            MdfRequest.submitted_at,
            "funds.index",
        ),
        ("Payments to make", Claim, Claim.status == ClaimStatus.APPROVED, Claim.decided_at, "funds.index"),
        (
            "Campaigns to review",
            ReviewRound,
            ReviewRound.outcome.is_(None),
            ReviewRound.asked_at,
            "reviews.index",
        ),
        ("Deals to register", Deal, Deal.status == DealStatus.REGISTERED, Deal.registered_at, "leads.index"),
    )
    found = []
    for what, model, condition, since, endpoint in kinds:
        query = scoped(vendor, model).with_only_columns(func.count(), func.min(since)).where(condition)
        count, oldest = db.session.execute(query).one()
        if count:
            found.append(Waiting(what, count, oldest, url_for(endpoint)))
    return found


@dataclass(frozen=True)
class KitReturn:
    """What one kit cost and what won deals its campaigns are credited with, by last touch, in one currency."""

    kit: Kit
    spent: Money
    credited: Money
    deals: int

    @property
    def per_unit(self) -> float | None:
        """Won for each unit paid; None where nothing was paid."""
        return self.credited.minor / self.spent.minor if self.spent.minor else None

    @property
    def words(self) -> str:
        """What may be said about it."""
        if self.deals < TOO_FEW_DEALS:
            return f"{self.deals} {'deal' if self.deals == 1 else 'deals'}: too few to say"
        return "Nothing paid yet" if not self.spent.minor else ""


def kit_returns(vendor: Organisation) -> list[KitReturn]:
    """Each kit's paid money and credited wins, in the vendor's own currency; kits with neither are left out."""
    kits = list(db.session.scalars(scoped(vendor, Kit).order_by(Kit.name)))
    spent, credited = _spent_by_kit(vendor), _credited_by_kit(vendor)
    found = []
    for kit in kits:
        minor, deals = credited.get(kit.id, (0, 0))
        row = KitReturn(
            kit, Money(spent.get(kit.id, 0), vendor.currency), Money(minor, vendor.currency), deals
        )
        if row.spent or row.credited:
            found.append(row)
    return found


def _spent_by_kit(vendor: Organisation) -> dict[int, int]:
    query = (
        scoped(vendor, Claim)
        .with_only_columns(KitVersion.kit_id, func.sum(Claim.approved_minor))
        .join(MdfRequest, MdfRequest.id == Claim.request_id)
        .join(Campaign, Campaign.id == MdfRequest.campaign_id)
        .join(KitVersion, KitVersion.id == Campaign.kit_version_id)
        .where(Claim.status == ClaimStatus.PAID, Claim.currency == vendor.currency)
        .group_by(KitVersion.kit_id)
    )
    return {kit: int(minor or 0) for kit, minor in db.session.execute(query)}


def _credited_by_kit(vendor: Organisation) -> dict[int, tuple[int, int]]:
    query = (
        scoped(vendor, Credit)
        .with_only_columns(
            KitVersion.kit_id, func.sum(Credit.amount_minor), func.count(Credit.deal_id.distinct())
        )
        .join(Campaign, Campaign.id == Credit.campaign_id)
        .join(KitVersion, KitVersion.id == Campaign.kit_version_id)
        .where(Credit.model == Model.LAST, Credit.currency == vendor.currency)
        .group_by(KitVersion.kit_id)
    )
    return {kit: (int(minor), deals) for kit, minor, deals in db.session.execute(query)}


@dataclass(frozen=True)
class Activity:
    """How many partners run something."""

    partners: int
    sending: int
    launched: int
    drafts: int
    nothing: int


def activity(vendor: Organisation) -> Activity:
    """Partners by what they do with the vendor's kits; each counted once, at the furthest they got."""
    partners = set(
        db.session.scalars(
            scoped(vendor, Partnership)
            .with_only_columns(Partnership.partner_id)
            .where(Partnership.status == PartnershipStatus.ACTIVE)
        )
    )
    states: dict[int, set[CampaignStatus]] = {p: set() for p in partners}
    for partner, status in db.session.execute(
        scoped(vendor, Campaign).with_only_columns(Campaign.partner_id, Campaign.status)
    ):
        states.setdefault(partner, set()).add(status)
    sending = {p for p, s in states.items() if s & {CampaignStatus.SENDING, CampaignStatus.LAUNCHING}}
    launched = {p for p, s in states.items() if s & set(LAUNCHED)} - sending
    drafts = {p for p, s in states.items() if s - {CampaignStatus.CANCELLED}} - sending - launched
    return Activity(
        len(states),
        len(sending),
        len(launched),
        len(drafts),
        len(states) - len(sending) - len(launched) - len(drafts),
    )
