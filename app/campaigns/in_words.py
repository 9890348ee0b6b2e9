"""A campaign's times as people read them: on the clock they were planned on, on the reader's own, and hours of the week.

Times here carry their place; figures and zones are written as everywhere else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.campaigns.models import Campaign, Clock
from app.campaigns.schedule import Wave
from app.campaigns.zones import Window
from app.clock import local, now
from app.web.filters import place, plural

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIRST = 2  # zones that are named; the others are counted


def clock(shown: datetime) -> str:
    """`Tuesday 19 May at 09:30`, with the year when it is another than this one."""
    year = "" if shown.year == now().astimezone(shown.tzinfo).year else f" {shown.year}"
    return f"{shown:%A} {shown.day} {shown:%B}{year} at {shown:%H:%M}"


def planned(campaign: Campaign, reader: str) -> str:
    """When it goes out: `Tuesday 19 May at 09:30, New York time (15:30 yours)`. `reader`: the zone of who reads. "" without a time."""
    if campaign.scheduled_at is None:
        return ""
    if campaign.clock is Clock.PERSON and campaign.planned_for is not None:
        return f"{clock(campaign.planned_for)} on each person’s own clock"
    return at(campaign.scheduled_at, campaign.timezone, reader)


def missed(campaign: Campaign) -> str:
    """When it was to go out while nothing ran: `Thu 12 Nov 09:00`."""
    if campaign.missed_at is None:
        return ""
    shown = campaign.planned_for or local(campaign.missed_at, campaign.timezone)
    return f"{shown:%a} {shown.day} {shown:%b} {shown:%H:%M}"


def at(moment: datetime, zone: str, reader: str) -> str:
    """A moment on the clock of a zone and, where that shows something else, on the reader's."""
    there = local(moment, zone)
    return f"{clock(there)}, {place(zone)}{yours(moment, there, reader)}"


def yours(moment: datetime, there: datetime, reader: str) -> str:
    """` (15:30 yours)`, with the day where it is another; nothing where both clocks show the same."""
    here = local(moment, reader)
    if here.replace(tzinfo=None) == there.replace(tzinfo=None):
        return ""
    if here.date() == there.date():
        return f" ({here:%H:%M} yours)"
    return f" ({here:%a} {here.day} {here:%b} {here:%H:%M} yours)"


def wave(one: Wave, reader: str) -> str:
    """`312 people on Tuesday 19 May at 09:00, Lisbon time (10:00 yours)`."""
    return (
        f"{plural(one.people, 'person', 'people')} on {clock(one.shown)}, {zones(one.zones)} time"
        f"{yours(one.moment, one.shown, reader)}"
    )


def zones(names: Sequence[str]) -> str:
    """`Berlin`, `Berlin and Paris`, `Berlin, Paris and 3 more`."""
    short = [name.rpartition("/")[2].replace("_", " ") for name in names]
    if len(short) > _FIRST + 1:
        return f"{', '.join(short[:_FIRST])} and {len(short) - _FIRST} more"
    return " and ".join([", ".join(short[:-1]), short[-1]] if len(short) > 1 else short)


def hours(window: Window) -> str:
    """`Monday to Friday, 08:00 to 18:00`."""
    days = sorted(window.days)
    if days == list(range(7)):
        named = "every day"
    elif len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        named = f"{_DAYS[days[0]]} to {_DAYS[days[-1]]}"
    else:
        named = ", ".join(_DAYS[day] for day in days)
    return f"{named}, {window.opens:%H:%M} to {window.closes:%H:%M}"


def soon(moment: datetime, zone: str) -> str:
    """When something goes on, seen from now: `18:00`, `tomorrow 08:00`, `Monday 08:00`, later with its date."""
    there, here = local(moment, zone), now().astimezone(ZoneInfo(zone))
    away = (there.date() - here.date()).days
    if away == 0:
        return f"{there:%H:%M}"
    if away == 1:
        return f"tomorrow {there:%H:%M}"
    if timedelta(0) < there - here and away < 7:
        return f"{there:%A} {there:%H:%M}"
    return f"{there:%a} {there.day} {there:%b} {there:%H:%M}"
