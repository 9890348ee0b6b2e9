"""The picture of clicks by hour: people above the line, machines below it on a scale of their own. Geometry only, no colours."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.clock import local
from app.tracking.queries import Hour

WIDTH, LEFT, TOP, BASE, BELOW = 440.0, 40.0, 17.0, 117.0, 63.0


@dataclass(frozen=True)
class Bar:
    """One hour: where its two bars stand, its label, and its figures."""

    x: float
    width: float
    height: float
    depth: float
    label: str
    shows_label: bool
    people: int
    machines: int


@dataclass(frozen=True)
class Chart:
    """All bars, the lines of the grid as (y, figure), the sums, and the whole in one sentence."""

    bars: tuple[Bar, ...]
    grid: tuple[tuple[float, int], ...]
    people: int
    machines: int
    sentence: str
    busiest: Bar | None


def hours_chart(hours: Sequence[Hour], zone: str) -> Chart | None:
    """The chart on a clock in `zone`; None where nobody and nothing has clicked."""
    people, machines = sum(hour.people for hour in hours), sum(hour.machines for hour in hours)
    if not people and not machines:
        return None
    step = _step(max(hour.people for hour in hours))
    top = max(step, max(hour.people for hour in hours))
    most = max(1, max(hour.machines for hour in hours))
    slot = (WIDTH - LEFT) / len(hours)
    bars = tuple(
        Bar(
            x=round(LEFT + slot * i + slot * 0.12, 1),
            width=round(slot * 0.76, 1),
            height=round((BASE - TOP) * hour.people / top, 1),
            depth=round(BELOW * hour.machines / most, 1),
            label=f"{local(hour.start, zone):%H:%M}",
            shows_label=i % 3 == 0,
            people=hour.people,
            machines=hour.machines,
        )
        for i, hour in enumerate(hours)
    )
    grid = tuple((round(BASE - (BASE - TOP) * value / top, 1), value) for value in range(0, top + 1, step))
    busiest = max(bars, key=lambda bar: bar.machines) if machines else None
    best = max(bars, key=lambda bar: bar.people)
    sentence = f"People clicked {people:,} times, most of them from {best.label}; machines {machines:,} times"
    return Chart(bars, grid, people, machines, sentence, busiest)


def _step(most: int) -> int:
    """A round distance between lines that gives two to five of them."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if most / (size * factor) <= 4:
                return size * factor
        size *= 10
