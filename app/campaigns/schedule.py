"""When a campaign goes out, on the clock of the place it was planned for, and how it moves from draft to its launch.

Clocks that are put forward skip an hour and those put back run through one twice; both are settled here and said.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus
from app.campaigns.ready import problems
from app.clock import now
from app.errors import Invalid, Refused

HORIZON = timedelta(days=366)


@dataclass(frozen=True)
class LocalTime:
    """A moment in UTC, the clock it will show, and a sentence where the clock differs from what was asked for."""

    moment: datetime
    shown: datetime
    note: str = ""


def resolve(local: datetime, zone: str) -> LocalTime:
    """The moment at which a clock in `zone` shows `local` (naive).

    An hour that doesn't exist is moved forward by the gap; of an hour that comes twice the first is taken. Both are said in `note`.
    """
    place = ZoneInfo(zone)
    wanted = local.replace(tzinfo=place, fold=0)
    moment = wanted.astimezone(UTC)
    shown = moment.astimezone(place)
    if shown.replace(tzinfo=None) != local.replace(tzinfo=None):
        return LocalTime(
            moment,
            shown,
            f"{local:%H:%M} doesn’t exist that day: clocks go forward. It goes out at {shown:%H:%M}.",
        )
    if local.replace(tzinfo=place, fold=1).utcoffset() != wanted.utcoffset():
        return LocalTime(
            moment, shown, f"{local:%H:%M} comes twice that day: clocks go back. It goes out the first time."
        )
    return LocalTime(moment, shown)


def set_time(
    actor: Actor, campaign: Campaign, local: datetime | None, zone: str | None = None
) -> LocalTime | None:
    """Plan the launch for a local time (naive, on the clock of the campaign's zone, or of `zone` from now on), or None: at once.

    Raises Invalid for a time that has passed, one over a year away and an unknown zone, Refused once the campaign is launched.
    """
    if campaign.status not in (
        CampaignStatus.DRAFT,
        CampaignStatus.CHANGES_REQUESTED,
        CampaignStatus.APPROVED,
    ):
        raise Refused("The time can be changed until the campaign is scheduled. Take it back to draft first.")
    place = zone or campaign.timezone
    try:
        ZoneInfo(place)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid("The time is not set yet.", {"zone": "Choose a time zone from the list."}) from None
    found = None if local is None else resolve(local, place)
    if found is not None and found.moment <= now():
        raise Invalid(
            "The time is not set yet.",
            {"time": "This time has passed. Choose a later one, or launch at once."},
        )
    if found is not None and found.moment > now() + HORIZON:
        raise Invalid("The time is not set yet.", {"time": "Choose a time within a year."})
    campaign.timezone = place
    campaign.scheduled_at = found.moment if found else None
    campaign.updated_at = now()
    record(actor, "campaign.timed", campaign, at=found.moment.isoformat() if found else None)
    return found


def approve(actor: Actor, campaign: Campaign) -> None:
    """The partner confirms: draft becomes approved. Raises Refused with the first thing that still stands in the way."""
    standing = problems(campaign)
    if standing:
        raise Refused(f"This campaign can’t be launched yet. {standing[0].text} {standing[0].mend}".strip())
    CAMPAIGN.move(campaign, CampaignStatus.APPROVED)
    campaign.updated_at = now()
    record(actor, "campaign.approved", campaign)


def reopen(actor: Actor, campaign: Campaign) -> None:
    """Take an approved or scheduled campaign back to draft, so that it can be changed. Raises Conflict once it is launched."""
    if campaign.status is CampaignStatus.SCHEDULED:
        CAMPAIGN.move(campaign, CampaignStatus.APPROVED)
    CAMPAIGN.move(campaign, CampaignStatus.DRAFT)
    campaign.updated_at = now()
    record(actor, "campaign.reopened", campaign)
