"""The rounds of a slice: announce on many connections, commit those that were invited together, hand them over, note the answers.

The database is told before a byte of a body leaves, and no transaction is open while the network is waited for (docs/delivery.md).
"""

import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.delivery import failpoints
from app.delivery.intake import Intake, Writer
from app.delivery.lanes import Lanes, Seat
from app.delivery.outcomes import Claimed, Decided
from app.delivery.policy import End, Policy, Result
from app.delivery.presence import HEARTBEAT_SECONDS, LEASE
from app.delivery.store import Store
from app.delivery.wire import Declined, Event, Invited, Outcome, Settled, Verdict

log = structlog.get_logger(__name__)

AWAY_PAUSE = timedelta(seconds=10)
SALVAGE_SECONDS = 40.0  # for so long a slice tries to write down what it knows when the database is away
_DATABASE_TROUBLE = (SQLAlchemyError, sqlite3.Error)
_NOTED_WITHIN = 0.5  # seconds after which outcomes are written down though no round came
_ROWS_A_LANE = 5  # a connection is opened for so many rows
LONGEST = 240.0  # seconds that it takes on more at most; with ten minutes for the last answer it ends before its job must
_FRESH = LEASE.total_seconds()  # for so long after its commit began a round may leave
_LEAST = 2.0  # seconds that a slice lasts though others wait


@dataclass
class Going:
    """A commit that is under way: the rows on their seats and those refused before it, and the outcomes that it writes down."""

    ready: list[tuple[Seat, Claimed]]
    refused: list[Decided]
    noted: list[Decided]
    began: float
    declined: dict[int, Outcome] = field(default_factory=dict)  # of its rows, by id, since it began

    @property
    def rows(self) -> list[Claimed]:
        """All rows that are to move."""
        return [*(row for _, row in self.ready), *(each.row for each in self.refused)]


class Slice:
    """Rows go: claimed → announced on a seat → invited → (commit) → handed over → decided → pending → written down."""

    def __init__(
        self, store: Store, lanes: Lanes, writer: Writer, policy: Policy, is_draining: Callable[[], bool]
    ) -> None:
        self.store = store
        self.lanes = lanes
        self.policy = policy
        self.is_draining = is_draining
        self.intake = Intake(store, writer, policy.limits, policy.batch)
        self.started = self.last_beat = self.last_look = self.last_minded = time.monotonic()
        self.refused: list[Decided] = []  # declined before their commit: the next round commits them first
        self.pending: list[Decided] = []  # outcomes that the next commit writes down
        self.pending_since = 0.0
        self.going: Going | None = None  # the commit that is under way
        self.troubled = True  # the send may say that its server can't be reached
        self.has_slept = False
        self.has_heard = False  # the other side had something to say a moment ago, and may have more
        self.takes_until = self.started + policy.seconds
        self.ended_at = 0.0  # when its time was up though an answer was missing
        self.end: End | None = None
        self.why = ""
        self.pause: timedelta | None = None
        self.decided = 0

    def run(self) -> Result:
        """Rounds until something ends the slice; then what is held goes back. Raises what the database raised if it stays away."""
        try:
            while not self.is_done():
                self.has_heard = self.listen(self.lanes.wait(self.patience()))
                self.tick()
                self.fill()
                self.round()
            self.flush()
            self.intake.give_back()
            self.store.release(self.pause)
        except _DATABASE_TROUBLE as error:
            self.salvage(error)
        finally:
            self.policy.limits.close()
        return Result(self.end or End.EMPTY, self.why, self.decided)

    def is_done(self) -> bool:
        """Whether nothing more can happen in this slice; says why it ends."""
        if self.going or self.refused or any(seat.is_busy for seat in self.lanes.seats):
            return False
        if self.end is None and self.intake.is_empty:
            self.flush()  # what was put off a moment ago may be due again
            if self.intake.is_over():
                self.end = End.EMPTY
        return self.end is not None

    def finish(self, end: End, why: str = "", pause: timedelta | None = None) -> None:
        """Take on nothing more; what is handed over is waited for. The first reason counts."""
        if self.end is not None:
            return
        self.end, self.why, self.pause = end, why, pause
        self.intake.rows.clear()  # they go back with the release
        if end is not End.TIME:
            for seat in list(self.lanes.seats):
                if seat.announced is not None and not seat.invited:
                    self.drop(seat)

    def patience(self) -> float:
        """How long to wait for the network: not at all while there is something to take on."""
        if self.has_heard:
            return 0.0
        if self.end is None and self.intake.rows and any(_is_free(seat) for seat in self.lanes.seats):
            return max(0.0, min(0.25, self.intake.held_until - time.monotonic()))
        return 0.25 if self.lanes.seats or self.lanes.is_opening or self.intake.dry else 0.0

    # Taking on

    def fill(self) -> None:
        """Announce the next rows on the seats that are free."""
        if self.end is not None or self.intake.is_held or not self.intake.has_more():
            return
        self.open()
        for seat in list(self.lanes.seats):
            while _is_free(seat):
                mail = self.intake.next_mail(seat.lane.form)
                if mail is None:
                    return
                seat.announced, envelope = mail
                self.listen((seat, event) for event in seat.lane.announce(envelope))
                self.lanes.watch(seat)

    def open(self) -> None:
        """Open connections for what is held; give up where none can be had."""
        self.lanes.open(min(self.policy.lanes, 1 + len(self.intake.rows) // _ROWS_A_LANE))
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

    # Rounds

    def round(self) -> None:
        """Commit the rows whose bodies are invited, and hand over those that moved; outcomes ride in the same commit.

        One commit is under way at a time. Where the database lets us, the network is listened to meanwhile.
        """
        if self.going is not None:
            self.land(wait=False)
        if self.going is not None:
            return
        ready = [(seat, seat.announced) for seat in self.lanes.seats if seat.invited and seat.announced]
        if self.has_heard and 2 * len(ready) < len(self.lanes.seats):
            return  # a commit costs the same for one row as for forty: those that are about to be invited come along
        if ready or self.refused:
            failpoints.hit("before-commit")
            self.begin(ready)
            self.land(wait=False)

    def begin(self, ready: list[tuple[Seat, Claimed]]) -> None:
        """Begin a commit of these rows, of those that were refused, and of all outcomes that are pending."""
        self.going = going = Going(ready, self.refused, self.pending, time.monotonic())
        self.refused, self.pending = [], []
        self.store.begin_round(going.rows, going.noted)
        self.lanes.wake_for(self.store.round_fileno())

    def land(self, wait: bool) -> None:
        """End the commit that is under way, if it is durable or may be waited for, and let go what moved."""
        going = self.going
        moved = None if going is None else self.store.end_round(wait)
        if going is None or moved is None:
            return
        self.going = None
        self.lanes.wake_for(None)
        failpoints.hit("after-commit")
        if any(each.outcome.verdict is Verdict.LATER for each in going.noted):
            self.intake.dry = False  # what is put off may be claimed again
        self.note(d for d in going.refused if d.row.id in moved)
        self.leave(going, set(moved))
        failpoints.hit("after-dot")
        if len(moved) < len(going.rows) and self.store.is_stopped():
            self.finish(End.STOPPED)

    def leave(self, going: Going, moved: set[int]) -> None:
        """Hand over what moved, once: a row that was lost in a sleep and claimed again may stand on two seats.

        Nothing leaves long after the commit began: who slept that long between it and here may have been given up by now.
        """
        too_late = []
        for seat, row in going.ready:
            if seat.announced is not row:
                if row.id in moved and row.id in going.declined:
                    moved.discard(row.id)
                    self.note([Decided(row, going.declined[row.id])])
                continue
            if row.id in moved:
                moved.discard(row.id)
                if self.hand_over(seat, going.began + _FRESH):
                    continue
                too_late.append(row.id)
            self.drop(seat)
        if too_late:
            log.warning("slice.slept", send_id=self.store.send_id, rows=len(too_late))
            self.store.never_left(too_late)

    def hand_over(self, seat: Seat, until: float) -> bool:
        """The body leaves, and the next message is announced behind it. False, and nothing leaves, where it is later than `until`."""
        mail = self.intake.next_mail(seat.lane.form) if self.end is None else None
        following, envelope = mail or (None, None)
        if time.monotonic() >= until:  # as late as can be: writing the next mail takes its time, too
            if following is not None:
                self.intake.not_sent(following)
                self.intake.rows.appendleft(following)
            return False
        seat.flying, seat.announced, seat.invited = seat.announced, following, False
        self.listen((seat, event) for event in seat.lane.hand_over(envelope))
        self.lanes.watch(seat)
        return True

    def drop(self, seat: Seat) -> None:
        """A row that may not go: the connection closes without its dot, so that nothing of it can be accepted."""
        if seat.announced is not None:
            self.intake.not_sent(seat.announced)
        seat.announced, seat.invited = None, False
        seat.lane.drop()
        self.lanes.watch(seat)

    def listen(self, events: Iterable[tuple[Seat, Event]]) -> bool:
        """What the other side said; whether it said anything."""
        heard = False
        for seat, event in events:
            heard = True
            if isinstance(event, Settled):
                failpoints.hit("after-reply")
                row, seat.flying = seat.flying, None
                if row is not None:
                    self.note([Decided(row, event.outcome)])
            elif isinstance(event, Invited):
                seat.invited = seat.announced is not None
            else:
                self.declined(seat, event)
        return heard

    def declined(self, seat: Seat, event: Declined) -> None:
        """The announced row was refused, before it was handed over."""
        row, seat.announced, seat.invited = seat.announced, None, False
        if row is None:
            return
        self.intake.not_sent(row)
        if self.going is not None and any(row is each for _, each in self.going.ready):
            self.going.declined[row.id] = event.outcome  # noted when its commit has ended
        else:
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
        if self.pending and (moment - self.pending_since >= _NOTED_WITHIN or self.is_quiet()):
            self.flush()
        if moment - self.last_look < 0.2:
            return
        if moment - self.last_look >= _FRESH:
            self.has_slept = True  # others may take it for dead: it ends
            self.finish(End.TIME)
        self.last_look = moment
        self.listen(self.lanes.expired())
        self.intake.give_back()
        if self.is_draining():
            self.finish(End.DRAINED)
        elif moment >= self.takes_until or self.is_late():
            self.finish(End.TIME)
        if self.end is End.TIME:
            self.go_on(moment)
        if moment - self.last_minded >= 1.0:
            self.last_minded = moment
            self.mind_others(moment)
        if moment - self.last_beat >= HEARTBEAT_SECONDS:
            self.last_beat = moment
            self.store.beat()

    def go_on(self, moment: float) -> None:
        """A slow answer keeps a slice here though its time is up (ten minutes, RFC 5321): unless somebody waits for its worker, it sends on."""
        self.ended_at = self.ended_at or moment
        hangs = any(seat.flying for seat in self.lanes.seats)
        if not hangs or self.has_slept or moment - self.ended_at < _LEAST or moment - self.started > LONGEST:
            return
        if self.is_late() or self.is_draining() or self.policy.others_wait():
            self.ended_at = moment  # asked again in a while
            return
        self.store.release(None)  # what it still held when its time was up
        self.end, self.ended_at, self.intake.dry = None, 0.0, False
        self.takes_until = min(moment + self.policy.seconds, self.started + LONGEST)

    def is_quiet(self) -> bool:
        """Whether a limit holds everything back and every answer is in: what is written down now can't become uncertain any more."""
        return self.intake.is_held and not any(seat.flying for seat in self.lanes.seats)

    def is_late(self) -> bool:
        """Whether the window in which this send may go has closed."""
        return self.policy.until is not None and clock.now() >= self.policy.until

    def mind_others(self, moment: float) -> None:
        """Let other sends have this worker where they wait for one; act on a pause although no round comes."""
        if self.end is None and moment - self.started >= _LEAST and self.policy.others_wait():
            self.finish(End.TIME)
        if self.end is None and self.store.is_stopped():
            self.finish(End.STOPPED)

    def flush(self) -> None:
        """Write outcomes down now."""
        if self.pending and self.going is None:
            self.begin([])
            self.land(wait=True)
            failpoints.hit("after-outcome")

    def salvage(self, error: Exception) -> None:
        """The database went away: nothing more leaves, answers that are due are heard, and all that is known is written once it is back.

        Raises `error` if it stays away: the sweeper then finds what was handed over and calls it uncertain.
        """
        log.warning("slice.database_away", send_id=self.store.send_id, error=type(error).__name__)
        kept = [seat.announced for seat in self.lanes.seats if seat.announced is not None]
        kept += [each.row for each in self.refused] + self.take_back()
        flying = {seat.flying.id for seat in self.lanes.seats if seat.flying is not None}
        kept = [row for row in kept if row.id not in flying]
        self.refused = []
        self.finish(End.TIME)
        for seat in list(self.lanes.seats):
            if seat.announced is not None:
                self.drop(seat)
        until = time.monotonic() + SALVAGE_SECONDS
        while time.monotonic() < until:
            self.listen(self.lanes.wait(0.25))
            self.listen(self.lanes.expired())
            try:
                self.store.reopen()
                self.begin([])
                self.land(wait=True)
                if not any(seat.flying for seat in self.lanes.seats):
                    self.store.never_left([row.id for row in kept])
                    self.store.release(None)
                    return
            except _DATABASE_TROUBLE:
                self.take_back()
                time.sleep(0.25)
        raise error

    def take_back(self) -> list[Claimed]:
        """Give up the commit that is under way: its outcomes are pending again; its rows, of which none was handed over."""
        going, self.going = self.going, None
        if going is None:
            return []
        self.lanes.wake_for(None)
        self.pending = going.noted + self.pending
        return going.rows


def _is_free(seat: Seat) -> bool:
    return seat.announced is None and seat.lane.can_announce
