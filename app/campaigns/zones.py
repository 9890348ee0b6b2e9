"""Clocks on walls and moments in time: the one moment that a local time means, and hours of the week as spans of moments.

Pure functions. What they rest on is one sentence: a time has come at the first moment at which a clock there shows it or a later one.
So an hour that is skipped comes when the clocks have been put forward, one that comes twice counts the first time, and a time that
is planned later never comes earlier.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

_DAYS_AHEAD = 9  # a weekly window opens within seven days; a day may be lost to a change of the clocks


class Comes(StrEnum):
    """How often a clock shows a local time on its day."""

    ONCE = "once"
    NEVER = "never"  # the clocks skip it
    TWICE = "twice"  # they are put back over it


@dataclass(frozen=True)
class Meant:
    """The moment (UTC) that a local time means, and whether it is an ordinary one."""

    moment: datetime
    comes: Comes


def meant(local: datetime, zone: str) -> Meant:
    """The first moment at which a clock in `zone` shows `local` (naive) or later. Raises ZoneInfoNotFoundError."""
    place = ZoneInfo(zone)
    first = local.replace(tzinfo=place, fold=0)
    second = local.replace(tzinfo=place, fold=1)
    moment = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset():
        return Meant(moment, Comes.ONCE)
    if moment.astimezone(place).replace(tzinfo=None) == local.replace(tzinfo=None, fold=0):
        return Meant(moment, Comes.TWICE)
    return Meant(_jump(second.astimezone(UTC), moment, place), Comes.NEVER)


def _jump(before: datetime, after: datetime, place: ZoneInfo) -> datetime:
    """The moment between two others, to the second, at which the clocks of a place jump: the first one of the new offset."""
    new = after.astimezone(place).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while low < high:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(place).utcoffset() == new:
            high = middle
        else:
            low = middle + 1
    return before + timedelta(seconds=high)


@dataclass(frozen=True)
class Window:
    """The hours of the week in which mails may go out: on these days (Monday is 0) from `opens` to `closes`, which it leaves out."""

    days: frozenset[int]
    opens: time
    closes: time

    def __post_init__(self) -> None:
        """Raises ValueError for hours that never open."""
        if not self.days or not self.days <= set(range(7)) or self.opens >= self.closes:
            raise ValueError("a window needs days, and closes after it opens")

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "days": sorted(self.days),
            "opens": self.opens.isoformat("minutes"),
            "closes": self.closes.isoformat("minutes"),
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any] | None) -> "Window | None":
        """The same, read back; None for none."""
        if not raw:
            return None
        return cls(
            frozenset(raw["days"]), time.fromisoformat(raw["opens"]), time.fromisoformat(raw["closes"])
        )

    def opening(self, moment: datetime, zone: str) -> datetime:
        """`moment` itself where the window stands open then in `zone`, else the next moment at which it opens (UTC)."""
        for opens, closes in self._spans(moment, zone):
            if moment < closes:
                return max(moment, opens)
        raise AssertionError("a weekly window opens every week")

    def closing(self, moment: datetime, zone: str) -> datetime | None:
        """When the window closes that stands open at `moment`; None where none does."""
        for opens, closes in self._spans(moment, zone):
            if opens <= moment < closes:
                return closes
        return None

    def _spans(self, moment: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
        """The open spans from the day before `moment` on, in their order; one that the clocks skip wholly is none."""
        here = moment.astimezone(ZoneInfo(zone)).date()
        for number in range(-1, _DAYS_AHEAD):
            day: date = here + timedelta(days=number)
            if day.weekday() in self.days:
                opens = meant(datetime.combine(day, self.opens), zone).moment
                closes = meant(datetime.combine(day, self.closes), zone).moment
                if opens < closes:
                    yield opens, closes
