"""How a campaign's sending stands, counted from its rows: what the live page shows and what the funnel begins with.

A figure here always equals the number of deliveries in those states.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.campaigns.models import Campaign
from app.clock import now
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus, in_campaign

_WINDOW = timedelta(seconds=30)
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
    def to_go(self) -> int:
        """Still waiting."""
        return self.total - self.decided


def of(campaign: Campaign) -> Progress:
    """Count a campaign's deliveries over all its sends."""
    query = (
        select(Delivery.state, func.count()).where(in_campaign(campaign.id)).group_by(Delivery.state)
    )  # unscoped: of this campaign
    states = {row[0]: row[1] for row in db.session.execute(query)}
    sends = list(
        db.session.scalars(select(Send).where(Send.campaign_id == campaign.id))
    )  # unscoped: of this campaign
    is_running = any(send.status in (SendStatus.EXPANDING, SendStatus.SENDING) for send in sends)
    rate = _rate(campaign) if is_running else 0.0
    progress = Progress(
        states=states,
        expected=sum(send.expected for send in sends),
        expanding=any(send.status is SendStatus.EXPANDING for send in sends),
        per_minute=round(rate * 60),
        ends_at=None,
        trouble=next((send.trouble for send in sends if send.trouble), None) if is_running else None,
        at=now(),
    )
    if rate and progress.to_go:
        return Progress(
            **{**vars(progress), "ends_at": progress.at + timedelta(seconds=progress.to_go / rate)}
        )
    return progress


def _rate(campaign: Campaign) -> float:
    """Messages decided a second, over the last half minute or since the first one."""
    since = now() - _WINDOW
    query = select(func.count(), func.min(Delivery.decided_at)).where(  # unscoped: of this campaign
        in_campaign(campaign.id), Delivery.state == _S.ACCEPTED, Delivery.decided_at >= since
    )
    count, first = db.session.execute(query).one()
    if first is None:
        return 0.0
    return float(count) / max((now() - first).total_seconds(), 1.0)
