"""The end of a cancelled send's rows, in chunks: a million of them in one statement would hold SQLite's one writer's lock for seconds.

That nothing more is sent does not depend on it: the write-ahead commit looks at the send.
"""

import time

from sqlalchemy import Connection, Engine, and_, select, update

from app.delivery.models import Delivery, DeliveryState, Send, SendStatus
from app.delivery.presence import database_now

OPEN = (DeliveryState.READY, DeliveryState.CLAIMED, DeliveryState.HELD)
_CHUNK = 1_000
_BREATH = 0.005  # seconds between two chunks, in which others get the lock


def recall(engine: Engine, send_id: int) -> int:
    """Take back all that a cancelled send has not sent; returns how many rows. Safe to run twice and to die at any point."""
    recalled = 0
    while True:
        with engine.begin() as connection:
            moved = take_back(connection, send_id)
        if not moved:
            return recalled
        recalled += moved
        time.sleep(_BREATH)


def take_back(connection: Connection, send_id: int) -> int:
    """One chunk, in the caller's transaction: all of a small send's rows."""
    cancelled = select(Send.id).where(
        Send.id == send_id, Send.status == SendStatus.CANCELLED
    )  # unscoped: by its id
    query = select(Delivery.id).where(
        Delivery.send_id.in_(cancelled), Delivery.state.in_(OPEN)
    )  # unscoped: by its send
    ids = list(connection.execute(query.limit(_CHUNK)).scalars())
    values = {
        "state": DeliveryState.CANCELLED,
        "decided_at": database_now(connection),
        "lease_until": None,
        "not_before": None,
    }
    still = and_(Delivery.id.in_(ids), Delivery.state.in_(OPEN))
    return int(connection.execute(update(Delivery).where(still).values(**values)).rowcount) if ids else 0
