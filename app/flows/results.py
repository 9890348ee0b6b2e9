"""From mail to money: how one campaign did, step by step, counted from the rows of each room it went through.

Counts only, so the vendor may read them too; the people behind them stay with the partner.
"""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.campaigns.models import Campaign
from app.db import db
from app.delivery import progress
from app.landing.models import Submission
from app.leads.models import Deal, DealStatus, Lead, LeadStatus
from app.money import Money
from app.tracking.queries import Clicks, clicks

_OPEN = (DealStatus.REGISTERED, DealStatus.APPROVED, DealStatus.OPEN)


@dataclass(frozen=True)
class Funnel:
    """Each person once. `repeats`: forms of people who had left their details before; `waiting`: leads nobody has answered."""

    sent: int
    reached: int
    clicks: Clicks
    submitted: int
    repeats: int
    leads: int
    waiting: int
    deals: int
    open_deals: int
    open_worth: tuple[Money, ...]
    won: int
    won_worth: tuple[Money, ...]


def funnel(campaign: Campaign) -> Funnel:
    """Count every step from mail to money. Who was reached is counted by the first mail: whoever gets a later one got that."""
    first = progress.of(campaign, step=1)
    released = (Submission.campaign_id == campaign.id, Submission.held_reason.is_(None))
    forms = (
        db.session.scalar(select(func.count(Submission.id)).where(*released)) or 0
    )  # unscoped: of this campaign
    people = (
        db.session.scalar(select(func.count(Submission.email.distinct())).where(*released)) or 0
    )  # unscoped: of this campaign
    leads = _by_status(
        select(Lead.status, func.count()).where(Lead.campaign_id == campaign.id).group_by(Lead.status)
    )  # unscoped: of this campaign
    deals = _deals(campaign)
    running = [row for row in deals if row[0] in _OPEN]
    won = [row for row in deals if row[0] is DealStatus.WON]
    return Funnel(
        sent=first.total - first.left_out,
        reached=first.accepted,
        clicks=clicks(campaign),
        submitted=people,
        repeats=forms - people,
        leads=sum(leads.values()),
        waiting=leads.get(LeadStatus.NEW, 0),
        deals=sum(row[1] for row in deals),
        open_deals=sum(row[1] for row in running),
        open_worth=_worth(running),
        won=sum(row[1] for row in won),
        won_worth=_worth(won),
    )


def _by_status(query: object) -> dict[LeadStatus, int]:
    return {row[0]: row[1] for row in db.session.execute(query)}  # type: ignore[call-overload]


def _deals(campaign: Campaign) -> list[tuple[DealStatus, int, str, int]]:
    query = (
        select(
            Deal.status, func.count(), Deal.currency, func.sum(Deal.amount_minor)
        )  # unscoped: of this campaign
        .where(Deal.campaign_id == campaign.id)
        .group_by(Deal.status, Deal.currency)
    )
    return [(row[0], row[1], row[2], int(row[3])) for row in db.session.execute(query)]


def _worth(rows: list[tuple[DealStatus, int, str, int]]) -> tuple[Money, ...]:
    sums: dict[str, int] = {}
    for _, _, currency, minor in rows:
        sums[currency] = sums.get(currency, 0) + minor
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))
