"""A small SMTP client that always knows whether the final dot has left, which `smtplib` does not tell.

Before the dot an error is harmless and the message is tried again; after it only a well-formed reply decides (RFC 5321).
"""

import base64
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

import structlog

from app.delivery import failpoints
from app.delivery.line import Broken, Line, why
from app.delivery.reply import BadReply, Reply
from app.delivery.wire import Envelope, Form, Outcome, Tick, TransportAway, TransportRefuses, Verdict

log = structlog.get_logger(__name__)

_TROUBLE = (OSError, Broken, BadReply)


@dataclass(frozen=True)
class Timeouts:
    """Seconds by phase. RFC 5321 4.5.3.2 allows minutes; a relay next door answers in milliseconds, and a slice is short.

    Giving up after the dot costs nothing but certainty: the message is then uncertain, never sent again by itself.
    """

    connect: float = 10
    greeting: float = 30
    command: float = 30
    block: float = 30
    dot: float = 60


@dataclass(frozen=True)
class Server:
    """Where to connect and as whom. `implicit_tls`: from the first byte; otherwise STARTTLS, required unless on loopback."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    implicit_tls: bool = False
    timeouts: Timeouts = field(default_factory=Timeouts)
    context: ssl.SSLContext | None = None


class SmtpTransport:
    """Opens connections to one server; `our_name` is what we call ourselves in EHLO."""

    def __init__(self, server: Server, our_name: str) -> None:
        self.server = server
        self.our_name = our_name

    def open(self, tick: Tick) -> "SmtpLane":
        """Connect, greet, secure and sign in. Raises TransportAway or TransportRefuses."""
        lane: SmtpLane | None = None
        try:
            where = (self.server.host, self.server.port)
            lane = SmtpLane(
                self.server, Line(socket.create_connection(where, timeout=self.server.timeouts.connect), tick)
            )
            lane.greet(self.our_name)
        except ssl.SSLCertVerificationError as error:
            raise _closing(
                lane, TransportRefuses(f"The mail server’s certificate doesn’t hold: {error.verify_message}.")
            ) from error
        except _TROUBLE as error:
            raise _closing(lane, TransportAway(f"The mail server {why(error)}.")) from error
        except TransportRefuses as refusal:
            raise _closing(lane, refusal) from None
        return lane


class SmtpLane:
    """One connection, one message at a time."""

    form: Form = "qp"

    def __init__(self, server: Server, line: Line) -> None:
        self.server = server
        self.line = line
        self.limits = server.timeouts
        self.features: dict[str, str] = {}
        self._needs_reset = False

    @property
    def is_open(self) -> bool:
        """Whether another message can go over this connection."""
        return self.line.is_open

    # Opening

    def greet(self, our_name: str) -> None:
        """220, EHLO or HELO, TLS, AUTH: everything up to the first message."""
        if self.server.implicit_tls:
            self._secure()
        self._expect(self.line.reply(self.limits.greeting), 220)
        self._hello(our_name)
        if not self.server.implicit_tls and not ip_address(self.line.peer).is_loopback:
            if "STARTTLS" not in self.features:
                raise TransportRefuses(
                    "The mail server offers no encryption (STARTTLS), and nothing is sent in the open."
                )
            self._expect(self._ask("STARTTLS"), 220)
            self._secure()
            self._hello(our_name)
        if self.server.user:
            self._sign_in()
        self.form = "8bit" if "8BITMIME" in self.features else "qp"

    def _secure(self) -> None:
        self.line.secure(
            self.server.context or ssl.create_default_context(), self.server.host, self.limits.connect
        )

    def _hello(self, our_name: str) -> None:
        reply = self._ask(f"EHLO {our_name}")
        self.features = {}
        if reply.code == 250:
            words = [line.partition(" ") for line in reply.lines[1:]]
            self.features = {name.upper(): rest for name, _, rest in words}
        elif reply.code == 421:
            self._expect(reply, 250)
        else:
            self._expect(self._ask(f"HELO {our_name}"), 250)

    def _sign_in(self) -> None:
        ways = self.features.get("AUTH", "").upper().split()
        user, password = self.server.user.encode(), self.server.password.encode()
        if "PLAIN" in ways:
            reply = self._ask("AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password).decode())
        elif "LOGIN" in ways:
            reply = self._ask("AUTH LOGIN")
            for secret in (user, password):
                if reply.code == 334:
                    reply = self._ask(base64.b64encode(secret).decode())
        else:
            raise TransportRefuses(
                "The mail server offers no way to sign in that we know (AUTH PLAIN or LOGIN)."
            )
        if reply.code in (421, 454):
            raise Broken(f"said {reply.words}")
        if reply.code != 235:
            raise TransportRefuses("The mail server refuses the user name or password.", reply=reply.words)

    # One message

    def offer(self, envelope: Envelope) -> Outcome | None:
        """MAIL, RCPT, DATA. None after 354; else what the refusal means. Nothing can be accepted yet."""
        utf8 = "" if envelope.recipient.isascii() else " SMTPUTF8"
        if utf8 and "SMTPUTF8" not in self.features:
            return Outcome(
                Verdict.REJECTED, "The mail server can’t take an address with letters outside ASCII"
            )
        try:
            if self.line.has_spoken():
                return self._interrupted(self.line.reply(self.limits.command))
            if self._needs_reset:
                self._ask("RSET")
            self._needs_reset = True
            body = " BODY=8BITMIME" if self.form == "8bit" else ""
            reply = self._ask(f"MAIL FROM:<{envelope.sender}>{body}{utf8}")
            if reply.code != 250:
                return self._sender_refused(reply)
            reply = self._ask(f"RCPT TO:<{envelope.recipient}>")
            if reply.code not in (250, 251):
                return self._refused(reply, "the address")
            reply = self._ask("DATA")
            return None if reply.code == 354 else self._refused(reply, "the message")
        except _TROUBLE as error:
            self.line.close()
            return Outcome(Verdict.LATER, f"Before the message left, the mail server {why(error)}"[:80])

    def push(self, envelope: Envelope) -> Outcome | None:
        """The body and its dot. An outcome: it broke before the dot could leave, so the message was not accepted."""
        data = stuff(envelope.body)
        half = len(data) // 2
        try:
            self.line.send(data[:half], self.limits.block)
            failpoints.hit("mid-body")
            self.line.send(data[half:], self.limits.block)
            if self.line.has_spoken():
                return self._interrupted(self.line.reply(self.limits.command))
        except _TROUBLE as error:
            self.line.close()
            return Outcome(Verdict.LATER, f"While the message left, the mail server {why(error)}"[:80])
        try:
            self.line.send(b".\r\n", self.limits.block)
        except (
            _TROUBLE
        ) as error:  # it may have left all the same: `settle` finds the line closed and says uncertain
            self.line.close()
            log.info("smtp.dot_lost", error=type(error).__name__)
        return None

    def settle(self) -> Outcome:
        """The answer to the dot: 250, a well-formed 4xx or 5xx decide; all else leaves it uncertain."""
        started = time.monotonic()
        try:
            reply = self.line.reply(self.limits.dot)
        except _TROUBLE as error:
            self.line.close()
            waited = time.monotonic() - started
            said = f"No answer to the last line after {waited:.0f} s: the server {why(error)}"
            return Outcome(
                Verdict.UNCERTAIN, f"Their server took the message, then {why(error)}"[:80], said[:200]
            )
        self._needs_reset = False
        if reply.code == 250:
            return Outcome(Verdict.ACCEPTED, "", reply.words)
        if reply.code >= 400:
            return self._refused(reply, "the message")
        self.line.close()
        return Outcome(Verdict.UNCERTAIN, "Their server’s answer can’t be understood", reply.words)

    def drop(self) -> None:
        """Close without the dot: RFC 5321 has the server throw away what it got."""
        self.line.close()

    def close(self) -> None:
        """QUIT if the line still stands; never raises."""
        with suppress(*_TROUBLE):
            self.line.send(b"QUIT\r\n", 1)
        self.line.close()

    # What refusals mean

    def _refused(self, reply: Reply, what: str) -> Outcome:
        if reply.code == 421:
            return self._closing(reply)
        if 400 <= reply.code < 500:
            return Outcome(Verdict.LATER, f"The mail server puts {what} off", reply.words)
        if 500 <= reply.code < 600:
            return Outcome(Verdict.REJECTED, f"The mail server refuses {what}", reply.words)
        self.line.close()  # 2xx or 3xx where none belongs: nobody knows any more who is where
        return Outcome(Verdict.LATER, "The mail server’s answer makes no sense here", reply.words)

    def _sender_refused(self, reply: Reply) -> Outcome:
        """A refusal of the sender says nothing about the recipient: the campaign pauses, nobody is rejected."""
        if reply.code == 421:
            return self._closing(reply)
        if 400 <= reply.code < 500:
            return Outcome(Verdict.LATER, "The mail server puts the sender off", reply.words)
        self.line.close()
        stop = f"The mail server refuses the sender: {reply.words}"
        return Outcome(
            Verdict.LATER, "The mail server refuses the sender", reply.words, is_fault=False, stop=stop
        )

    def _interrupted(self, reply: Reply) -> Outcome:
        """The server spoke out of turn: after that no answer can be matched to its question."""
        if reply.code == 421:
            return self._closing(reply)
        self.line.close()
        return Outcome(Verdict.LATER, "The mail server interrupted us", reply.words)

    def _closing(self, reply: Reply) -> Outcome:
        self.line.close()
        stop = f"The mail server is not available: {reply.words}"
        return Outcome(Verdict.LATER, "The mail server is closing", reply.words, is_fault=False, stop=stop)

    def _ask(self, command: str) -> Reply:
        if any(char in command for char in "\r\n\0"):
            raise Broken("was kept from a command with a line end in it")
        self.line.send(command.encode() + b"\r\n", self.limits.block)
        return self.line.reply(self.limits.command)

    def _expect(self, reply: Reply, code: int) -> None:
        if reply.code == code:
            return
        if reply.code >= 500 or reply.code == 421:
            raise TransportRefuses(f"The mail server turns us away: {reply.words}")
        raise Broken(f"said {reply.words}")


def _closing(lane: SmtpLane | None, error: Exception) -> Exception:
    if lane is not None:
        lane.line.close()
    return error


def stuff(body: bytes) -> bytes:
    """The body as DATA wants it: ending in CRLF, a dot at the start of a line doubled (RFC 5321 4.5.2)."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    stuffed = body.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
