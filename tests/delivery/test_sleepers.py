"""A worker that slept at the worst moment, a server that mixes sense and nonsense: found by `make chaos`, told here one by one."""

import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import queue
from app.db import db
from app.delivery import expand, sweep
from app.delivery.dialogue import Dialogue, Timeouts
from app.delivery.line import Line
from app.delivery.models import DeliveryState
from app.delivery.policy import Policy
from app.delivery.presence import LEASE
from app.delivery.wire import Declined, Envelope, Form, Outcome, Verdict
from app.settings import current
from tests.delivery import made
from tests.delivery.sim import Server, Time, Worker
from tests.rig.cast import Cast

S = DeliveryState
ACCEPTED = Outcome(Verdict.ACCEPTED, "taken")
PAST = LEASE.total_seconds() + 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """A clock that is set by hand."""
    monkeypatch.setattr(queue, "ring", lambda *_: None)
    time = Time()
    time.rule(monkeypatch)
    return time


def begin(cast: Cast, people: int, server: Server, lanes: int = 1) -> tuple[int, Worker]:
    """A send to so many people, and a worker that has announced the first of them."""
    made.watch_transitions()
    send = made.send(cast, [f"p{n}" for n in range(people)])
    expand.expand(db.engine, send.id)
    send_id = send.id
    db.session.remove()
    worker = Worker(db.engine, current().data_dir, send_id, server, lanes)
    worker.step("fill")
    return send_id, worker


def to_the_end(worker: Worker, server: Server) -> None:
    """The server takes everything that comes."""
    for _ in range(60):
        for lane in server.asked:
            lane.invite()
        for lane in server.holding:
            lane.settle(ACCEPTED)
        if worker.step("all") is not None:
            return
    raise AssertionError("the slice does not end")


def by_another(send_id: int, server: Server) -> None:
    """A worker that is awake does the rest."""
    to_the_end(Worker(db.engine, current().data_dir, send_id, server, 2), server)


def test_who_slept_between_the_commit_and_the_body_sends_nothing(app: Flask, cast: Cast, clock: Time) -> None:
    server = Server(lambda *_: None)
    send_id, worker = begin(cast, 1, server)
    server.asked[0].invite()
    worker.step("listen")
    ended = worker.store.end_round

    def sleepily(wait: bool = True) -> frozenset[int] | None:
        moved = ended(wait)
        clock.seconds += PAST
        return moved

    worker.store.end_round = sleepily  # type: ignore[method-assign]
    worker.step("round")
    assert not server.holding, "it left although its sender may have been given up by then"
    assert set(made.states(send_id).values()) == {S.READY}, "what surely never left goes back"
    worker.store.end_round = ended  # type: ignore[method-assign]
    to_the_end(worker, server)
    by_another(send_id, server)
    assert server.accepted == Counter(dict.fromkeys(server.accepted, 1))
    assert set(made.states(send_id).values()) == {S.ACCEPTED}


def test_who_slept_while_the_next_mail_was_written_sends_nothing(
    app: Flask, cast: Cast, clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(lambda *_: None)
    send_id, worker = begin(cast, 3, server)
    server.asked[0].invite()
    worker.step("listen")
    write = worker.slice.intake.next_mail

    def sleepily(form: Form) -> object:
        clock.seconds += PAST
        return write(form)

    monkeypatch.setattr(worker.slice.intake, "next_mail", sleepily)
    worker.step("round")
    assert not server.holding
    assert S.COMMITTING not in made.states(send_id).values()
    monkeypatch.undo()
    clock.rule(monkeypatch)
    to_the_end(worker, server)
    by_another(send_id, server)
    assert set(server.accepted.values()) == {1}
    assert set(made.states(send_id).values()) == {S.ACCEPTED}


def test_a_row_that_was_lost_in_a_sleep_and_claimed_again_leaves_once(
    app: Flask, cast: Cast, clock: Time
) -> None:
    server = Server(lambda *_: None)
    send_id, worker = begin(cast, 6, server, lanes=2)
    assert len(server.asked) == 2
    clock.seconds += PAST
    sweep.sweep(db.engine, current().data_dir)
    worker.slice.intake.rows.clear()  # it had no more than what is announced
    worker.lanes.open(4)
    worker.step("fill")
    assert len({lane.announced for lane in server.asked}) < len(server.asked), "claimed a second time"
    for lane in server.asked:
        lane.invite()
    worker.step("listen")
    worker.step("round")
    to_the_end(worker, server)
    by_another(send_id, server)
    assert set(server.accepted.values()) == {1}, f"somebody got it twice: {server.accepted}"
    assert set(made.states(send_id).values()) == {S.ACCEPTED}


def test_a_worker_s_free_lock_proves_its_death_at_once(app: Flask, cast: Cast, clock: Time) -> None:
    server = Server(lambda *_: None)
    send_id, worker = begin(cast, 3, server)
    sweep.sweep(db.engine, current().data_dir)
    assert S.CLAIMED in made.states(send_id).values(), "it lives"
    worker.die()
    sweep.sweep(db.engine, current().data_dir)
    assert set(made.states(send_id).values()) == {S.READY}


def test_without_a_lock_here_only_silence_tells(app: Flask, cast: Cast, clock: Time) -> None:
    server = Server(lambda *_: None)
    send_id, worker = begin(cast, 3, server)
    for lock in Path(current().data_dir, "locks").iterdir():
        lock.unlink()
    worker.die()
    sweep.sweep(db.engine, current().data_dir)
    assert S.CLAIMED in made.states(send_id).values()
    clock.seconds += PAST
    sweep.sweep(db.engine, current().data_dir)
    assert set(made.states(send_id).values()) == {S.READY}


@pytest.fixture
def link() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    with ours, theirs:
        yield ours, theirs


def test_nonsense_right_behind_an_answer_is_noticed_though_nothing_follows(
    link: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = link
    line = Line(ours, lambda: None)
    line.unblock()
    talk = Dialogue(line, {"PIPELINING": ""}, Timeouts())
    talk.announce(Envelope("s@x.example", "r@x.example", b"Subject: s\r\n\r\nx\r\n"))
    theirs.sendall(b"250 2.1.0 ok\r\nhello, who is there?\r\n")  # in one piece
    ours.setblocking(True)
    ours.recv(1, socket.MSG_PEEK)
    ours.setblocking(False)
    events = talk.advance()
    assert [type(event) for event in events] == [Declined]
    assert not talk.is_open


def test_a_slice_whose_time_is_up_sends_on_while_an_answer_is_missing(
    app: Flask, cast: Cast, clock: Time
) -> None:
    server = Server(lambda *_: None)
    send_id, worker = begin(cast, 12, server, lanes=2)
    worker.slice.takes_until = clock.monotonic()  # its time is up at once
    server.asked[0].invite()
    worker.step("listen")
    worker.step("round")
    slow = server.holding[0]
    clock.seconds += 1
    worker.step("all")
    assert worker.slice.end is not None
    for _ in range(60):
        clock.seconds += 1
        for lane in server.asked:
            lane.invite()
        for lane in server.holding:
            if lane is not slow:
                lane.settle(ACCEPTED)
        worker.step("all")
    assert sorted(set(made.states(send_id).values())) == [S.ACCEPTED, S.COMMITTING]
    slow.settle(ACCEPTED)
    to_the_end(worker, server)
    assert set(server.accepted.values()) == {1}


def test_it_takes_on_nothing_more_while_others_wait_for_its_worker(
    app: Flask, cast: Cast, clock: Time
) -> None:
    server = Server(lambda *_: None)
    send_id, worker = begin(cast, 30, server, lanes=2)
    worker.slice.policy = Policy(lanes=2, others_wait=lambda: True)
    worker.slice.takes_until = clock.monotonic()
    server.asked[0].invite()
    for _ in range(30):
        clock.seconds += 1
        worker.step("all")
    assert len(server.holding) == 1
    assert S.ACCEPTED not in made.states(send_id).values()
    server.holding[0].settle(ACCEPTED)
    to_the_end(worker, server)
    assert list(made.states(send_id).values()).count(S.READY) >= 28, (
        "what was not announced by then goes back"
    )
