"""The two pictures of a test, range and evidence over time, as figures of an SVG; the template only draws them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.abtest.trace import Point

LEFT, RIGHT, TOP, BOTTOM = 60.0, 368.0, 14.0, 220.0
_ROOM = 15.0  # a label needs this much
_LIFTS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Tick:
    """A line of the grid with its value."""

    y: float
    value: float


@dataclass(frozen=True)
class Picture:
    """Points as SVG writes them, the grid, where the last point stands, and the days along the bottom."""

    line: str
    band: str
    ticks: tuple[Tick, ...]
    last: tuple[float, float]
    low: float
    high: float
    days: tuple[tuple[float, datetime], ...]
    rule: float


def _x(point: Point, points: Sequence[Point], start: datetime) -> float:
    span = (points[-1].at - start).total_seconds() or 1.0
    return LEFT + (RIGHT - LEFT) * (point.at - start).total_seconds() / span


def _days(points: Sequence[Point], start: datetime) -> tuple[tuple[float, datetime], ...]:
    middle = start + (points[-1].at - start) / 2
    return ((LEFT, start), ((LEFT + RIGHT) / 2, middle), (RIGHT, points[-1].at))


def _text(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def lift_picture(points: Sequence[Point], start: datetime) -> Picture | None:
    """The band that holds the true lift, and the best single guess. None without two points."""
    if len(points) < 2:
        return None
    last = points[-1].found
    most = max(last.high if math.isfinite(last.high) else 1.0, abs(last.low), 0.2) * 1.4
    top = next((lift for lift in _LIFTS if lift >= most), _LIFTS[-1])
    floor = -min(1.0, top)

    def y(lift: float) -> float:
        return TOP + (top - min(max(lift, floor), top)) / (top - floor) * (BOTTOM - TOP)

    upper = [(_x(p, points, start), y(p.found.high)) for p in points]
    lower = [(_x(p, points, start), y(p.found.low)) for p in reversed(points)]
    line = [(_x(p, points, start), y(p.found.lift)) for p in points if p.found.lift is not None]
    end = line[-1] if line else (RIGHT, y(0))
    values = [
        value
        for value in (floor, floor / 2, 0.0, top / 2, top)
        if value == 0 or abs(y(value) - y(0)) >= _ROOM
    ]
    if abs(y(floor) - y(floor / 2)) < _ROOM:
        values = [value for value in values if value != floor / 2]
    ticks = tuple(Tick(y(value), value) for value in values)
    return Picture(
        _text(line), _text(upper + lower), ticks, end, y(last.low), y(last.high), _days(points, start), y(0)
    )


def evidence_picture(points: Sequence[Point], start: datetime, line_at: float) -> Picture | None:
    """Evidence on a logarithmic scale, with the line it must cross. None without two points."""
    if len(points) < 2:
        return None
    highest = max(line_at * 2, *(p.found.evidence for p in points))
    top = math.ceil(math.log10(min(highest, 1e12)))
    floor = -1.0

    def y(evidence: float) -> float:
        value = min(max(math.log10(max(evidence, 1e-9)), floor), top)
        return TOP + (top - value) / (top - floor) * (BOTTOM - TOP)

    pairs = [(_x(p, points, start), y(p.found.evidence)) for p in points]
    step = max(1, math.ceil((top + 1) / 4))
    ticks = tuple(Tick(y(10.0**power), 10.0**power) for power in range(-1, top + 1, step))
    return Picture(_text(pairs), "", ticks, pairs[-1], 0, 0, _days(points, start), y(line_at))
