"""Counting what people did, machines apart.

With tracking consent a person is counted once; without it nobody is known, so such clicks are counted as what they are: clicks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from app.campaigns.models import Campaign
from app.db import db
from app.tracking.models import EventKind, TrackedEvent


@dataclass(frozen=True)
class Clicks:
    """`people`: different people known to have clicked. `unnamed`: clicks of people who did not agree to be noted. `machines`: clicks of machines."""

    people: int
    unnamed: int
    machines: int


def clicks(campaign: Campaign) -> Clicks:
    """The clicks of a campaign."""
    person = TrackedEvent.is_machine.is_(False)
    query = select(  # unscoped: by the caller's scoped campaign
        func.count(case((person, TrackedEvent.contact_id)).distinct()),
        func.coalesce(func.sum(case((person & TrackedEvent.contact_id.is_(None), 1), else_=0)), 0),
        func.coalesce(func.sum(case((TrackedEvent.is_machine, 1), else_=0)), 0),
    ).where(TrackedEvent.campaign_id == campaign.id, TrackedEvent.kind == EventKind.CLICK)
    people, unnamed, machines = db.session.execute(query).one()
    return Clicks(int(people), int(unnamed), int(machines))


def people_clicked(campaign: Campaign) -> int:
    """How many different people are known to have clicked."""
    return clicks(campaign).people


@dataclass(frozen=True)
class Hour:
    """Clicks within one hour from `start`."""

    start: datetime
    people: int
    machines: int


def clicks_by_hour(campaign: Campaign, hours: int = 12) -> list[Hour]:
    """Clicks of the first hours after the launch, people and machines apart; empty where nothing was launched."""
    if campaign.launched_at is None:
        return []
    start = campaign.launched_at.replace(minute=0, second=0, microsecond=0)
    rows = db.session.execute(
        select(TrackedEvent.at, TrackedEvent.is_machine).where(  # unscoped: by the caller's scoped campaign
            TrackedEvent.campaign_id == campaign.id,
            TrackedEvent.kind == EventKind.CLICK,
            TrackedEvent.at >= start,
            TrackedEvent.at < start + timedelta(hours=hours),
        )
    )
    people, machines = [0] * hours, [0] * hours
    for at, is_machine in rows:
        place = int((at - start) / timedelta(hours=1))
        (machines if is_machine else people)[place] += 1
    return [Hour(start + timedelta(hours=i), people[i], machines[i]) for i in range(hours)]
