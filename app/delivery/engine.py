"""One slice of a send: claim rows, offer them, commit the round, hand the bodies over, note what became of them.

The database is told before a byte of a body leaves, and no transaction is open while the network is waited for (docs/delivery.md).
"""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Protocol

import structlog
from sqlalchemy import Engine

from app.delivery import failpoints
from app.delivery.models import DeliveryState
from app.delivery.outcomes import Claimed, Decided, Retries
from app.delivery.presence import HEARTBEAT_SECONDS, Presence
from app.delivery.store import Store
from app.delivery.wire import Envelope, Form, Lane, Outcome, Transport, TransportAway, TransportRefuses
from app.errors import AppError

log = structlog.get_logger(__name__)

AWAY_PAUSE = timedelta(seconds=10)


class Writer(Protocol):
    """Phase two of rendering: the finished mail for one row, or why there is none."""

    def may_mail(self, email: str) -> bool:
        """Whether this installation may mail the address at all."""

    def envelope(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        """The mail of this row. Raises AppError where the contact's data can't stand in a mail."""


@dataclass(frozen=True)
class Policy:
    """How a slice behaves. `seconds`: when it stops taking on more; `lanes`: connections a round goes over."""

    seconds: float = 20
    batch: int = 50
    lanes: int = 1
    retries: Retries = field(default_factory=Retries)


class End(StrEnum):
    """Why a slice ended."""

    EMPTY = "empty"  # nothing is due any more
    TIME = "time"  # more is due: ring again
    STOPPED = "stopped"  # paused or cancelled
    AWAY = "away"  # the mail server can't be reached; the sweeper rings again
    REFUSED = "refused"  # the mail server won't have us: pause, with `why`
    DRAINED = "drained"  # this process is asked to stop


@dataclass(frozen=True)
class Result:
    """How a slice ended, for people where it must pause, and how many messages it decided."""

    end: End
    why: str = ""
    decided: int = 0


def run_slice(
    engine: Engine,
    data_dir: Path,
    send_id: int,
    transport: Transport,
    writer: Writer,
    policy: Policy | None = None,
) -> Result:
    """Send what is due of a send for about `policy.seconds`. Safe to run several at once, and after any kind of death."""
    policy = policy or Policy()
    with _draining() as is_draining, Presence(engine, data_dir, send_id) as presence:
        work = _Slice(Store(engine, presence, policy.retries), transport, writer, policy, is_draining)
        result = work.run()
    log.info("slice.ended", send_id=send_id, end=result.end, decided=result.decided)
    return result


@dataclass
class _Offer:
    row: Claimed
    lane: Lane
    envelope: Envelope
    outcome: Outcome | None


class _Stop(Exception):
    """Ends the slice; everything still claimed goes back."""

    def __init__(self, end: End, why: str = "", pause: timedelta | None = None) -> None:
        super().__init__(why)
        self.end = end
        self.why = why
        self.pause = pause


class _Slice:
    def __init__(
        self,
        store: Store,
        transport: Transport,
        writer: Writer,
        policy: Policy,
        is_draining: Callable[[], bool],
    ) -> None:
        self.store = store
        self.transport = transport
        self.writer = writer
        self.policy = policy
        self.is_draining = is_draining
        self.deadline = time.monotonic() + policy.seconds
        self.last_beat = time.monotonic()
        self.lanes: list[Lane] = []
        self.rows: deque[Claimed] = deque()
        self.renderings: dict[int, bytes] = {}
        self.pending: list[Decided] = []  # outcomes that the next commit will note
        self.decided = 0

    def run(self) -> Result:
        """Rounds until something ends the slice; then what is held goes back."""
        try:
            while True:
                self.round()
        except _Stop as stop:
            self.flush()
            self.store.release(stop.pause)
            return Result(stop.end, stop.why, self.decided)
        finally:
            for lane in self.lanes:
                lane.close()

    def round(self) -> None:
        """One message on each lane: offered, committed, handed over, answered."""
        self.tick()
        offers = self.offer()
        failpoints.hit("before-commit")
        made = self.store.commit_round([offer.row for offer in offers], self.pending)
        self.pending = []
        failpoints.hit("after-commit")
        moved = [offer for offer in offers if offer.row.id in made.moved]
        for offer in offers:
            if offer.row.id not in made.moved and offer.outcome is None:
                offer.lane.drop()
        self.hand_over(moved)
        self.note(moved)
        if made.stopped:
            raise _Stop(End.STOPPED)

    def offer(self) -> list[_Offer]:
        """The next due rows, one for each lane, announced to the server."""
        offers: list[_Offer] = []
        for lane in self.open_lanes():
            row = self.next_row()
            while row is not None:
                envelope = self.write(row, lane.form)
                if envelope is not None:
                    offers.append(_Offer(row, lane, envelope, lane.offer(envelope)))
                    break
                row = self.next_row()
            if row is None:
                break
        if not offers:
            raise _Stop(End.EMPTY)
        return offers

    def hand_over(self, offers: list[_Offer]) -> None:
        """All bodies leave, then all answers are awaited."""
        waiting = [offer for offer in offers if offer.outcome is None]
        for offer in waiting:
            offer.outcome = offer.lane.push(offer.envelope)
        failpoints.hit("after-dot")
        for offer in waiting:
            if offer.outcome is None:
                offer.outcome = offer.lane.settle()
        failpoints.hit("after-reply")

    def note(self, offers: list[_Offer]) -> None:
        """Keep the outcomes for the next commit; pause where the server wants nothing more of us."""
        done = [Decided(offer.row, offer.outcome) for offer in offers if offer.outcome is not None]
        self.pending += done
        self.decided += len(done)
        for each in done:
            if each.outcome.stop:
                raise _Stop(End.REFUSED, each.outcome.stop)

    def open_lanes(self) -> list[Lane]:
        """As many open connections as the policy wants, opened anew where one broke."""
        if not self.rows:
            self.claim()
        lanes = [lane for lane in self.lanes if lane.is_open]
        try:
            while len(lanes) < self.policy.lanes:
                lanes.append(self.transport.open(self.tick))
        except TransportAway as error:
            if not lanes:
                self.lanes = []
                self.store.trouble(error.message[:200])
                raise _Stop(End.AWAY, error.message, AWAY_PAUSE) from None
        except TransportRefuses as error:
            self.lanes = lanes
            raise _Stop(End.REFUSED, error.message) from None
        if lanes != self.lanes:
            self.store.trouble(None)
        self.lanes = lanes
        return lanes

    def next_row(self) -> Claimed | None:
        """The next claimed row, claiming more where needed; None when nothing is due."""
        if not self.rows:
            self.claim(may_be_empty=True)
        return self.rows.popleft() if self.rows else None

    def claim(self, may_be_empty: bool = False) -> None:
        """Take the next batch. Raises _Stop when there is none, the time is up or the process must end."""
        if not may_be_empty:
            if self.is_draining():
                raise _Stop(End.DRAINED)
            if time.monotonic() >= self.deadline:
                raise _Stop(End.TIME)
        self.rows.extend(self.store.claim(self.policy.batch))
        if not self.rows and self.pending:
            self.flush()  # what was put off a moment ago may be due again
            self.rows.extend(self.store.claim(self.policy.batch))
        failpoints.hit("after-claim")
        if not self.rows and not may_be_empty:
            raise _Stop(End.EMPTY)

    def write(self, row: Claimed, form: Form) -> Envelope | None:
        """The finished mail, or None when the row was set aside with its reason."""
        if not self.writer.may_mail(row.email):
            self.store.set_aside(row, DeliveryState.SUPPRESSED, "not on the allow-list")
            return None
        try:
            if row.rendering_id not in self.renderings:
                self.renderings[row.rendering_id] = self.store.rendering(row.rendering_id)
            return self.writer.envelope(row, self.renderings[row.rendering_id], form)
        except AppError as error:
            self.store.set_aside(row, DeliveryState.FAILED, error.message)
        except Exception:
            # One contact whose data breaks the writing must not stop the others.
            log.exception("delivery.unwritable", delivery_id=row.id)
            self.store.set_aside(row, DeliveryState.FAILED, "The mail for this person can’t be written")
        return None

    def tick(self) -> None:
        """Now and then, also while waiting for the server: note outcomes, say that we live, keep the lease."""
        if time.monotonic() - self.last_beat >= HEARTBEAT_SECONDS:
            self.flush()
            self.store.beat()
            self.last_beat = time.monotonic()
        if (self.is_draining() or time.monotonic() >= self.deadline) and self.rows:
            self.rows.clear()  # they go back with the release

    def flush(self) -> None:
        """Note outcomes now."""
        if self.pending:
            pending, self.pending = self.pending, []
            self.store.record(pending)
            failpoints.hit("after-outcome")


@contextmanager
def _draining() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM came: the round in flight finishes, the rest goes back at once."""
    told: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def remember(number: int, _frame: FrameType | None) -> None:
        told.append(number)

    before = signal.signal(signal.SIGTERM, remember)
    try:
        yield lambda: bool(told)
    finally:
        signal.signal(signal.SIGTERM, before)
        if told:
            signal.raise_signal(signal.SIGTERM)
