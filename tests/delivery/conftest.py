"""A sink for each module's application to send to, and the invariants that hold after every fault."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, inspect, select

from app.db import db
from app.delivery.models import DELIVERY, Delivery, DeliveryState, Send
from tests.delivery import made
from tests.rig.sink import Sink


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    """The mail server that this module's application sends through: the oracle."""
    server = Sink()
    yield server
    server.close()


@pytest.fixture(scope="module")
def overrides(sink: Sink) -> dict[str, Any]:
    """The sandbox transport, whose mailbox is the sink."""
    return {"mail_transport": "sandbox", "sandbox_smtp": f"127.0.0.1:{sink.port}"}


@pytest.fixture(autouse=True)
def _fresh_sink(sink: Sink) -> None:
    sink.clear()


def check_invariants(
    sink: Sink, send_id: int, *, resent: Counter[str] | None = None
) -> dict[str, DeliveryState]:
    """The promise, whatever happened: nothing lost, nothing doubled, and what is undecidable says so. Returns the states."""
    states = made.states(send_id)
    send = db.session.get_one(Send, send_id)
    db.session.refresh(send)
    assert (
        len(states)
        == send.expanded
        == db.session.scalar(select(func.count(Delivery.id)).where(Delivery.send_id == send_id))
    )
    got = Counter({address.partition("@")[0]: count for address, count in sink.recipients().items()})
    for local, count in got.items():
        assert count <= 1 + (resent or Counter())[local], f"{local} got the mail {count} times"
        assert states[local] in (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN, DeliveryState.COMMITTING), (
            f"{local} got the mail, and its row says {states[local]}"
        )
    for local, state in states.items():
        if state is DeliveryState.ACCEPTED:
            assert got[local], f"{local} counts as accepted, and the mail server never had it"
    for was, became in made.seen_transitions() if _watched() else ():
        assert DELIVERY.allows(was, became), f"a row went from {was} to {became}"
    return states


def _watched() -> bool:
    db.session.rollback()
    return inspect(db.engine).has_table("transition_log")
