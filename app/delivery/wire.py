"""What the engine and a transport say to each other: envelopes in, outcomes out, and the two ways a transport gives up.

A lane is one connection. In a round every lane gets one message: `offer` before the write-ahead commit, `push` and `settle` after it.
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Envelope:
    """Who it is from and to on the wire, and the body's bytes: CRLF lines, dots not stuffed. `tag` names the delivery, opaquely."""

    sender: str
    recipient: str
    body: bytes
    tag: str = ""


class TransportAway(External):
    """The mail server can't be reached just now. Nothing was handed over; trying again helps."""


class TransportRefuses(External):
    """The mail server won't work with us until a person mends something: `message` says what."""

    permanent = True


class Lane(Protocol):
    """One connection of a transport."""

    @property
    def form(self) -> Form:
        """Which form of a mail the other side takes."""

    @property
    def is_open(self) -> bool:
        """Whether another message can go over it."""

    def offer(self, envelope: Envelope) -> Outcome | None:
        """Announce a message. None: the other side waits for the body. Safe to forget: nothing is accepted yet."""

    def push(self, envelope: Envelope) -> Outcome | None:
        """Hand over the body with its end. An outcome means that it failed before the end, so surely not accepted."""

    def settle(self) -> Outcome:
        """Wait for the answer to what was pushed."""

    def drop(self) -> None:
        """Take back an offer: the connection closes, so that nothing of it can be accepted."""

    def close(self) -> None:
        """Say goodbye."""


class Transport(Protocol):
    """Opens lanes. Raises TransportAway or TransportRefuses."""

    def open(self, tick: Tick) -> Lane:
        """A new lane; `tick` is called at least once a second while the lane waits for the other side."""
