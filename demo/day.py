"""The day on the players' wall.

They all live by one clock, so a date that a player types means the same day to everyone in the story.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

WALL = ZoneInfo("Europe/Amsterdam")


def today() -> date:
    """Today, where the players live."""
    return datetime.now(WALL).date()
