"""The one place that reads the wall clock.

Everything stored is aware UTC; a zone is applied only where a person reads or types a time.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present moment as aware UTC."""
    return datetime.now(UTC)


def today(zone: str) -> date:
    """Today's date in an IANA time zone such as `Europe/Amsterdam`."""
    return now().astimezone(ZoneInfo(zone)).date()


def local(moment: datetime, zone: str) -> datetime:
    """An aware moment as seen on a clock in `zone`."""
    return moment.astimezone(ZoneInfo(zone))
