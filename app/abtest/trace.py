"""How a test's range and evidence went over time: a few dozen points, worked out from when people converted."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.abtest.evaluate import Arm, Evaluation, evaluate

POINTS = 24


@dataclass(frozen=True)
class Point:
    """The test as it stood at a moment."""

    at: datetime
    found: Evaluation


def trace(
    control: tuple[int, Sequence[float]],
    treatment: tuple[int, Sequence[float]],
    start: datetime,
    end: datetime,
    points: int = POINTS,
) -> list[Point]:
    """Points at equal distances from `start` to `end`, those without a converter left out.

    Each side is (people assigned, POSIX seconds of their conversions in order).
    """
    first, last = start.timestamp(), end.timestamp()
    if last <= first:
        return []
    made = []
    for i in range(1, points + 1):
        second = first + (last - first) * i / points
        arms = [
            Arm(min(bisect_right(times, second), assigned), assigned)
            for assigned, times in (control, treatment)
        ]
        if arms[0].converters + arms[1].converters:
            made.append(Point(datetime.fromtimestamp(second, UTC), evaluate(arms[0], arms[1])))
    return made
