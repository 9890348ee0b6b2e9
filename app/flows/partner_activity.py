"""What a vendor may know of its partners' doings: campaigns by month, the latest one's state, leads they shared. Counts only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from app.accounts.models import Membership, Organisation, Person
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import local, now
from app.db import db
from app.leads.models import Lead

MONTHS = 6


@dataclass(frozen=True)
class Activity:
    """One partner, seen by one vendor. `months` counts launched campaigns, oldest first, this month last."""

    months: tuple[int, ...] = (0,) * MONTHS
    latest: CampaignStatus | None = None
    launched: int = 0
    leads: int = 0
    last_here: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether they launched anything in these months."""
        return any(self.months)


def activity(vendor: Organisation, partner_ids: Sequence[int]) -> dict[int, Activity]:
    """The activity of each of these partners for this vendor."""
    months = _months(vendor)
    launched = _counts(Campaign, vendor, Campaign.launched_at.is_not(None))
    leads = _counts(Lead, vendor, Lead.shared_at.is_not(None))
    latest = _latest(vendor)
    here = _last_here(partner_ids)
    none = (0,) * MONTHS
    return {
        one: Activity(months.get(one, none), latest.get(one), launched[one], leads[one], here.get(one))
        for one in partner_ids
    }


def _month_number(moment: datetime, zone: str) -> int:
    there = local(moment, zone)
    return there.year * 12 + there.month


def _months(vendor: Organisation) -> dict[int, tuple[int, ...]]:
    this = _month_number(now(), vendor.timezone)
    first_year, first_month = divmod(this - MONTHS, 12)
    since = datetime(first_year, first_month + 1, 1, tzinfo=now().tzinfo)
    query = select(
        Campaign.partner_id, Campaign.launched_at
    ).where(  # unscoped: the vendor's own, columns only
        Campaign.vendor_id == vendor.id, Campaign.launched_at >= since
    )
    found: dict[int, list[int]] = {}
    for partner_id, launched_at in db.session.execute(query):
        if launched_at is None:
            continue
        place = MONTHS - 1 - (this - _month_number(launched_at, vendor.timezone))
        if 0 <= place < MONTHS:
            found.setdefault(partner_id, [0] * MONTHS)[place] += 1
    return {partner_id: tuple(counts) for partner_id, counts in found.items()}


def _counts(
    model: type[Campaign] | type[Lead], vendor: Organisation, condition: ColumnElement[bool]
) -> Counter[int]:
    query = select(model.partner_id, func.count().label("number"))
    query = query.where(model.vendor_id == vendor.id, condition).group_by(model.partner_id)
    return Counter({row.partner_id: row.number for row in db.session.execute(query)})


def _latest(vendor: Organisation) -> dict[int, CampaignStatus]:
    newest = (
        select(func.max(Campaign.id)).where(Campaign.vendor_id == vendor.id).group_by(Campaign.partner_id)
    )  # unscoped: the vendor's own
    query = select(Campaign.partner_id, Campaign.status).where(
        Campaign.id.in_(newest)
    )  # unscoped: by the ids just found
    return {row.partner_id: row.status for row in db.session.execute(query)}


def _last_here(partner_ids: Sequence[int]) -> dict[int, datetime]:
    query = (
        select(
            Membership.organisation_id, func.max(Person.last_sign_in_at)
        )  # unscoped: partners of the vendor, one date each
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organisation_id.in_(partner_ids), Person.last_sign_in_at.is_not(None))
        .group_by(Membership.organisation_id)
    )
    return {partner_id: moment for partner_id, moment in db.session.execute(query) if moment is not None}
