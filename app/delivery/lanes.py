"""The open connections of one slice: opened on threads, watched by one selector, never waited for one by one.

A seat is a lane with the rows on it: at most one announced, one handed over.
"""

import selectors
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from app.delivery.outcomes import Claimed
from app.delivery.wire import Event, Lane, Transport, TransportAway, TransportRefuses

_OPENERS = 8
_AGAIN = 1.0  # seconds before another connection is tried where one was refused
_READ = selectors.EVENT_READ
_BOTH = selectors.EVENT_READ | selectors.EVENT_WRITE


class Seat:
    """A lane and its rows. `invited`: the other side waits for the announced one's body."""

    __slots__ = ("announced", "flying", "interest", "invited", "lane", "number")

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.number = lane.fileno()
        self.announced: Claimed | None = None
        self.flying: Claimed | None = None
        self.invited = False
        self.interest = _READ

    @property
    def is_busy(self) -> bool:
        """Whether a row's fate hangs on this seat."""
        return self.announced is not None or self.flying is not None


class Lanes:
    """Opens and watches up to as many connections as are wanted. Use as a context."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.seats: list[Seat] = []
        self.away: TransportAway | None = None
        self.refused: TransportRefuses | None = None
        self._selector = selectors.DefaultSelector()
        self._openers = ThreadPoolExecutor(_OPENERS, thread_name_prefix="open")
        self._opening: set[Future[Lane]] = set()
        self._not_before = 0.0
        self._woken_for: int | None = None

    def __enter__(self) -> "Lanes":
        return self

    def __exit__(self, *_: object) -> None:
        for seat in self.seats:
            seat.lane.close()
        self._selector.close()
        for future in self._opening:
            future.cancel()
            future.add_done_callback(_hang_up)
        self._openers.shutdown(wait=False)

    @property
    def is_opening(self) -> bool:
        """Whether a connection is on its way."""
        return bool(self._opening)

    def open(self, count: int) -> None:
        """See to it that `count` connections are open or on their way."""
        missing = count - len(self.seats) - len(self._opening)
        if missing > 0 and time.monotonic() >= self._not_before:
            for _ in range(missing):
                self._opening.add(self._openers.submit(self.transport.open, _no_tick))

    def wait(self, seconds: float) -> Iterator[tuple[Seat, Event]]:
        """What happened on any lane, waiting for at most so long when nothing did."""
        if self._opening:
            seconds = min(seconds, 0.005)
            self._arrive()
        for key, _ in self._selector.select(seconds):
            seat: Seat | None = key.data
            if seat is None:
                continue  # what it was to be woken for is not a lane's
            for event in seat.lane.advance():
                yield seat, event
            self.watch(seat)

    def wake_for(self, number: int | None) -> None:
        """Let `wait` also end when this file is readable, and no other than a lane's; None: only for lanes."""
        if self._woken_for is not None:
            self._selector.unregister(self._woken_for)
        if number is not None:
            self._selector.register(number, _READ, None)
        self._woken_for = number

    def expired(self) -> Iterator[tuple[Seat, Event]]:
        """What the lanes whose other side took too long have to say."""
        moment = time.monotonic()
        for seat in list(self.seats):
            if seat.lane.deadline < moment:
                for event in seat.lane.expire():
                    yield seat, event
                self.watch(seat)

    def watch(self, seat: Seat) -> None:
        """After anything was done with a lane: watch it for what it wants now, or let it go when it closed."""
        if not seat.lane.is_open and seat.flying is None and seat.announced is None:
            self._let_go(seat)
            return
        interest = _BOTH if seat.lane.wants_write else _READ
        if interest != seat.interest:
            self._selector.modify(seat.number, interest, seat)
            seat.interest = interest

    def _let_go(self, seat: Seat) -> None:
        if seat in self.seats:
            self.seats.remove(seat)
            self._selector.unregister(seat.number)
            seat.lane.close()

    def _arrive(self) -> None:
        for future in [f for f in self._opening if f.done()]:
            self._opening.discard(future)
            try:
                seat = Seat(future.result())
            except TransportAway as error:
                self.away = error
                self._not_before = time.monotonic() + _AGAIN
            except TransportRefuses as error:
                self.refused = error
                self._not_before = time.monotonic() + _AGAIN
            else:
                self.away = self.refused = None
                self._selector.register(seat.number, _READ, seat)
                self.seats.append(seat)


def _hang_up(future: "Future[Lane]") -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().close()


def _no_tick() -> None:
    """The slice's own loop keeps its heartbeat while a thread opens a connection."""
