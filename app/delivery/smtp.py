"""Opening a connection to a mail server: greeting, EHLO, TLS, sign-in, with RFC 5321's time-outs for each phase.

A client of our own, since `smtplib` raises the same error whether the line died before or after the final dot. What is said on an
open connection is `dialogue`.
"""

import base64
import socket
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address

from app.delivery.dialogue import Dialogue, Timeouts
from app.delivery.line import Broken, Line, why
from app.delivery.reply import BadReply, Reply
from app.delivery.wire import Tick, TransportAway, TransportRefuses

_TROUBLE = (OSError, Broken, BadReply)


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

    def open(self, tick: Tick) -> Dialogue:
        """Connect, greet, secure and sign in. Raises TransportAway or TransportRefuses."""
        line: Line | None = None
        try:
            where = (self.server.host, self.server.port)
            line = Line(socket.create_connection(where, timeout=self.server.timeouts.connect), tick)
            features = _Opening(self.server, line).greet(self.our_name)
            line.unblock()
        except ssl.SSLCertVerificationError as error:
            _close(line)
            raise TransportRefuses(
                f"The mail server’s certificate doesn’t hold: {error.verify_message}."
            ) from error
        except _TROUBLE as error:
            _close(line)
            raise TransportAway(f"The mail server {why(error)}.") from error
        except TransportRefuses:
            _close(line)
            raise
        return Dialogue(line, features, self.server.timeouts)


def _close(line: Line | None) -> None:
    if line is not None:
        line.close()


class _Opening:
    """Everything up to the first message: 220, EHLO or HELO, TLS, AUTH."""

    def __init__(self, server: Server, line: Line) -> None:
        self.server = server
        self.line = line
        self.limits = server.timeouts
        self.features: dict[str, str] = {}

    def greet(self, our_name: str) -> dict[str, str]:
        """Say hello; what the server offers, by name."""
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
        return self.features

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

    def _ask(self, command: str) -> Reply:
        self.line.send(command.encode() + b"\r\n", self.limits.block)
        return self.line.reply(self.limits.command)

    def _expect(self, reply: Reply, code: int) -> None:
        if reply.code == code:
            return
        if reply.code >= 500 or reply.code == 421:
            raise TransportRefuses(f"The mail server turns us away: {reply.words}")
        raise Broken(f"said {reply.words}")
