"""Rows a worker holds, what became of them, and how that is written: the values of one UPDATE for each outcome.

The UPDATE checks id, epoch, worker and state, so an outcome that comes too late changes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, update

from app.delivery.models import Delivery, DeliveryState
from app.delivery.wire import Outcome, Verdict


@dataclass(slots=True)
class Claimed:
    """A row this worker holds, with what is needed to write the mail."""

    id: int
    epoch: int
    attempts: int
    rendering_id: int
    tracked: bool
    email: str
    fields: dict[str, str]


@dataclass(slots=True)
class Decided:
    """What became of a committed row."""

    row: Claimed
    outcome: Outcome


@dataclass(frozen=True)
class Retries:
    """How often a message is tried, and the seconds between: the last pause repeats."""

    attempts: int = 6
    pauses: tuple[float, ...] = (10, 60, 300, 900, 3600)

    def after(self, attempt: int) -> timedelta:
        """How long to wait after attempt number `attempt` (from 1)."""
        return timedelta(seconds=self.pauses[min(attempt, len(self.pauses)) - 1])


def outcome_update(worker: str, states: Collection[DeliveryState]) -> Any:
    """The UPDATE for many outcomes at once, on rows of this worker in one of these states."""
    return (
        update(Delivery)
        .where(
            Delivery.id == bindparam("b_id"),
            Delivery.epoch == bindparam("b_epoch"),
            Delivery.worker == worker,
            or_(*(Delivery.state == state for state in states)),  # IN can't be used with many sets of values
        )
        .values(
            state=bindparam("b_state"),
            reason=bindparam("b_reason"),
            reply=bindparam("b_reply"),
            attempts=bindparam("b_attempts"),
            not_before=bindparam("b_not_before"),
            decided_at=bindparam("b_decided_at"),
        )
    )


_FINAL = {
    Verdict.ACCEPTED: DeliveryState.ACCEPTED,
    Verdict.REJECTED: DeliveryState.REJECTED,
    Verdict.UNCERTAIN: DeliveryState.UNCERTAIN,
}


def final_values(d: Decided, moment: datetime) -> dict[str, Any]:
    """A message whose fate is known, or known to be unknowable."""
    values = _values(d, _FINAL[d.outcome.verdict], d.outcome.reason)
    return {**values, "b_attempts": d.row.attempts + 1, "b_not_before": None, "b_decided_at": moment}


def _values(d: Decided, state: DeliveryState, reason: str) -> dict[str, Any]:
    reply = d.outcome.reply[:200] or None
    return {
        "b_id": d.row.id,
        "b_epoch": d.row.epoch,
        "b_state": state,
        "b_reason": reason[:80] or None,
        "b_reply": reply,
    }


def later_values(d: Decided, moment: datetime, retries: Retries) -> dict[str, Any]:
    """A message to be tried again after a pause; the last try's reason says how often it was tried."""
    attempts = d.row.attempts + (1 if d.outcome.is_fault else 0)
    pause = retries.after(max(attempts, 1))
    reason = d.outcome.reason
    if d.outcome.is_fault and attempts >= retries.attempts:
        reason = f"Tried {attempts} times. {reason}"
    values = _values(d, DeliveryState.READY, reason)
    return {**values, "b_attempts": attempts, "b_not_before": moment + pause, "b_decided_at": None}
