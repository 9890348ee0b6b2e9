"""A planned time in words: who gets it at which moment, on their clock and on the reader's; and the same fixed for a send."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.audience.places import zone_name, zone_of
from app.campaigns import in_words, schedule
from app.campaigns.models import Campaign, Clock
from app.campaigns.schedule import Wave
from app.campaigns.when_form import ANY, NOW, WhenForm
from app.campaigns.zones import Window, meant
from app.clock import now
from app.delivery.timing import Timing
from app.web.filters import place, plural

MOST_LINES = 12


@dataclass(frozen=True)
class Wish:
    """A time as somebody is about to choose it. `local` None: at once."""

    local: datetime | None
    zone: str
    clock: Clock
    window: Window | None


def wish(form: WhenForm) -> Wish | None:
    """What stands in the form, as far as it is filled in; None where a day or a zone is missing or makes no sense."""
    lacks_day = form.when.data != NOW and form.local is None
    lacks_hours = form.hours.data != ANY and form.window is None
    if lacks_day or lacks_hours or form.clock.data not in list(Clock) or not zone_name(form.zone.data or ""):
        return None
    return Wish(form.local, form.zone.data, Clock(form.clock.data), form.window)


def plan_in_words(campaign: Campaign, wish: Wish, people: int, reader: str) -> list[str]:
    """Sentences that say who of the `people` gets it when; `reader` is the zone of who reads."""
    if wish.local is None:
        return [_at_once(wish, people)]
    found = schedule.waves(_places(campaign, wish, people), wish.local, wish.zone, wish.clock, wish.window)
    late = sum(one.people for one in found if one.moment <= now())
    if late:
        return [f"For {plural(late, 'person', 'people')} this time has passed. Choose a later one."]
    lines = [f"{in_words.wave(one, reader)}." for one in found[:MOST_LINES]]
    if len(found) > MOST_LINES:
        rest = sum(one.people for one in found[MOST_LINES:])
        lines.append(
            f"{plural(rest, 'person', 'people')} later, the last on {in_words.clock(found[-1].shown)} of their clock."
        )
    return lines + _notes(campaign, wish, found, reader)


def _places(campaign: Campaign, wish: Wish, people: int) -> dict[str, int]:
    return schedule.places_of(campaign) if wish.clock is Clock.PERSON else {"": people}


def _at_once(wish: Wish, people: int) -> str:
    who = plural(people, "person", "people")
    opens = wish.window.opening(now(), wish.zone) if wish.window else now()
    if opens <= now() + timedelta(seconds=1):
        return f"{who} as soon as you launch."
    return (
        f"{who} from {in_words.soon(opens, wish.zone)} on, {place(wish.zone)}: it is outside the hours now."
    )


def _notes(campaign: Campaign, wish: Wish, found: list[Wave], reader: str) -> list[str]:
    notes = []
    assert wish.local is not None  # noqa: S101 — the caller has looked
    asked = schedule.resolve(wish.local, wish.zone)
    if asked.note and wish.clock is Clock.CAMPAIGN:
        notes.append(asked.note)
    if wish.clock is Clock.PERSON:
        unknown = _unknown(campaign)
        if unknown:
            who = plural(unknown, "person", "people")
            notes.append(f"Of {who} no time zone is known: they count as {place(wish.zone)}.")
        if len(found) > 1:
            notes.append(
                f"The first go out on {in_words.at(found[0].moment, reader, reader)}; who gets it is fixed then."
            )
    if wish.window and any(one.moment > meant(wish.local, one.zones[0]).moment for one in found):
        notes.append("The time you chose is outside the hours: it goes out when they begin.")
    return notes


def _unknown(campaign: Campaign) -> int:
    return sum(number for key, number in schedule.places_of(campaign).items() if not zone_of(key, ""))


def timing_of(campaign: Campaign, days: int = 0) -> dict[str, Any] | None:
    """The timing that is fixed for a send of this campaign, `days` after the planned day; None where it may go out at any hour."""
    window = Window.from_json(campaign.send_window)
    starts = schedule.starts(campaign, days)
    if window is None and not starts:
        return None
    return Timing(campaign.timezone, window, starts).to_json()
