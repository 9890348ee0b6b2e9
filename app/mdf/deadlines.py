"""The clocks that both sides see: working days (Monday to Friday) for answers and payments, plain days for claims.

A clock stands still while the other side is asked something, since each answer starts it again.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ANSWER_REQUEST = 3
ANSWER_CLAIM = 5
PAY = 10
CLAIM_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Clock:
    """Working days used of those promised, and the last of them."""

    used: int
    limit: int
    until: date

    @property
    def text(self) -> str:
        """`day 2 of 5`, or by how much it is late."""
        if self.used > self.limit:
            late = self.used - self.limit
            return f"{late} working day{'s' if late > 1 else ''} late"
        return f"day {self.used} of {self.limit}"

    @property
    def tone(self) -> str:
        """Amber from three quarters of the time, red when it is over."""
        if self.used > self.limit:
            return "bad"
        return "wait" if self.used * 4 >= self.limit * 3 and self.limit > 1 and self.used > 1 else ""


def add_working_days(start: date, days: int) -> date:
    """The date `days` working days after `start`; Saturdays and Sundays don't count."""
    current = start
    while days > 0:
        current += timedelta(days=1)
        if current.weekday() < 5:
            days -= 1
    return current


def working_days(start: date, end: date) -> int:
    """Working days after `start` up to and with `end`; 0 where `end` isn't later."""
    span = (end - start).days
    return sum(1 for i in range(1, span + 1) if (start + timedelta(days=i)).weekday() < 5)


def end_of(day: date, zone: str) -> datetime:
    """The last second of a day on a clock in `zone`."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone))


def answer_by(moment: datetime, days: int, zone: str) -> datetime:
    """When an answer is due that was asked at `moment`: the end of the last promised working day in `zone`."""
    return end_of(add_working_days(moment.astimezone(ZoneInfo(zone)).date(), days), zone)


def clock(since: datetime, days: int, moment: datetime, zone: str) -> Clock:
    """The clock that began at `since`, seen at `moment`: the first working day is day 1."""
    start = since.astimezone(ZoneInfo(zone)).date()
    used = max(1, working_days(start, moment.astimezone(ZoneInfo(zone)).date()))
    return Clock(used, days, add_working_days(start, days))
