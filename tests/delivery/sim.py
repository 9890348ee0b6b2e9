"""A mail server and its connections in memory, and workers whose every step and death is chosen from outside.

What a worker does is the engine's own: its slice, its store, its presence. Only the network and the clock are made here.
"""

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from app import clock
from app.delivery import control, failpoints, finish, intake, slices
from app.delivery.lanes import Seat
from app.delivery.outcomes import Claimed, Retries
from app.delivery.policy import End, Policy, Result
from app.delivery.presence import Presence
from app.delivery.slices import Slice
from app.delivery.store import Store
from app.delivery.wire import Declined, Envelope, Event, Form, Invited, Outcome, Settled, Verdict

RETRIES = Retries(3, (10.0, 60.0))
LATER = Outcome(Verdict.LATER, "Put off")
_numbers = itertools.count(1_000_000)


class Died(BaseException):
    """The process is gone: nothing after this line happened."""


class Time:
    """The clock of all of it, in seconds that only go on when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """The moment as the application asks for it."""
        return datetime(2026, 3, 1, 8, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """The moment as the engine counts it."""
        return 1_000.0 + self.seconds

    def rule(self, patch: pytest.MonkeyPatch) -> None:
        """Let everything that sending asks read this clock."""
        patch.setattr(clock, "now", self.now)
        for module in (control, finish):
            patch.setattr(module, "now", self.now)
        for module in (slices, intake):
            patch.setattr(module, "time", self)


class Server:
    """What the other side was given and what it accepted: the oracle. `check` sees each message as its end leaves."""

    def __init__(self, check: Callable[["Worker", int], None]) -> None:
        self.accepted: Counter[int] = Counter()
        self.lanes: list[MemoryLane] = []
        self.check = check

    @property
    def asked(self) -> list["MemoryLane"]:
        """Connections on which an announcement's answer is due: answers come in the order of the questions."""
        due = (lane for lane in self.lanes if lane.flying is None and not lane.invited)
        return [lane for lane in due if lane.announced is not None]

    @property
    def holding(self) -> list["MemoryLane"]:
        """Connections with a message whose end has come, and no answer to it yet."""
        return [lane for lane in self.lanes if lane.flying is not None]


class MemoryLane:
    """One connection. Its events wait until its worker looks, however late."""

    form: Form = "8bit"
    wants_write = False
    deadline = float("inf")

    def __init__(self, server: Server, worker: "Worker") -> None:
        self.server, self.worker = server, worker
        self.number = next(_numbers)
        self.announced: int | None = None
        self.invited = False
        self.flying: int | None = None
        self.closing = self.closed = False
        self.news: list[Event] = []
        server.lanes.append(self)

    # What the engine sees

    @property
    def is_open(self) -> bool:
        """See Lane."""
        return not self.closing and not self.closed

    @property
    def can_announce(self) -> bool:
        """See Lane."""
        return self.announced is None and self.is_open

    def fileno(self) -> int:
        """See Lane."""
        return self.number

    def announce(self, envelope: Envelope) -> list[Event]:
        """See Lane."""
        assert self.can_announce, "announced on a connection that is taken"
        self.announced, self.invited = int(envelope.tag), False
        return []

    def hand_over(self, following: Envelope | None) -> list[Event]:
        """See Lane."""
        assert self.announced is not None
        assert self.invited, "a body left that nobody had invited"
        assert self.flying is None, "two bodies at once"
        failpoints.hit("mid-body")
        if not self.is_open:
            self.announced, self.invited = None, False
            lost: list[Event] = [Settled(LATER)]
            return [*lost, Declined(LATER)] if following else lost
        self.server.check(self.worker, self.announced)
        self.flying, self.announced, self.invited = self.announced, None, False
        return self.announce(following) if following else []

    def drop(self) -> None:
        """See Lane."""
        self.announced, self.invited = None, False
        self.closing = True
        if self.flying is None:
            self.close()

    def advance(self) -> list[Event]:
        """See Lane."""
        news, self.news = self.news, []
        return news

    def expire(self) -> list[Event]:
        """See Lane; the server's rules say when a wait is over."""
        return []

    def close(self) -> None:
        """See Lane."""
        self.closed = True

    # What the server does

    def invite(self) -> None:
        """354."""
        self.invited = True
        self.news.append(Invited())

    def decline(self, outcome: Outcome) -> None:
        """4xx or 5xx before the body."""
        self.announced, self.invited = None, False
        self.news.append(Declined(outcome))

    def settle(self, outcome: Outcome) -> None:
        """An answer to the body's end."""
        assert self.flying is not None
        if outcome.verdict is Verdict.ACCEPTED:
            self.server.accepted[self.flying] += 1
        self.flying = None
        self.news.append(Settled(outcome))

    def lose(self, accepted: bool) -> None:
        """The line breaks; what was handed over may have been taken, and nobody can know."""
        if self.flying is not None:
            self.server.accepted[self.flying] += accepted
            self.flying = None
            self.news.append(Settled(Outcome(Verdict.UNCERTAIN, "No answer")))
        if self.announced is not None:
            self.decline(LATER)
        self.closing = True


class MemoryLanes:
    """The connections of one slice, as `engine.Lanes` offers them."""

    away = refused = None
    is_opening = False

    def __init__(self, server: Server, worker: "Worker") -> None:
        self.server, self.worker = server, worker
        self.seats: list[Seat] = []

    def open(self, count: int) -> None:
        """See Lanes."""
        while len(self.seats) < count:
            self.seats.append(Seat(MemoryLane(self.server, self.worker)))

    def wait(self, _seconds: float) -> Iterator[tuple[Seat, Event]]:
        """See Lanes."""
        for seat in list(self.seats):
            for event in seat.lane.advance():
                yield seat, event
            self.watch(seat)

    def wake_for(self, _number: int | None) -> None:
        """See Lanes."""

    def expired(self) -> Iterator[tuple[Seat, Event]]:
        """See Lanes."""
        return iter(())

    def watch(self, seat: Seat) -> None:
        """See Lanes."""
        if not seat.lane.is_open and seat.flying is None and seat.announced is None:
            with suppress(ValueError):
                self.seats.remove(seat)
            seat.lane.close()


class PlainWriter:
    """Mails that say nothing but which row they are."""

    def may_mail(self, _email: str) -> bool:
        """Everyone."""
        return True

    def expect(self, rows: Iterable[Claimed]) -> None:
        """Nothing to prepare."""

    def envelope(self, row: Claimed, _segments: bytes, _form: Form) -> Envelope:
        """The row's id as its tag."""
        return Envelope("sender@x.example", row.email, b"mail\r\n", str(row.id))


class SlowStore(Store):
    """A database whose commits may take their time: made, but the answer is not here yet."""

    answers = True

    def end_round(self, wait: bool = True) -> frozenset[int] | None:
        """See Store."""
        return super().end_round(wait) if wait or self.answers else None


class Worker:
    """A process in the middle of a slice, one step at a time."""

    def __init__(self, db_engine: Engine, data_dir: Path, send_id: int, server: Server, lanes: int) -> None:
        self.presence = Presence(db_engine, data_dir, send_id)
        self.presence.__enter__()
        self.store = SlowStore(db_engine, self.presence, RETRIES)
        self.lanes = MemoryLanes(server, self)
        self.asked_to_stop = False
        self.dies_at = ""
        policy = Policy(batch=5, lanes=lanes, retries=RETRIES)
        lanes_of: Any = self.lanes
        self.slice = Slice(self.store, lanes_of, PlainWriter(), policy, lambda: self.asked_to_stop)

    @property
    def id(self) -> str:
        """As its rows say it."""
        return self.presence.id

    def step(self, part: str) -> Result | None:
        """One part of the slice's loop, or all of it; a result when it has ended. Raises Died."""
        failpoints_hit = failpoints.hit
        failpoints.hit = self._hit
        try:
            return self._step(part)
        finally:
            failpoints.hit = failpoints_hit

    def _hit(self, name: str) -> None:
        if name == self.dies_at:
            raise Died(name)

    def _step(self, part: str) -> Result | None:
        slice_ = self.slice
        if part in ("tick", "all"):
            slice_.tick()
        if part in ("fill", "all"):
            slice_.fill()
        if part in ("round", "all"):
            slice_.round()
        if part in ("listen", "all"):
            slice_.listen(self.lanes.wait(0))
        if part != "all" or not slice_.is_done():
            return None
        slice_.flush()
        slice_.intake.give_back()
        self.store.release(slice_.pause)
        self.store.__exit__()
        self.presence.__exit__(None, None, None)
        return Result(slice_.end or End.EMPTY, slice_.why, slice_.decided)

    def die(self) -> None:
        """The kernel closes its files; its connections to the server stay until that notices."""
        if self.presence._lock is not None:
            os.close(self.presence._lock)
            self.presence._lock = None
        self.store.__exit__()
        for seat in self.lanes.seats:
            seat.lane.close()
