"""Amazon SES v2: the finished mail goes out as raw bytes over boto3, one attempt and no hidden retry.

SES has no moment before which nothing is accepted, so whatever is neither a clear yes nor a clear no is uncertain.
"""

import random
import re
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future

from app.delivery.ses_errors import QUOTA_USED_UP, THROTTLED, of_error
from app.delivery.ses_service import Client, Service, shared
from app.delivery.wire import (
    Declined,
    Envelope,
    Event,
    Form,
    Invited,
    Outcome,
    Settled,
    Tick,
    TransportRefuses,
    Verdict,
)

_NEVER = float("inf")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")  # SES v2 API reference, MessageTag
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 4.0


class Pace:
    """How long this slice holds back after it was throttled: twice as long each time, half as long after each success.

    Each slice has its own, so that the send that was throttled slows down and the others do not.
    """

    def __init__(self) -> None:
        self.pause = 0.0
        self.until = 0.0

    def throttled(self) -> None:
        """The service asked to slow down. What was already under way at the last such answer counts once."""
        moment = time.monotonic()
        if moment < self.until:
            return
        self.pause = min(max(2 * self.pause, _FIRST_PAUSE), _LONGEST_PAUSE)
        self.until = moment + self.pause * random.uniform(0.5, 1.0)  # noqa: S311 – spreads workers, guards nothing

    def accepted(self) -> None:
        """A message was taken."""
        self.pause = self.pause / 2 if self.pause > 2 * _FIRST_PAUSE else 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether nothing should be sent just now."""
        return time.monotonic() < self.until


class SesTransport:
    """Lanes of one slice. They share a client, its connections and its threads with the rest of this process."""

    def __init__(
        self,
        region: str,
        endpoint: str = "",
        lanes: int = 10,
        configuration_set: str = "",
        tags: Mapping[str, str] | None = None,
        service: Service | None = None,
    ) -> None:
        """`tags` come back in the service's events; `service` replaces this process's own. Raises ValueError for a bad tag."""
        for name, value in (tags or {}).items():
            if not _TAG.fullmatch(name) or not _TAG.fullmatch(value):
                raise ValueError("A tag of Amazon SES is made of letters, digits, - and _, 256 at most.")
        self.service = service or shared(region, endpoint, lanes)
        self.pace = Pace()
        self._configuration_set = configuration_set
        self._tags = [{"Name": name, "Value": value} for name, value in (tags or {}).items()]

    def open(self, tick: Tick) -> "SesLane":
        """A lane, if the account may send now. Raises TransportAway or TransportRefuses."""
        self.service.check()
        return SesLane(self)

    def rate(self) -> float | None:
        """Messages a second that the account may send, None where that is not known or not limited."""
        try:
            standing = self.service.standing()
        except TransportRefuses:
            return None  # `open` says why
        return standing.rate if standing is not None else None

    def call(self, envelope: Envelope) -> Outcome:
        """Hand one message over and wait for what becomes of it; never raises."""
        client: Client = self.service.client
        more = {"ConfigurationSetName": self._configuration_set} if self._configuration_set else {}
        try:
            # Without FromEmailAddress SES takes the From header. It replaces Return-Path: the address below is where it
            # forwards bounces to, and the tags come back in its events.
            answer = client.send_email(
                Destination={"ToAddresses": [envelope.recipient]},
                Content={"Raw": {"Data": envelope.body}},
                FeedbackForwardingEmailAddress=envelope.sender,
                EmailTags=[{"Name": "delivery", "Value": envelope.tag}, *self._tags],
                **more,
            )
            known_as = answer.get("MessageId")
        except Exception as error:
            return of_error(error, envelope.recipient)
        if not known_as:
            return Outcome(Verdict.UNCERTAIN, "Amazon SES answered without a message id")
        return Outcome(Verdict.ACCEPTED, "", f"SES {known_as}")


class SesLane:
    """One call at a time, on a thread. Announcing costs nothing, so the invitation comes at once, or when the pause is over."""

    form: Form = "qp"  # the API reference asks for 7-bit content
    wants_write = False

    def __init__(self, transport: SesTransport) -> None:
        self._transport = transport
        self._mine, self._theirs = socket.socketpair()
        self._mine.setblocking(False)
        self._theirs.setblocking(False)
        self._lock = threading.Lock()  # around what the thread and the loop both touch
        self._done: Outcome | None = None
        self._call: Future[None] | None = None
        self._call_ends = _NEVER
        self._announced: Envelope | None = None
        self._invited = False
        self.is_open = True

    def fileno(self) -> int:
        """Readable when the call has ended."""
        return self._mine.fileno()

    @property
    def can_announce(self) -> bool:
        """Whether a message could go now."""
        free = self.is_open and self._call is None and self._announced is None
        return free and not self._transport.pace.is_waiting

    @property
    def deadline(self) -> float:
        """When the call has taken too long, or the pause before the next one is over."""
        if self._call is not None:
            return self._call_ends
        return self._transport.pace.until if self._announced is not None and not self._invited else _NEVER

    def announce(self, envelope: Envelope) -> list[Event]:
        """Keep the mail for the call."""
        self._announced, self._invited = envelope, False
        return self._invite()

    def hand_over(self, following: Envelope | None) -> list[Event]:
        """Begin the call on a thread."""
        envelope, self._announced, self._invited = self._announced, following, False
        if envelope is None:
            return []
        service = self._transport.service
        self._done = None
        self._call_ends = time.monotonic() + service.timeouts.call
        self._call = service.threads.submit(self._run, envelope)
        return []

    def drop(self) -> None:
        """Nothing of it has left."""
        self._announced, self._invited = None, False

    def advance(self) -> list[Event]:
        """What became of the call, once it has ended."""
        with self._lock:
            outcome, self._done = self._done, None
            if self._mine.fileno() >= 0:
                _drain(self._mine)
        if outcome is None or self._call is None:
            return []
        self._call = None
        self._learn(outcome)
        if self.is_open:
            return [Settled(outcome), *self._invite()]
        return [Settled(outcome), *self._decline()]

    def expire(self) -> list[Event]:
        """The pause is over, or the call takes longer than any should: then nobody knows what became of it."""
        if self._call is None:
            return self._invite()
        ended = self.advance()
        if ended:
            return ended
        self._call, self.is_open = None, False
        lost = Outcome(Verdict.UNCERTAIN, "Amazon SES did not answer in time")
        return [Settled(lost), *self._decline()]

    def close(self) -> None:
        """The client keeps its connections; only the bell goes away."""
        self.is_open = False
        with self._lock:
            self._mine.close()
            self._theirs.close()

    def _run(self, envelope: Envelope) -> None:
        outcome = self._transport.call(envelope)
        with self._lock:
            self._done = outcome
            if self._theirs.fileno() >= 0:
                self._theirs.send(b"\0")

    def _learn(self, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.ACCEPTED:
            self._transport.pace.accepted()
        elif outcome.reason == THROTTLED.reason:
            self._transport.pace.throttled()
        elif outcome.reason == QUOTA_USED_UP.reason:
            self._transport.service.quota_used_up()
            self.is_open = False  # the next one that opens hears how long it takes

    def _invite(self) -> list[Event]:
        if self._announced is None or self._invited or self._call is not None:
            return []
        if self._transport.pace.is_waiting:
            return []
        self._invited = True
        return [Invited()]

    def _decline(self) -> list[Event]:
        if self._announced is None:
            return []
        self.drop()
        return [Declined(Outcome(Verdict.LATER, "Amazon SES takes nothing more just now", is_fault=False))]


def _drain(bell: socket.socket) -> None:
    try:
        while bell.recv(64):
            pass
    except BlockingIOError:
        return
