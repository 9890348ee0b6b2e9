"""One slice of a send: claim rows, announce them on many connections, and in rounds commit and hand over those that were invited.

The database is told before a byte of a body leaves, and no transaction is open while the network is waited for (docs/delivery.md).
"""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Protocol

import structlog
from sqlalchemy import Engine

from app import clock
from app.delivery import failpoints
from app.delivery.lanes import Lanes, Seat
from app.delivery.models import DeliveryState
from app.delivery.outcomes import Claimed, Decided, Retries
from app.delivery.presence import HEARTBEAT_SECONDS, Presence
from app.delivery.store import Store
from app.delivery.wire import (
    Declined,
    Envelope,
    Event,
    Form,
    Invited,
    Limits,
    Outcome,
    Settled,
    Transport,
    Unlimited,
    Verdict,
)
from app.errors import AppError

log = structlog.get_logger(__name__)

AWAY_PAUSE = timedelta(seconds=10)
_NOTED_WITHIN = 0.5  # seconds after which outcomes are written down though no round came
_ROWS_A_LANE = 5  # a connection is opened for so many rows
_LEAST = 2.0  # seconds that a slice lasts though others wait
_LONGEST_WAIT = 300.0  # seconds that a row is put off at most for its domain's limit


class Writer(Protocol):
    """Phase two of rendering: the finished mail for one row, or why there is none."""

    def may_mail(self, email: str) -> bool:
        """Whether this installation may mail the address at all."""

    def envelope(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        """The mail of this row. Raises AppError where the contact's data can't stand in a mail."""


@dataclass(frozen=True)
class Policy:
    """How a slice behaves. `seconds`: when it takes on no more, as after `until`; `lanes`: connections at most; `others_wait`: asked now and then."""

    seconds: float = 20
    batch: int = 500
    lanes: int = 1
    retries: Retries = field(default_factory=Retries)
    limits: Limits = field(default_factory=Unlimited)
    until: datetime | None = None
    others_wait: Callable[[], bool] = lambda: False


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
    with (
        _draining() as is_draining,
        Presence(engine, data_dir, send_id) as presence,
        Lanes(transport) as lanes,
    ):
        with Store(engine, presence, policy.retries) as store:
            result = _Slice(store, lanes, writer, policy, is_draining).run()
        policy.limits.close()
    log.info("slice.ended", send_id=send_id, end=result.end, decided=result.decided)
    return result


class _Slice:
    """Rows go deque → announced on a seat → invited → (commit) → handed over → decided → pending → written down."""

    def __init__(
        self, store: Store, lanes: Lanes, writer: Writer, policy: Policy, is_draining: Callable[[], bool]
    ) -> None:
        self.store = store
        self.lanes = lanes
        self.writer = writer
        self.policy = policy
        self.is_draining = is_draining
        self.started = self.last_beat = self.last_look = self.last_minded = time.monotonic()
        self.rows: deque[Claimed] = deque()
        self.renderings: dict[int, bytes] = {}
        self.refused: list[
            Decided
        ] = []  # declined before they were committed: the next round commits them first
        self.pending: list[Decided] = []  # outcomes that the next commit writes down
        self.pending_since = 0.0
        self.dry = False  # the last claim found nothing, and nothing has been put off since
        self.held_until = 0.0  # a limit for everyone holds us back
        self.put_off: list[tuple[Claimed, timedelta]] = []  # rows whose domain may get no more just now
        self.next_slot: dict[str, float] = {}  # when a domain's next row may be asked for again
        self.troubled = True  # the send may say that its server can't be reached
        self.end: End | None = None
        self.why = ""
        self.pause: timedelta | None = None
        self.decided = 0

    def run(self) -> Result:
        """Rounds until something ends the slice; then what is held goes back."""
        while True:
            self.tick()
            self.fill()
            self.round()
            if self.is_done():
                break
            self.listen(self.lanes.wait(self.patience()))
        self.flush()
        self.give_back()
        self.store.release(self.pause)
        return Result(self.end or End.EMPTY, self.why, self.decided)

    def is_done(self) -> bool:
        """Whether nothing more can happen in this slice; says why it ends."""
        if self.refused or any(seat.is_busy for seat in self.lanes.seats):
            return False
        if self.end is None and self.dry and not self.rows:
            if self.pending:
                self.flush()  # what was put off a moment ago may be due again
            if self.dry:
                self.end = End.EMPTY
        return self.end is not None

    def finish(self, end: End, why: str = "", pause: timedelta | None = None) -> None:
        """Take on nothing more; what is handed over is waited for. The first reason counts."""
        if self.end is not None:
            return
        self.end, self.why, self.pause = end, why, pause
        self.rows.clear()  # they go back with the release
        if end is not End.TIME:
            for seat in list(self.lanes.seats):
                if seat.announced is not None and not seat.invited:
                    self.drop(seat)

    def patience(self) -> float:
        """How long to wait for the network."""
        if self.held_until:
            return max(0.0, min(0.25, self.held_until - time.monotonic()))
        return 0.25

    # Taking on

    def fill(self) -> None:
        """Announce the next rows on the seats that are free."""
        if self.end is not None or time.monotonic() < self.held_until:
            return
        self.held_until = 0.0
        if not self.rows and not self.claim():
            return
        self.open()
        for seat in list(self.lanes.seats):
            while self.lanes_may_take(seat):
                row, envelope = self.next_mail(seat.lane.form)
                if row is None or envelope is None:
                    return
                seat.announced = row
                self.listen((seat, event) for event in seat.lane.announce(envelope))
                self.lanes.watch(seat)

    def lanes_may_take(self, seat: Seat) -> bool:
        """Whether this seat is free for another announcement."""
        return seat.announced is None and seat.lane.can_announce

    def open(self) -> None:
        """Open connections for what is held; give up where none can be had."""
        self.lanes.open(min(self.policy.lanes, 1 + len(self.rows) // _ROWS_A_LANE))
        if self.lanes.seats and self.troubled:
            self.store.trouble(None)
            self.troubled = False
        if self.lanes.seats or self.lanes.is_opening:
            return
        if self.lanes.refused is not None:
            self.finish(End.REFUSED, self.lanes.refused.message)
        elif self.lanes.away is not None:
            self.store.trouble(self.lanes.away.message[:200])
            self.finish(End.AWAY, self.lanes.away.message, AWAY_PAUSE)

    def claim(self) -> bool:
        """Take the next batch, unless there was none a moment ago. False when nothing is held."""
        if not self.dry:
            self.rows.extend(self.store.claim(self.policy.batch))
            self.dry = not self.rows
            failpoints.hit("after-claim")
        return bool(self.rows)

    def next_mail(self, form: Form) -> tuple[Claimed | None, Envelope | None]:
        """The next row that may go now with its finished mail; (None, None) when there is none just now."""
        while self.end is None and (self.rows or self.claim()):
            row = self.rows.popleft()
            envelope = self.write(row, form)
            if envelope is None:
                continue
            wait = self.policy.limits.take(row.email.rpartition("@")[2])
            if wait is None:
                return row, envelope
            if wait.everyone:
                self.rows.appendleft(row)
                self.held_until = time.monotonic() + wait.seconds
                break
            self.put_off.append((row, self.slot(row, wait.seconds)))
        return None, None

    def slot(self, row: Claimed, seconds: float) -> timedelta:
        """How long this row waits behind the others of its domain, so that not all of them come back at once."""
        domain, moment = row.email.rpartition("@")[2], time.monotonic()
        slot = max(self.next_slot.get(domain, 0.0), moment) + seconds
        self.next_slot[domain] = min(slot, moment + _LONGEST_WAIT)
        return timedelta(seconds=self.next_slot[domain] - moment)

    def write(self, row: Claimed, form: Form) -> Envelope | None:
        """The finished mail, or None when the row was set aside with its reason."""
        if not self.writer.may_mail(row.email):
            self.store.set_aside(row, DeliveryState.SUPPRESSED, "not on the allow-list")
            return None
        try:
            segments = self.renderings.get(row.rendering_id)
            if segments is None:
                segments = self.renderings[row.rendering_id] = self.store.rendering(row.rendering_id)
            return self.writer.envelope(row, segments, form)
        except AppError as error:
            self.store.set_aside(row, DeliveryState.FAILED, error.message)
        except Exception:
            # One contact whose data breaks the writing must not stop the others.
            log.exception("delivery.unwritable", delivery_id=row.id)
            self.store.set_aside(row, DeliveryState.FAILED, "The mail for this person can’t be written")
        return None

    # Rounds

    def round(self) -> None:
        """Commit the rows whose bodies are invited, and hand over those that moved; outcomes ride in the same commit."""
        ready = [seat for seat in self.lanes.seats if seat.invited]
        if not ready and not self.refused:
            return
        failpoints.hit("before-commit")
        refused, self.refused = self.refused, []
        rows = [seat.announced for seat in ready if seat.announced is not None]
        moved = self.store.commit_round([*rows, *(d.row for d in refused)], self.written())
        failpoints.hit("after-commit")
        self.note(d for d in refused if d.row.id in moved)
        for seat in ready:
            if seat.announced is not None and seat.announced.id in moved:
                self.hand_over(seat)
            else:
                self.drop(seat)
        failpoints.hit("after-dot")
        if len(moved) < len(rows) + len(refused) and self.store.is_stopped():
            self.finish(End.STOPPED)

    def hand_over(self, seat: Seat) -> None:
        """The body leaves, and the next message is announced behind it."""
        seat.flying, seat.announced, seat.invited = seat.announced, None, False
        following = None
        if self.end is None and time.monotonic() >= self.held_until:
            seat.announced, following = self.next_mail(seat.lane.form)
        self.listen((seat, event) for event in seat.lane.hand_over(following))
        self.lanes.watch(seat)

    def drop(self, seat: Seat) -> None:
        """A row that may not go: the connection closes without its dot, so that nothing of it can be accepted."""
        if seat.announced is not None:
            self.policy.limits.give_back(seat.announced.email.rpartition("@")[2])
        seat.announced, seat.invited = None, False
        seat.lane.drop()
        self.lanes.watch(seat)

    def listen(self, events: Iterable[tuple[Seat, Event]]) -> None:
        """What the other side said."""
        for seat, event in events:
            if isinstance(event, Settled):
                failpoints.hit("after-reply")
                row, seat.flying = seat.flying, None
                if row is not None:
                    self.note([Decided(row, event.outcome)])
            elif isinstance(event, Invited):
                seat.invited = seat.announced is not None
            else:
                self.declined(seat, event)

    def declined(self, seat: Seat, event: Declined) -> None:
        """The announced row was refused. If it had been committed, the line broke as it was to leave."""
        row, seat.announced = seat.announced, None
        seat.invited = False
        if row is not None:
            self.policy.limits.give_back(row.email.rpartition("@")[2])
            self.refused.append(Decided(row, event.outcome))
            self.look_for_stop(event.outcome)

    def note(self, decided: Iterable[Decided]) -> None:
        """Keep outcomes for the next commit."""
        for each in decided:
            if not self.pending:
                self.pending_since = time.monotonic()
            self.pending.append(each)
            self.decided += 1
            self.look_for_stop(each.outcome)

    def look_for_stop(self, outcome: Outcome) -> None:
        """Pause where the server wants nothing more of us."""
        if outcome.stop:
            self.finish(End.REFUSED, outcome.stop)

    # Housekeeping

    def tick(self) -> None:
        """Now and then: note outcomes, say that we live, keep the lease, see whether it is time to end."""
        moment = time.monotonic()
        if self.pending and moment - self.pending_since >= _NOTED_WITHIN:
            self.flush()
        if moment - self.last_look < 0.2:
            return
        self.last_look = moment
        self.listen(self.lanes.expired())
        self.give_back()
        if self.is_draining():
            self.finish(End.DRAINED)
        elif moment - self.started >= self.policy.seconds or self.is_late():
            self.finish(End.TIME)
        if moment - self.last_minded >= 1.0:
            self.last_minded = moment
            self.mind_others(moment)
        if moment - self.last_beat >= HEARTBEAT_SECONDS:
            self.last_beat = moment
            self.store.beat()

    def is_late(self) -> bool:
        """Whether the window in which this send may go has closed."""
        return self.policy.until is not None and clock.now() >= self.policy.until

    def mind_others(self, moment: float) -> None:
        """Let other sends have this worker where they wait for one; act on a pause although no round comes."""
        if self.end is None and moment - self.started >= _LEAST and self.policy.others_wait():
            self.finish(End.TIME)
        if self.end is None and self.store.is_stopped():
            self.finish(End.STOPPED)

    def give_back(self) -> None:
        """Rows that wait for their domain's limit become ready again, not before their slot."""
        if self.put_off:
            put_off, self.put_off = self.put_off, []
            self.store.put_off(put_off)

    def flush(self) -> None:
        """Write outcomes down now."""
        if self.pending:
            self.store.record(self.written())
            failpoints.hit("after-outcome")

    def written(self) -> list[Decided]:
        """The outcomes that are about to be written down; what is put off may be claimed again after that."""
        pending, self.pending = self.pending, []
        if any(each.outcome.verdict is Verdict.LATER for each in pending):
            self.dry = False
        return pending


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
