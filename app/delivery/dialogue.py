"""Messages over one open SMTP connection, never waiting: each answer is matched to the question that it belongs to.

It always knows whether the final dot has left. Before the dot an error is harmless and the message is tried again; after it only a
well-formed reply decides (RFC 5321). Where the server takes PIPELINING (RFC 2920) the next message is announced right behind the dot.
"""

import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

from app.delivery import failpoints
from app.delivery.line import Broken, Line, why
from app.delivery.reply import BadReply, Reply
from app.delivery.verdicts import (
    broken_off,
    ends,
    never_left,
    refusal,
    sender_refused,
    unanswered,
    unavailable,
)
from app.delivery.wire import Declined, Envelope, Event, Form, Invited, Outcome, Settled, Verdict

_TROUBLE = (OSError, Broken, BadReply)
_NEVER = float("inf")
_DOT = b".\r\n"


@dataclass(frozen=True)
class Timeouts:
    """Seconds by phase, the least that RFC 5321 4.5.3.2 asks for. `connect` is ours: TCP gives up later than people do."""

    connect: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600


class _Q(Enum):
    """What the next reply answers."""

    RSET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()
    EMPTY_DOT = auto()  # ends a DATA that was accepted without a recipient (RFC 2920, 3.1)


class Dialogue:
    """One connection: at most one message announced, one handed over, and behind each other where the server allows it."""

    def __init__(self, line: Line, features: dict[str, str], limits: Timeouts) -> None:
        self.line = line
        self.limits = limits
        self.form: Form = "8bit" if "8BITMIME" in features else "qp"
        self.deadline = _NEVER
        self._pipelining = "PIPELINING" in features
        self._utf8 = "SMTPUTF8" in features
        self._size = _limit(features.get("SIZE", ""))
        self._asked: deque[_Q] = deque()
        self._announced: Envelope | None = None
        self._invited = False
        self._flying = False  # a message was handed over and is not settled
        self._tail = 0  # bytes that were written behind the dot
        self._needs_reset = False
        self._closing = False
        self._served = 0
        self._events: list[Event] = []

    # What the engine asks

    @property
    def is_open(self) -> bool:
        """Whether it can still be used."""
        return self.line.is_open and not self._closing

    @property
    def can_announce(self) -> bool:
        """Whether nothing is announced, and no answer is outstanding behind which nothing may be sent."""
        if self._announced is not None or not self.is_open:
            return False
        return not self._asked or (self._pipelining and len(self._asked) == 1 and self._asked[0] is _Q.DOT)

    @property
    def wants_write(self) -> bool:
        """Whether bytes wait for the network to take them."""
        return self.line.unsent > 0

    def fileno(self) -> int:
        """The socket's number."""
        return self.line.fileno()

    # What the engine does

    def announce(self, envelope: Envelope) -> list[Event]:
        """MAIL, RCPT, DATA: at once where the server takes that, else step by step."""
        refusal = self._impossible(envelope)
        if refusal is not None:
            return [Declined(refusal)]
        try:
            self._announce(envelope, b"")
        except _TROUBLE as error:
            self._broke(error)
        return self._news()

    def hand_over(self, following: Envelope | None) -> list[Event]:
        """Body and dot, and where the server takes it the next announcement in the same breath."""
        envelope = self._announced
        if envelope is None or not self._invited:
            raise RuntimeError("nobody was invited")
        self._announced, self._invited = None, False
        try:
            spoken = self.line.replies()
            if spoken and spoken[0].code == 421:
                self._lost(unavailable(spoken[0], self._served > 0), following)
            elif spoken:
                self._lost(never_left("interrupted us", is_fault=True), following)
            else:
                self._push(envelope, following)
        except _TROUBLE as error:
            self._lost(never_left(why(error), is_fault=True), following)
        return self._news()

    def _lost(self, outcome: Outcome, following: Envelope | None) -> None:
        """The line turned out to be of no use before a byte of the body left."""
        self._events.append(Settled(outcome))
        if following is not None:
            self._events.append(Declined(never_left("was gone", is_fault=False)))
        self._give_up("was gone", is_fault=False)

    def _push(self, envelope: Envelope, following: Envelope | None) -> None:
        self._flying = True
        self._needs_reset = False
        data = stuff(envelope.body) if envelope.stuffed is None else ended(envelope.stuffed)
        refusal = self._impossible(following) if following else None
        if refusal is not None:
            self._events.append(Declined(refusal))
            following = None
        try:
            if failpoints.armed():
                self.line.write(data[: len(data) // 2])
                failpoints.hit("mid-body")
                data = data[len(data) // 2 :]
            self._asked.append(_Q.DOT)
            if following is not None and self._pipelining:
                self._announce(following, data + _DOT)
            else:
                self._announced = following  # step by step: its MAIL goes out when the dot is answered
                self._write(data + _DOT, 0)
            self._after_write()
        except _TROUBLE as error:
            self._broke(error)

    def drop(self) -> None:
        """Take back the announced message; its connection can only be closed, for a DATA that was invited has no other way out."""
        self._announced, self._invited = None, False
        self._closing = True
        if not self._flying:
            self.line.close()

    def advance(self) -> list[Event]:
        """Write what waits, read what has come."""
        if self.line.is_open:
            try:
                if self.line.unsent:
                    self._flush()
                for reply in self.line.replies():
                    self._take(reply)
                self.line.check()
            except _TROUBLE as error:
                self._broke(error)
        return self._news()

    def expire(self) -> list[Event]:
        """The other side took too long."""
        self._broke(Broken("took too long to answer"))
        return self._news()

    def close(self) -> None:
        """QUIT if the line still stands; never raises."""
        with suppress(*_TROUBLE):
            if not self._asked and not self.line.unsent:
                self.line.write(b"QUIT\r\n")
        self.line.close()

    def _news(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    # Out

    def _impossible(self, envelope: Envelope) -> Outcome | None:
        """Why this server can't take this message at all, which spares asking it."""
        if not envelope.recipient.isascii() and not self._utf8:
            return Outcome(
                Verdict.REJECTED, "The mail server can’t take an address with letters outside ASCII"
            )
        if self._size and len(envelope.body) > self._size:
            return Outcome(Verdict.REJECTED, "The message is larger than the mail server takes")
        if any(sign in envelope.recipient + envelope.sender for sign in "\r\n\0<>"):
            return Outcome(Verdict.REJECTED, "This is no address a mail can be sent to")
        return None

    def _announce(self, envelope: Envelope, before: bytes) -> None:
        self._announced, self._invited = envelope, False
        commands = b""
        if self._needs_reset:
            commands = b"RSET\r\n"
            self._asked.append(_Q.RSET)
            self._needs_reset = False
        commands += self._mail(envelope)
        self._asked.append(_Q.MAIL)
        if self._pipelining:
            commands += self._rcpt(envelope) + b"DATA\r\n"
            self._asked += (_Q.RCPT, _Q.DATA)
        self._write(before + commands, len(commands))
        if not before:
            self.deadline = time.monotonic() + self.limits.command

    def _mail(self, envelope: Envelope) -> bytes:
        utf8 = "" if envelope.recipient.isascii() else " SMTPUTF8"
        body = " BODY=8BITMIME" if self.form == "8bit" else ""
        return f"MAIL FROM:<{envelope.sender}>{body}{utf8}\r\n".encode()

    def _rcpt(self, envelope: Envelope) -> bytes:
        return f"RCPT TO:<{envelope.recipient}>\r\n".encode()

    def _write(self, data: bytes, tail: int) -> None:
        self._tail = tail
        self.line.write(data)

    def _flush(self) -> None:
        before = self.line.unsent
        self.line.flush()
        if self.line.unsent < before:
            self._after_write()

    def _after_write(self) -> None:
        """Some of it left: the network gets its time for the next piece, or the other side its time to answer."""
        if self._flying:
            self.deadline = time.monotonic() + (self.limits.block if self.wants_write else self.limits.dot)

    @property
    def _dot_is_out(self) -> bool:
        return self.line.unsent <= self._tail

    # In

    def _take(self, reply: Reply) -> None:
        if not self._asked or (self._asked[0] is _Q.DOT and not self._dot_is_out):
            self._interrupted(reply)
            return
        asked = self._asked.popleft()
        if asked is _Q.DOT:
            self._settle(reply)
        elif reply.code == 421:
            self._goodbye(reply)
        elif asked is _Q.MAIL:
            self._after_mail(reply)
        elif asked is _Q.RCPT:
            self._after_rcpt(reply)
        elif asked is _Q.DATA:
            self._after_data(reply)
        elif reply.code // 100 not in (2, 5):
            self._broke(Broken("made no sense"))
        self._next_deadline()

    def _next_deadline(self) -> None:
        if not self._asked:
            self.deadline = _NEVER
        elif self._asked[0] is _Q.DOT:
            self.deadline = time.monotonic() + self.limits.dot
        else:
            limit = self.limits.data if self._asked[0] is _Q.DATA else self.limits.command
            self.deadline = time.monotonic() + limit

    def _settle(self, reply: Reply) -> None:
        """The answer to the dot: 250, a well-formed 4xx or 5xx decide; all else leaves it uncertain."""
        self._flying = False
        if reply.code == 250:
            self._served += 1
            outcome = Outcome(Verdict.ACCEPTED, "", reply.words)
        elif reply.code >= 400:
            outcome = refusal(reply, self._served > 0, "the message")
        else:
            outcome = Outcome(Verdict.UNCERTAIN, "Their server’s answer can’t be understood", reply.words)
        self._events.append(Settled(outcome))
        if self._closing:
            self.line.close()
        elif ends(reply) and reply.code != 250:
            self._give_up("is closing", is_fault=False)
        elif self._announced is not None and not self._asked:
            self._announce(self._announced, b"")

    def _after_mail(self, reply: Reply) -> None:
        if self._announced is None:
            return
        if reply.code != 250:
            self._decline(sender_refused(reply, self._served > 0))
            if ends(reply) or reply.code >= 500:
                self._give_up("refuses the sender")
        elif not self._pipelining:
            self._needs_reset = True
            self._asked.append(_Q.RCPT)
            self._write(self._rcpt(self._announced), 0)
        else:
            self._needs_reset = True

    def _after_rcpt(self, reply: Reply) -> None:
        if self._announced is None:
            return
        if reply.code not in (250, 251, 252):
            self._refuse(reply, "the address")
        elif not self._pipelining:
            self._asked.append(_Q.DATA)
            self._write(b"DATA\r\n", 0)

    def _after_data(self, reply: Reply) -> None:
        if self._announced is None:
            if reply.code == 354:  # no recipient was taken, and yet it waits for a body: an empty one ends it
                self._asked.append(_Q.EMPTY_DOT)
                self._needs_reset = False
                self._write(_DOT, 0)
        elif reply.code == 354:
            self._invited = True
            self._events.append(Invited())
        else:
            self._refuse(reply, "the message")

    def _refuse(self, reply: Reply, what: str) -> None:
        self._decline(refusal(reply, self._served > 0, what))
        if ends(reply):
            self._give_up("made no sense")

    def _decline(self, outcome: Outcome) -> None:
        self._announced, self._invited = None, False
        self._events.append(Declined(outcome))

    def _goodbye(self, reply: Reply) -> None:
        """421 instead of an answer to the announcement."""
        if self._announced is not None:
            self._decline(unavailable(reply, self._served > 0))
        self._give_up("is closing")

    def _interrupted(self, reply: Reply) -> None:
        """The server spoke out of turn: after that no answer can be matched to its question."""
        if reply.code == 421 and not self._flying:
            self._goodbye(reply)
        else:
            self._broke(Broken("interrupted us"))

    def _broke(self, error: Exception) -> None:
        """The line is of no more use: what was handed over with its dot is uncertain, all else certainly not accepted."""
        self._give_up(why(error), is_fault=not self._flying)

    def _give_up(self, words: str, is_fault: bool = True) -> None:
        dot_is_out = self._dot_is_out
        self.line.close()
        self._closing = True
        self._asked.clear()
        self.deadline = _NEVER
        if self._flying:
            self._flying = False
            outcome = unanswered(words) if dot_is_out else broken_off(words)
            self._events.append(Settled(outcome))
        if self._announced is not None:
            self._decline(never_left(words, is_fault))


def _limit(text: str) -> int:
    return int(text) if text.isdigit() else 0


def stuff(body: bytes) -> bytes:
    """The body as DATA wants it: ending in CRLF, a dot at the start of a line doubled (RFC 5321 4.5.2)."""
    body = ended(body)
    if b"\n." in body:
        body = body.replace(b"\r\n.", b"\r\n..")
    return b"." + body if body.startswith(b".") else body


def ended(body: bytes) -> bytes:
    """The body with CRLF at its end."""
    return body if body.endswith(b"\r\n") else body + b"\r\n"
