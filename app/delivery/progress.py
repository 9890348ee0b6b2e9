"""How a campaign's sending stands, counted from its rows: what the live page shows and what the funnel begins with.

A figure here always equals the number of deliveries in those states.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, literal, select

from app.campaigns.models import Campaign
from app.clock import now
from app.db import UtcDateTime, db
from app.delivery import recall, tally
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus

_WINDOW = timedelta(seconds=30)
_FEW = 100_000  # rows that may be looked at for the speed of the first seconds
_SOON = timedelta(seconds=30)  # a wait that is not worth a word
_S = DeliveryState


@dataclass(frozen=True)
class Progress:
    """`expected` people were to get it; `expanding` while their rows are still being written."""

    states: dict[DeliveryState, int]
    expected: int
    expanding: bool
    per_minute: int
    ends_at: datetime | None
    trouble: str | None
    at: datetime
    waits_until: datetime | None = None  # nothing may go out before: its hours, or everybody's own time
    waits_for: str | None = None  # why nothing goes out for the rest of the day
    pace: str | None = None  # the limit that sets the speed
    between: bool = False  # nothing goes out now, and a later step waits for its time

    def of(self, *states: DeliveryState) -> int:
        """How many messages are in these states."""
        return sum(self.states.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        """All messages there are, or are about to be."""
        return max(sum(self.states.values()), self.expected)

    @property
    def accepted(self) -> int:
        """Accepted by the other side."""
        return self.of(_S.ACCEPTED)

    @property
    def refused(self) -> int:
        """Refused, or given up after several tries."""
        return self.of(_S.REJECTED, _S.FAILED)

    @property
    def uncertain(self) -> int:
        """May have arrived or not."""
        return self.of(_S.UNCERTAIN)

    @property
    def left_out(self) -> int:
        """Said no in time, were not allowed, or were called back."""
        return self.of(_S.SUPPRESSED, _S.CANCELLED)

    @property
    def decided(self) -> int:
        """Messages whose fate is known, or known to be unknowable."""
        return self.accepted + self.refused + self.uncertain + self.left_out

    @property
    def left(self) -> timedelta | None:
        """The time until it is done at this speed, in whole minutes; None where nobody can say."""
        if self.ends_at is None:
            return None
        return timedelta(minutes=math.ceil((self.ends_at - self.at) / timedelta(minutes=1)))

    @property
    def to_go(self) -> int:
        """Still waiting."""
        return self.total - self.decided


def of(campaign: Campaign, step: int | None = None) -> Progress:
    """Count a campaign's deliveries over all its sends, or over those of one step: the first one's are people, each once."""
    query = select(Send).where(Send.campaign_id == campaign.id)  # unscoped: of this campaign
    sends = [send for send in db.session.scalars(query) if step in (None, send.step)]
    figures = tally.of(sends)
    states = _together(sends, figures)
    is_running = any(send.status in (SendStatus.EXPANDING, SendStatus.SENDING) for send in sends)
    rate = _rate(sends, figures) if is_running else 0.0
    progress = Progress(
        states=states,
        expected=sum(send.expected for send in sends),
        expanding=any(send.status is SendStatus.EXPANDING for send in sends),
        per_minute=round(rate * 60),
        ends_at=None,
        trouble=next((send.trouble for send in sends if send.trouble), None) if is_running else None,
        at=now(),
        waits_for=_said(sends, "waits_for") if is_running else None,
        pace=_said(sends, "pace") if is_running and rate else None,
        between=not is_running and any(send.status is SendStatus.WAITING for send in sends),
    )
    if is_running and not rate and progress.to_go:
        return replace(progress, waits_until=_waits_until(sends, progress))
    if rate and progress.to_go:
        return replace(progress, ends_at=progress.at + timedelta(seconds=progress.to_go / rate))
    return progress


def _together(sends: list[Send], figures: list[tally.Tally]) -> dict[DeliveryState, int]:
    """The messages of all sends by state; what a cancelled send has not sent counts as called back already."""
    states: dict[DeliveryState, int] = {}
    for send, one in zip(sends, figures, strict=True):
        for state, number in one.counts.items():
            gone = send.status is SendStatus.CANCELLED and state in recall.OPEN
            key = _S.CANCELLED if gone else state
            states[key] = states.get(key, 0) + number
    return states


def _said(sends: list[Send], name: Literal["waits_for", "pace"]) -> str | None:
    """What a running send says about itself; a wait only while it lasts."""
    for send in sends:
        over = name == "waits_for" and (send.waits_until is None or send.waits_until <= now())
        words: str | None = getattr(send, name)
        if send.status is SendStatus.SENDING and words and not over:
            return words
    return None


def _waits_until(sends: list[Send], progress: Progress) -> datetime | None:
    """When the next message may go out, where that isn't now."""
    ids = [send.id for send in sends if send.status is SendStatus.SENDING]
    closed = [
        send.opens_at for send in sends if send.id in ids and send.opens_at and send.opens_at > progress.at
    ]
    if len(closed) == len(ids):
        return min(closed, default=None)
    if progress.expanding or progress.of(_S.CLAIMED, _S.COMMITTING):
        return None
    due = func.min(func.coalesce(Delivery.not_before, literal(progress.at, UtcDateTime)))
    ready = select(due).where(
        Delivery.send_id.in_(ids), Delivery.state == _S.READY
    )  # unscoped: of one campaign
    earliest = db.session.scalar(ready)
    return earliest if earliest and earliest > progress.at + _SOON else None


def _rate(sends: list[Send], figures: list[tally.Tally]) -> float:
    """Messages decided a second: over the last minute's points that the beat kept, or where there are none yet since the first message."""
    running = [
        (send, one) for send, one in zip(sends, figures, strict=True) if send.status is SendStatus.SENDING
    ]
    known = sum(tally.per_second(one.points) for _, one in running)
    unknown = [
        send.id for send, one in running if len(one.points) < 2 and one.counts.get(_S.ACCEPTED, 0) < _FEW
    ]
    return known + (_first_rate(unknown) if unknown else 0.0)


def _first_rate(send_ids: list[int]) -> float:
    since = now() - _WINDOW
    query = select(func.count(), func.min(Delivery.decided_at)).where(  # unscoped: of one campaign
        Delivery.send_id.in_(send_ids), Delivery.state == _S.ACCEPTED, Delivery.decided_at >= since
    )
    count, first = db.session.execute(query).one()
    if first is None:
        return 0.0
    return float(count) / max((now() - first).total_seconds(), 1.0)
