"""How long a review has waited, in working time: Monday to Friday on the vendor's clock, a working day being 24 hours of it.

So what is asked on Friday at 15:00 with two working days is due on Tuesday at 15:00.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.clock import local
from app.web.filters import place, plural, span

USUAL_DAYS = 2
MOST_DAYS = 10
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SATURDAY = 5


@dataclass(frozen=True)
class Clock:
    """Working time that has passed of `days` working days; `due_at` is the moment at which they are over."""

    used: timedelta
    days: int
    due_at: datetime

    @property
    def limit(self) -> timedelta:
        """The time that was promised."""
        return self.days * _DAY

    @property
    def is_half(self) -> bool:
        """Whether half of it has passed."""
        return self.used * 2 >= self.limit

    @property
    def is_over(self) -> bool:
        """Whether all of it has passed."""
        return self.used >= self.limit

    @property
    def text(self) -> str:
        """`5 h 10 min of 2 working days`, or by how much it is late."""
        if self.is_over:
            over = self.used - self.limit
            return f"{_length(over)} late" if over >= _MINUTE else "the time is over"
        if self.used < _MINUTE:
            return f"none of {plural(self.days, 'working day')} used"
        return f"{_length(self.used)} of {plural(self.days, 'working day')}"


def clock(asked_at: datetime, days: int, moment: datetime, zone: str) -> Clock:
    """The clock of a review that was asked for at `asked_at`, seen at `moment`; `zone` is the vendor's."""
    return Clock(working_time(asked_at, moment, zone), days, due(asked_at, days, zone))


def due(asked_at: datetime, days: int, zone: str) -> datetime:
    """When `days` working days from `asked_at` are over, in UTC. What is asked on a weekend begins on Monday at midnight."""
    wall = local(asked_at, zone).replace(tzinfo=None)
    if wall.weekday() >= _SATURDAY:
        wall = datetime.combine(wall.date() + (7 - wall.weekday()) * _DAY, time())
    while days > 0:
        wall += _DAY
        days -= wall.weekday() < _SATURDAY
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def working_time(since: datetime, until: datetime, zone: str) -> timedelta:
    """How much of the time between two moments lies on Monday to Friday in `zone`, by the clock on the wall; never below zero."""
    start, end = (local(moment, zone).replace(tzinfo=None) for moment in (since, until))
    if end <= start:
        return timedelta(0)
    weeks, rest = divmod((end - start).days, 7)
    at, total = start + weeks * 7 * _DAY, weeks * 5 * _DAY
    for _ in range(rest + 1):
        midnight = datetime.combine(at.date() + _DAY, time())
        stop = min(midnight, end)
        if at.weekday() < _SATURDAY:
            total += stop - at
        at = stop
    if at < end and at.weekday() < _SATURDAY:
        total += end - at
    return total


def at(moment: datetime, zone: str) -> str:
    """`Tuesday 24 November at 15:00, Oslo time`: for words that are kept or mailed, where nobody's own clock is known."""
    there = local(moment, zone)
    return f"{there:%A} {there.day} {there:%B} at {there:%H:%M}, {place(zone)}"


def _length(value: timedelta) -> str:
    days, rest = divmod(value, _DAY)
    if not days:
        return span(value)
    hours = rest // timedelta(hours=1)
    return plural(days, "day") + (f" {hours} h" if hours else "")
