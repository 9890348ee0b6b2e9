"""Attribution models: how a deal's amount is shared out over the touches before it. Pure functions of touches, no tables.

A model names shares; amounts come from them in whole minor units that add up to the deal exactly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from app.money import split

LOOK_BACK = timedelta(days=90)
HALF_LIFE = timedelta(days=7)
VERSION = 1
"""Goes up when a model's rule changes; stored with each credit."""


class Model(StrEnum):
    """Names of the models, as stored and as given on the command line."""

    LAST = "last"
    FIRST = "first"
    LINEAR = "linear"
    POSITION = "position"
    DECAY = "decay"
    CAMPAIGNS = "campaigns"


MODEL_WORDS = {
    Model.LAST: "last touch",
    Model.FIRST: "first touch",
    Model.LINEAR: "equal over touches",
    Model.POSITION: "40 / 20 / 40 by position",
    Model.DECAY: "time decay, half in 7 days",
    Model.CAMPAIGNS: "equal over campaigns",
}


@dataclass(frozen=True)
class Touch:
    """A person's act: `id` of the touchpoint, its campaign, and when (aware)."""

    id: int
    campaign_id: int
    at: datetime


@dataclass(frozen=True)
class Share:
    """What one touch is given, in whole minor units. `touch` None is the unattributed line."""

    touch: Touch | None
    minor: int


def eligible(touches: Sequence[Touch], closed_at: datetime, look_back: timedelta = LOOK_BACK) -> list[Touch]:
    """Touches not after the close and inside the look-back, oldest first (equal times by id)."""
    return sorted(
        (t for t in touches if closed_at - look_back <= t.at <= closed_at), key=lambda t: (t.at, t.id)
    )


def _daily(touches: Sequence[Touch]) -> list[Touch]:
    """One touch per campaign and day (UTC): the first. Five clicks in a minute are one meeting."""
    seen: dict[tuple[int, object], Touch] = {}
    for touch in touches:
        seen.setdefault((touch.campaign_id, touch.at.date()), touch)
    return list(seen.values())


Weighted: TypeAlias = list[tuple[Touch, int | Fraction]]


def _last(touches: list[Touch], _closed_at: datetime) -> Weighted:
    return [(touches[-1], 1)]


def _first(touches: list[Touch], _closed_at: datetime) -> Weighted:
    return [(touches[0], 1)]


def _linear(touches: list[Touch], _closed_at: datetime) -> Weighted:
    return [(touch, 1) for touch in _daily(touches)]


def _position(touches: list[Touch], _closed_at: datetime) -> Weighted:
    """40 / 20 / 40, the middle 20 shared; two touches 50 / 50; one 100."""
    daily = _daily(touches)
    if len(daily) < 3:
        return [(touch, 1) for touch in daily]
    middle = Fraction(20, len(daily) - 2)
    ends = (0, len(daily) - 1)
    return [(touch, 40 if i in ends else middle) for i, touch in enumerate(daily)]


def _decay(touches: list[Touch], closed_at: datetime) -> Weighted:
    """2^(−age / 7 d), rescaled."""
    return [(t, Fraction(2.0 ** -((closed_at - t.at) / HALF_LIFE))) for t in _daily(touches)]


def _campaigns(touches: list[Touch], _closed_at: datetime) -> Weighted:
    """Equal over distinct campaigns, on the last touch of each (the Shapley value where v(S) = journeys within S)."""
    last = {touch.campaign_id: touch for touch in touches}
    return [(touch, 1) for touch in sorted(last.values(), key=lambda t: (t.at, t.id))]


_RULES: dict[Model, Callable[[list[Touch], datetime], Weighted]] = {
    Model.LAST: _last,
    Model.FIRST: _first,
    Model.LINEAR: _linear,
    Model.POSITION: _position,
    Model.DECAY: _decay,
    Model.CAMPAIGNS: _campaigns,
}


def share_out(
    model: Model, amount: int, touches: Sequence[Touch], closed_at: datetime, look_back: timedelta = LOOK_BACK
) -> list[Share]:
    """Share `amount` minor units (negative for a refund) over the touches that count; without any, one unattributed line."""
    counting = eligible(touches, closed_at, look_back)
    if not counting:
        return [Share(None, amount)]
    weighted = _RULES[model](counting, closed_at)
    parts = split(amount, [weight for _, weight in weighted])
    return [Share(touch, part) for (touch, _), part in zip(weighted, parts, strict=True)]
