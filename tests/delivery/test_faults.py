"""Workers that are killed without a word, stopped and woken, or doubled: nothing is lost, nothing sent twice by itself."""

import signal
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import clock
from app.db import db
from app.delivery import sweep
from app.delivery.models import Delivery, DeliveryState, Send, SendingWorker, SendStatus
from app.delivery.presence import LEASE
from app.queue import JobName
from app.settings import current
from tests.delivery import made
from tests.delivery.conftest import check_invariants
from tests.delivery.worker import start
from tests.rig.cast import Cast
from tests.rig.sink import Sink

pytestmark = pytest.mark.both_databases

S = DeliveryState
LOCALS = [f"p{n}" for n in range(20)]
SENDING_POINTS = ["after-claim", "before-commit", "after-commit", "mid-body", "after-dot", "after-reply"]


def long_ago() -> None:
    """Let the heartbeats and leases of dead workers be as old as they will be in half a minute."""
    past = clock.now() - LEASE * 2
    db.session.execute(update(SendingWorker).values(heartbeat_at=past))
    db.session.execute(update(Delivery).where(Delivery.lease_until.is_not(None)).values(lease_until=past))
    db.session.commit()


def recover(send: Send) -> None:
    """What the beat does half a minute later, and the worker it rings for."""
    long_ago()
    db.session.remove()
    jobs = sweep.sweep(db.engine, current().data_dir)
    assert {job[1] for job in jobs} <= {send.id}
    assert start(send).wait() == 0


@pytest.mark.parametrize("point", [*SENDING_POINTS, "expand-chunk", "expand-committed"])
def test_a_worker_killed_at_any_step_loses_and_doubles_nothing(
    app: Flask, cast: Cast, sink: Sink, point: str
) -> None:
    made.watch_transitions()
    send = made.send(cast, LOCALS)
    times = 2 if point.startswith("expand") else 4
    assert start(send, f"{point}:{times}").wait() == -signal.SIGKILL
    if not point.startswith("expand"):
        check_invariants(sink, send.id)
    recover(send)
    states = check_invariants(sink, send.id)
    assert len(states) == len(LOCALS)
    uncertain = [local for local, state in states.items() if state is S.UNCERTAIN]
    assert len(uncertain) <= 1, f"one message was in flight, and {uncertain} are uncertain"
    if point in ("after-commit", "mid-body", "after-dot", "after-reply"):
        assert len(uncertain) == 1, "what was handed over and not answered is uncertain, never tried again"
    assert all(state in (S.ACCEPTED, S.UNCERTAIN) for state in states.values())
    assert db.session.get_one(Send, send.id).expanded == len(LOCALS)


def test_two_workers_at_once_share_the_rows(app: Flask, cast: Cast, sink: Sink) -> None:
    made.watch_transitions()
    send = made.send(cast, [f"p{n}" for n in range(60)])
    both = [start(send), start(send)]
    assert [process.wait() for process in both] == [0, 0]
    assert set(check_invariants(sink, send.id).values()) == {S.ACCEPTED}
    assert sum(sink.recipients().values()) == 60


def test_a_worker_that_slept_past_its_lease_sends_nothing_that_is_no_longer_its_own(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    made.watch_transitions()
    send = made.send(cast, ["hang-dot", *LOCALS])
    sleeper = start(send)
    try:
        _wait_for(lambda: made.states(send.id).get("hang-dot") is S.COMMITTING)
        sleeper.send_signal(signal.SIGSTOP)
        long_ago()
        db.session.remove()
        sweep.sweep(db.engine, current().data_dir)
        assert made.states(send.id)["hang-dot"] is S.COMMITTING, (
            "its process lives, so it may yet learn the answer"
        )
        assert S.CLAIMED not in made.states(send.id).values()
        assert start(send).wait() == 0
    finally:
        sleeper.send_signal(signal.SIGCONT)
    assert sleeper.wait() == 0
    states = check_invariants(sink, send.id)
    assert states.pop("hang-dot") is S.UNCERTAIN
    assert set(states.values()) == {S.ACCEPTED}


def test_sigterm_finishes_the_round_and_gives_the_rest_back_at_once(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    made.watch_transitions()
    send = made.send(cast, [*LOCALS, "hang-dot"])
    process = start(send)
    _wait_for(lambda: made.states(send.id).get("hang-dot") is S.COMMITTING)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == -signal.SIGTERM
    states = check_invariants(sink, send.id)
    assert S.CLAIMED not in states.values()
    assert states["hang-dot"] is S.UNCERTAIN
    db.session.rollback()
    assert db.session.scalars(select(SendingWorker)).all() == []


def test_a_message_that_kills_every_worker_is_set_aside(app: Flask, cast: Cast, sink: Sink) -> None:
    send = made.send(cast, ["poison", "anna"])
    assert start(send, "after-claim").wait() == -signal.SIGKILL
    long_ago()
    db.session.execute(update(Delivery).values(crashes=4))
    db.session.commit()
    db.session.remove()
    sweep.sweep(db.engine, current().data_dir)
    row = made.delivery(send.id, "poison")
    assert row.state is S.FAILED
    assert row.reason
    assert row.reason.startswith("Set aside")


def test_the_beat_finds_all_that_is_due_without_redis(app: Flask, cast: Cast, sink: Sink) -> None:
    send = made.send(cast, ["anna"])
    db.session.remove()
    data = current().data_dir
    assert sweep.sweep(db.engine, data) == [(JobName.EXPAND_SEND, send.id)]
    assert sweep.sweep(db.engine, data) == [], "rung for once; again only after a while"
    _forget_ringing()
    assert start(send).wait() == 0
    assert sweep.sweep(db.engine, data) == [(JobName.FINISH_SEND, send.id)]
    _forget_ringing()
    db.session.execute(update(Delivery).values(state=S.READY, not_before=clock.now() + timedelta(minutes=1)))
    db.session.commit()
    assert sweep.sweep(db.engine, data) == [], "not due yet"
    db.session.execute(update(Delivery).values(not_before=clock.now() - timedelta(seconds=1)))
    db.session.commit()
    assert sweep.sweep(db.engine, data) == [(JobName.SEND_SLICE, send.id)]
    db.session.execute(update(Send).values(status=SendStatus.PAUSED, rung_at=None))
    db.session.commit()
    assert sweep.sweep(db.engine, data) == [], "nobody is rung for a paused send"


def _forget_ringing() -> None:
    db.session.execute(update(Send).values(rung_at=None))
    db.session.commit()


def _wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
