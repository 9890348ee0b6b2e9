"""When a campaign goes out, on the clock of one place or on each person's own, and how it moves from draft to its launch.

Clocks that are put forward skip an hour and those put back run through one twice; both are settled in zones.py and said here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.audience.mailable import Mail
from app.audience.places import people_by_place, zone_of
from app.campaigns.chosen import people_of
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus, Clock
from app.campaigns.ready import problems
from app.campaigns.zones import Comes, Window, meant
from app.clock import now
from app.db import db
from app.errors import Invalid, Refused

HORIZON = timedelta(days=366)
_NOT_SET = "The time is not set yet."


@dataclass(frozen=True)
class LocalTime:
    """A moment in UTC, the clock it will show, and a sentence where the clock differs from what was asked for."""

    moment: datetime
    shown: datetime
    note: str = ""


def resolve(local: datetime, zone: str) -> LocalTime:
    """The moment at which a clock in `zone` shows `local` (naive).

    A time that doesn't exist comes when the clocks have been put forward; of one that comes twice the first is taken. Both are said.
    """
    found = meant(local, zone)
    shown = found.moment.astimezone(ZoneInfo(zone))
    match found.comes:
        case Comes.NEVER:
            note = f"{local:%H:%M} doesn’t exist that day: clocks go forward. It goes out at {shown:%H:%M}."
        case Comes.TWICE:
            note = f"{local:%H:%M} comes twice that day: clocks go back. It goes out the first time."
        case Comes.ONCE:
            note = ""
    return LocalTime(found.moment, shown, note)


def set_time(
    actor: Actor,
    campaign: Campaign,
    local: datetime | None,
    zone: str | None = None,
    clock: Clock = Clock.CAMPAIGN,
    window: Window | None = None,
) -> LocalTime | None:
    """Plan the launch for a local time (naive, on the clock of the campaign's zone, or of `zone` from now on), or None: at once.

    `clock`: everybody at that one moment, or each person when their own clock shows it; `window`: the hours it may go out in.
    Raises Invalid for a time that has passed, one over a year away and an unknown zone, Refused once the campaign is launched.
    """
    if campaign.status not in (
        CampaignStatus.DRAFT,
        CampaignStatus.CHANGES_REQUESTED,
        CampaignStatus.APPROVED,
    ):
        raise Refused("The time can be changed until the campaign is scheduled. Take it back to draft first.")
    found = _plan(campaign, local, zone or campaign.timezone, clock, window)
    record(actor, "campaign.timed", campaign, at=found.moment.isoformat() if found else None)
    return found


def reschedule(
    actor: Actor,
    campaign: Campaign,
    local: datetime,
    zone: str,
    clock: Clock = Clock.CAMPAIGN,
    window: Window | None = None,
) -> LocalTime:
    """Give a scheduled campaign another time; it stays scheduled. Raises Invalid as `set_time` does, Refused once it has begun."""
    db.session.flush()
    db.session.refresh(campaign, with_for_update=True)  # the beat may begin it just now
    if campaign.status is not CampaignStatus.SCHEDULED:
        raise Refused("This campaign isn’t waiting for its time any more.")
    found = _plan(campaign, local, zone, clock, window)
    assert found is not None  # noqa: S101 — a local time was given
    campaign.launch_tries, campaign.launch_again = 0, None
    record(actor, "campaign.rescheduled", campaign, at=found.moment.isoformat())
    return found


def _plan(
    campaign: Campaign, local: datetime | None, zone: str, clock: Clock, window: Window | None
) -> LocalTime | None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(_NOT_SET, {"zone": "Choose a time zone from the list."}) from None
    begins = None
    found = None if local is None else resolve(local, zone)
    if local is not None and found is not None:
        begins = found.moment
        if clock is Clock.PERSON:
            begins = min(_moments(campaign, local, zone), default=begins)
        if begins <= now():
            text = "This time has passed. Choose a later one, or launch at once."
            raise Invalid(_NOT_SET, {"time": text})
        if found.moment > now() + HORIZON:
            raise Invalid(_NOT_SET, {"time": "Choose a time within a year."})
    campaign.timezone, campaign.clock = zone, clock if local else Clock.CAMPAIGN
    campaign.scheduled_at, campaign.planned_for = begins, local
    campaign.send_window = window.to_json() if window else None
    campaign.missed_at = None
    campaign.updated_at = now()
    return found


def _moments(campaign: Campaign, local: datetime, zone: str) -> list[datetime]:
    """The moments at which the people's clocks show `local`. Raises Invalid where some of them have passed."""
    people = places_of(campaign)
    moments = {key: meant(local, zone_of(key, zone)).moment for key in people}
    late = sum(people[key] for key, moment in moments.items() if moment <= now())
    if 0 < late < sum(people.values()):
        who = "one person’s clock" if late == 1 else f"the clocks of {late:,} people"
        text = f"On {who} this time has passed. Choose a later day, or one moment for everybody."
        raise Invalid(_NOT_SET, {"time": text})
    return list(moments.values())


def places_of(campaign: Campaign) -> dict[str, int]:
    """How many people who may be mailed live where, by the place's key (see audience/places.py); empty while nobody is chosen."""
    people = people_of(campaign)
    return (
        people_by_place(campaign.partner_id, Mail(campaign.vendor_id, campaign.topic_id), people)
        if people
        else {}
    )


@dataclass(frozen=True)
class Wave:
    """Those who get it at one moment: what their clocks show then, and in which zones, the one with most people first."""

    moment: datetime
    shown: datetime
    zones: tuple[str, ...]
    people: int


def waves(
    people: dict[str, int], local: datetime, zone: str, clock: Clock, window: Window | None = None
) -> list[Wave]:
    """Who gets it when, in the order of the moments; `people` as from `places_of`, `local` and `zone` as for `set_time`."""
    found: dict[datetime, dict[str, int]] = {}
    for key, number in people.items():
        place = zone_of(key, zone) if clock is Clock.PERSON else zone
        moment = meant(local, place).moment
        moment = window.opening(moment, place) if window else moment
        there = found.setdefault(moment, {})
        there[place] = there.get(place, 0) + number
    return [_wave(moment, there) for moment, there in sorted(found.items())]


def _wave(moment: datetime, there: dict[str, int]) -> Wave:
    zones = tuple(sorted(there, key=lambda place: (-there[place], place)))
    return Wave(moment, moment.astimezone(ZoneInfo(zones[0])), zones, sum(there.values()))


def starts(campaign: Campaign, days: int = 0) -> dict[str, datetime]:
    """For mails on each person's own clock: the moment of each place's key, with the campaign's own under "".

    `days` after the planned day, at the same time of the clock. Empty where everybody is due at one moment.
    """
    if campaign.clock is not Clock.PERSON or campaign.planned_for is None:
        return {}
    local = campaign.planned_for + timedelta(days=days)
    window = Window.from_json(campaign.send_window)
    found = {}
    for key in {"", *places_of(campaign)}:
        zone = zone_of(key, campaign.timezone)
        moment = meant(local, zone).moment
        found[key] = window.opening(moment, zone) if window else moment
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
