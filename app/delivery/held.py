"""What holds a send back, written down with it: people read it on the page, and the beat knows when to ring again.

The rows themselves stay ready; nothing here decides about a message.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, func, select, update

from app.delivery import turns, warmup
from app.delivery.limits import SharedLimits
from app.delivery.models import Delivery, DeliveryState, Send
from app.delivery.presence import database_now
from app.delivery.wire import Limits

_FEW = 200
_TO_THE_END = 5.0  # seconds for which a send with few rows left is not interrupted
_LOOK_AGAIN = timedelta(
    seconds=30
)  # a send none of whose rows is due is looked at after so long at the latest


def minding(engine: Engine, data_dir: Path, send_id: int, limits: Limits) -> Callable[[], bool]:
    """What a slice asks once a second: whether to end, as others wait or its day is used up. Notes which limit sets the pace."""
    told: list[str | None] = [None]
    begun = time.monotonic()

    def look() -> bool:
        if isinstance(limits, SharedLimits):
            if limits.used_up is not None:
                return True
            pace = limits.pace()
            if pace != told[0]:
                told[0] = pace
                note_pace(engine, send_id, pace)
        soon_done = time.monotonic() - begun < _TO_THE_END and _has_few_left(engine, send_id)
        return not soon_done and turns.others_wait(engine, data_dir, send_id)

    return look


def _has_few_left(engine: Engine, send_id: int) -> bool:
    """Whether so few rows are left that going round once more would take longer than sending them."""
    ready = select(Delivery.id).where(
        Delivery.send_id == send_id, Delivery.state == DeliveryState.READY
    )  # unscoped: a job
    with engine.begin() as connection:
        return connection.execute(ready.offset(_FEW).limit(1)).first() is None


def note_pace(engine: Engine, send_id: int, words: str | None) -> None:
    """Say which limit sets the speed; None where none does."""
    with engine.begin() as connection:
        changed = (Send.id == send_id, Send.pace.is_distinct_from(words))
        connection.execute(update(Send).where(*changed).values(pace=words))


def by_warm_up(engine: Engine, send_id: int, limits: Limits) -> bool:
    """Let the send wait where its sender's day was found used up. Whether it was."""
    step = limits.used_up if isinstance(limits, SharedLimits) else None
    if step is None:
        return False
    with engine.begin() as connection:
        until = min(step.ends, database_now(connection) + warmup.AGAIN)
        values = {"waits_until": until, "waits_for": step.words[:200], "pace": None}
        connection.execute(update(Send).where(Send.id == send_id).values(**values))
    return True


def until_due(engine: Engine, send_id: int) -> None:
    """Let a send wait none of whose rows is due, so that the beat needn't look through all of them each time."""
    with engine.begin() as connection:
        moment = database_now(connection)
        rows = (Delivery.send_id == send_id, Delivery.state == DeliveryState.READY)
        next_due = connection.execute(
            select(func.min(Delivery.not_before)).where(*rows)
        ).scalar_one()  # unscoped: a job
        until = None
        if next_due is not None and next_due > moment:
            until = min(next_due, moment + _LOOK_AGAIN)
        connection.execute(
            update(Send).where(Send.id == send_id).values(waits_until=until, waits_for=None, pace=None)
        )
