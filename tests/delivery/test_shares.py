"""Nobody waits behind somebody's big send, and what a person decides acts within a second: with a worker as a process of its own."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.accounts.models import Organisation, OrganisationKind
from app.campaigns.models import Campaign
from app.db import db
from app.delivery import control, jobs, recall, sweep, turns, warmup
from app.delivery.engine import Policy
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus
from app.flows import launch
from app.queue import JobName
from app.settings import current
from tests.delivery import many, ready
from tests.rig.cast import Cast
from tests.rig.sink import Sink

pytestmark = pytest.mark.both_databases
S = DeliveryState


@contextmanager
def worker(doorbell: int, seconds: float = 60) -> Iterator[None]:
    """One worker, as a process: what the queue does, without Redis. It serves launches, expansions and doorbells until it is killed."""
    db.session.remove()
    db.engine.dispose()
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(int(seconds))
            _serve(doorbell)
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(1)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve(doorbell: int) -> None:
    while True:
        for name, row_id in sweep.sweep(db.engine, current().data_dir):
            if name is JobName.LAUNCH_CAMPAIGN:
                launch.start_due(row_id)
                db.session.commit()
            elif name is JobName.EXPAND_SEND:
                jobs.expand_send(row_id)
        chosen = turns.next_send(db.engine, current().data_dir, doorbell)
        if chosen is not None:
            jobs.send_slice(chosen, Policy(lanes=5))
        db.session.remove()
        time.sleep(0.05)


def wait_for(condition: Callable[[], bool], seconds: float) -> float:
    """Seconds until it holds. Fails when it takes longer."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, f"not within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - begun


def in_state(send_id: int, *states: DeliveryState) -> int:
    query = select(func.count()).where(Delivery.send_id == send_id, Delivery.state.in_(states))
    found = db.session.scalar(query) or 0
    db.session.rollback()
    return found


def status(send_id: int) -> SendStatus:
    found = db.session.scalars(select(Send.status).where(Send.id == send_id)).one()
    db.session.rollback()
    return found


def test_a_send_of_a_hundred_does_not_wait_for_the_end_of_a_big_ones_slice(cast: Cast, sink: Sink) -> None:
    big = many.sending(cast, 20_000, "big")
    with worker(big.id):
        wait_for(lambda: in_state(big.id, S.ACCEPTED) > 100, 20)
        small = many.sending(cast, 100, "small")
        wait_for(
            lambda: status(small.id) is SendStatus.FINISHED, 15
        )  # with 200,000 beside it: within five, below
        assert in_state(small.id, S.ACCEPTED) == 100
        assert status(big.id) is SendStatus.SENDING, "it is still running, else nothing was shown"
        before = in_state(big.id, S.ACCEPTED)
        wait_for(lambda: in_state(big.id, S.ACCEPTED) > before, 15)


def test_a_pause_acts_within_a_second_and_so_does_going_on(cast: Cast, sink: Sink) -> None:
    send = many.sending(cast, 20_000)
    campaign_id = send.campaign_id
    with worker(send.id):
        wait_for(lambda: in_state(send.id, S.ACCEPTED) > 100, 20)
        control.pause(ready.maya(cast), db.session.get_one(Campaign, campaign_id))
        db.session.commit()
        time.sleep(1)
        got = sum(sink.recipients().values())
        time.sleep(1)
        assert sum(sink.recipients().values()) == got
        assert in_state(send.id, S.CLAIMED, S.COMMITTING) == 0
        control.resume(ready.maya(cast), db.session.get_one(Campaign, campaign_id))
        db.session.commit()
        wait_for(lambda: sum(sink.recipients().values()) > got, 15)


def test_a_cancel_acts_within_a_second_and_holds_nobody_up(cast: Cast, sink: Sink) -> None:
    send = many.sending(cast, 20_000)
    campaign_id = send.campaign_id
    with worker(send.id):
        wait_for(lambda: in_state(send.id, S.ACCEPTED) > 100, 20)
        control.cancel(ready.maya(cast), db.session.get_one(Campaign, campaign_id))
        db.session.commit()
        time.sleep(1)
        got = sum(sink.recipients().values())
        time.sleep(1)
        assert sum(sink.recipients().values()) == got
    db.session.execute(update(Send).values(rung_at=None))
    db.session.commit()
    assert (JobName.RECALL_SEND, send.id) in sweep.sweep(db.engine, current().data_dir), (
        "also without a doorbell"
    )
    db.session.remove()
    jobs.recall_send(send.id)
    assert in_state(send.id, S.READY, S.CLAIMED, S.HELD, S.COMMITTING) == 0
    assert in_state(send.id, S.CANCELLED) + in_state(send.id, S.ACCEPTED, S.UNCERTAIN) == 20_000


def test_taking_back_never_holds_the_writers_lock_for_long(cast: Cast) -> None:
    send = many.sending(cast, 20_000)
    db.session.execute(update(Send).values(status=SendStatus.CANCELLED))
    db.session.commit()
    chunks, moved = 0, 1
    while moved:
        with db.engine.begin() as connection:
            moved = recall.take_back(connection, send.id)
        chunks += 1
        assert moved <= 1_000
    assert chunks == 21
    assert in_state(send.id, S.CANCELLED) == 20_000


def test_turns_go_round_over_partners_and_not_over_sends(cast: Cast) -> None:
    other = Organisation(kind=OrganisationKind.PARTNER, name="Other", slug="other")
    db.session.add(other)
    db.session.flush()
    mine = [many.sending(cast, 1, f"mine{number}") for number in range(4)]
    theirs = many.sending(cast, 1, "theirs", partner_id=other.id)
    data = current().data_dir
    served = [turns.next_send(db.engine, data, mine[0].id) for _ in range(8)]
    assert served.count(theirs.id) == 4, "every second turn is the other partner's"
    assert {served.count(send.id) for send in mine} == {1}, "and the four share the rest"


def test_a_doorbell_serves_nobody_where_nobody_waits(cast: Cast) -> None:
    send = many.sending(cast, 1)
    data = current().data_dir
    assert not turns.others_wait(db.engine, data, send.id)
    later = clock.now() + timedelta(minutes=5)
    for values in ({"waits_until": later}, {"opens_at": later}, {"status": SendStatus.PAUSED}):
        other = many.sending(cast, 1, f"other{later.timestamp()}{len(values)}{next(iter(values))}")
        assert turns.others_wait(db.engine, data, send.id)
        db.session.execute(update(Send).where(Send.id == other.id).values(**values))
        db.session.commit()
        assert not turns.others_wait(db.engine, data, send.id)


def test_a_send_waits_for_its_warm_up_with_words_and_without_failing(cast: Cast, sink: Sink) -> None:
    send = many.sending(cast, 40)
    warmup.start("throughline.example", clock.now().date(), (10, 20, 40))
    db.session.commit()
    begun = time.monotonic()
    jobs.send_slice(send.id, Policy(lanes=5))
    assert time.monotonic() - begun < 8, "it does not sit there for the rest of the day"
    assert sum(sink.recipients().values()) == 10
    assert in_state(send.id, S.READY) == 30
    db.session.expire_all()
    found = db.session.get_one(Send, send.id)
    assert (
        found.waits_for
        == "throughline.example is new to mail providers, and today’s 10 messages have gone. The next 20 go tomorrow."
    )
    assert found.waits_until is not None
    db.session.rollback()
    assert turns.next_send(db.engine, current().data_dir, 0) == 0, "nobody's turn"
    warmup.stop("throughline.example")
    db.session.commit()
    jobs.send_slice(send.id, Policy(lanes=5))
    assert sum(sink.recipients().values()) == 40


def test_a_limited_domain_keeps_its_pace_while_it_is_all_that_is_left(
    cast: Cast, sink: Sink, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = many.sending(cast, 60)
    limited = replace(current(), redis_url=redis_url, mail_rate_domains=(("people.example", 15.0),))
    monkeypatch.setattr(jobs, "current", lambda: limited)
    begun = time.monotonic()
    for _ in range(
        5
    ):  # one slice is enough, unless the machine is so busy that a row comes due after the slice gave up on it
        jobs.send_slice(send.id, Policy(lanes=5, seconds=20))
        if sum(sink.recipients().values()) == 60:
            break
        time.sleep(1)
    took = time.monotonic() - begun
    assert sum(sink.recipients().values()) == 60
    assert took > 60 / 15 - 1.5
    monkeypatch.undo()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_hundred_beside_two_hundred_thousand(cast: Cast, sink: Sink) -> None:
    big = many.sending(cast, 200_000, "big")
    with worker(big.id, 200):
        wait_for(lambda: in_state(big.id, S.ACCEPTED) > 500, 30)
        small = many.sending(cast, 100, "small")
        wait_for(lambda: status(small.id) is SendStatus.FINISHED, 5)
        assert status(big.id) is SendStatus.SENDING
