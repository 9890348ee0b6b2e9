"""What the engine and a transport say to each other: envelopes in, events out, and the two ways a transport gives up.

A lane is one connection; once it is open nothing it does waits for the other side. In a round every lane that was invited hands
over one message, after the write-ahead commit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from app.errors import External

Form = Literal["8bit", "qp"]
Tick = Callable[[], None]


class Verdict(StrEnum):
    """What became of one message."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LATER = "later"  # certainly not accepted; trying again may help
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict with its reason for people, and the server's last words (addresses taken out).

    `is_fault` is False where a message was put off through no fault of its own (throttling): no attempt is counted.
    `stop` says why the whole campaign must pause, if it must.
    """

    verdict: Verdict
    reason: str = ""
    reply: str = ""
    is_fault: bool = True
    stop: str = ""


@dataclass(slots=True)
class Envelope:
    """Who it is from and to on the wire, and the body's bytes: CRLF lines, dots not stuffed. `tag` names the delivery, opaquely.

    `stuffed`: the same with dots doubled as DATA wants it, where that is known already.
    """

    sender: str
    recipient: str
    body: bytes
    tag: str = ""
    stuffed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Invited:
    """The other side waits for the body of the announced message."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The announced message was refused, or the line broke before its end could leave: surely not accepted."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the message that was handed over."""

    outcome: Outcome


Event = Invited | Declined | Settled


class TransportAway(External):
    """The mail server can't be reached just now. Nothing was handed over; trying again helps."""


class TransportRefuses(External):
    """The mail server won't work with us until a person mends something: `message` says what."""

    permanent = True


class Lane(Protocol):
    """One open connection of a transport, on which at most one message is announced and one handed over."""

    @property
    def form(self) -> Form:
        """Which form of a mail the other side takes."""

    @property
    def is_open(self) -> bool:
        """Whether it can still be used. What was handed over is settled before it closes by itself."""

    @property
    def can_announce(self) -> bool:
        """Whether another message may be announced now."""

    @property
    def wants_write(self) -> bool:
        """Whether bytes wait for the network to take them."""

    @property
    def deadline(self) -> float:
        """When to call `expire` (time.monotonic); infinity while nothing is awaited."""

    def fileno(self) -> int:
        """What to select on."""

    def announce(self, envelope: Envelope) -> list[Event]:
        """Say who it is from and to. Nothing can be accepted yet; the answer comes as Invited or Declined, now or from `advance`."""

    def hand_over(self, following: Envelope | None) -> list[Event]:
        """The announced message leaves, with its end; `following` is announced behind it. The answer comes as Settled."""

    def drop(self) -> None:
        """Take back what is announced: the connection closes once what was handed over is settled, or at once."""

    def advance(self) -> list[Event]:
        """Do what can be done without waiting, when there is something to read or room to write."""

    def expire(self) -> list[Event]:
        """The deadline passed: give up, and say what that means for each message."""

    def close(self) -> None:
        """Say goodbye; never raises."""


class Transport(Protocol):
    """Opens lanes. Raises TransportAway or TransportRefuses."""

    def open(self, tick: Tick) -> Lane:
        """A new lane; this may wait, and `tick` is called at least once a second meanwhile. Called from several threads."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: seconds until it may be asked again, for `everyone` or only for this receiving domain."""

    seconds: float
    everyone: bool


class Limits(Protocol):
    """How fast messages may go, over all workers. Asked once a message, so it must be cheap."""

    def take(self, domain: str) -> Wait | None:
        """None: one message to this domain may go now, and is counted."""

    def give_back(self, domain: str) -> None:
        """It was not sent after all."""

    def close(self) -> None:
        """Give back what was set apart for this worker and not used."""


class Unlimited:
    """No limits at all."""

    def take(self, domain: str) -> Wait | None:
        """Always now."""
        return None

    def give_back(self, domain: str) -> None:
        """Nothing was counted."""

    def close(self) -> None:
        """Nothing was set apart."""
