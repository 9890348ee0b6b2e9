"""A mail server that remembers what it accepted, scripted by the recipient's local part: the oracle of delivery tests.

`454x2-ok@` is refused twice with 454 and then accepted, `550@` is always refused, `data-452@` is refused after the dot,
`hang-dot@` gets no answer to the dot, `rst-dot@` a closed connection after it, `garbage@` nonsense. Everyone else is accepted.
"""

import re
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass

_SCRIPT = re.compile(r"(?:(?P<phase>rcpt|data)-)?(?P<code>[45]\d\d)(?:x(?P<times>\d+))?(?:-ok)?(?:[.+].*)?")
_LIMIT = 50_000_000


@dataclass(frozen=True)
class Accepted:
    """One message for which the sink said 250: the envelope, and the content without dot-stuffing, in CRLF."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class Sink:
    """An SMTP server on a free port of 127.0.0.1 with PIPELINING and 8BITMIME; `accepted` is its log."""

    def __init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.connections = 0
        self.greeting = "220 sink ESMTP"
        self._refusals: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closing = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The sink as a MAIL_TRANSPORT."""
        return f"smtp://127.0.0.1:{self.port}"

    def recipients(self) -> Counter[str]:
        """How many messages each address got."""
        with self._lock:
            return Counter(address for message in self.accepted for address in message.recipients)

    def clear(self) -> None:
        """Forget what was accepted and refused."""
        with self._lock:
            self.accepted.clear()
            self._refusals.clear()

    def close(self) -> None:
        """Stop listening and hang up on everyone."""
        self._closing = True
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close every open connection at once."""
        with self._lock:
            links = list(self._open)
        for link in links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _serve(self) -> None:
        while not self._closing:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            # As mail servers do: else each pipelined answer waits 40 ms for the one before it to be acknowledged.
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(link)
                self.connections += 1
            threading.Thread(target=self._talk, args=(link,), daemon=True).start()

    def _talk(self, link: socket.socket) -> None:
        try:
            with link, link.makefile("rb") as lines:
                _Conversation(self, link, lines).run()
        except (OSError, ValueError):
            return  # the other side went away, which is its right
        finally:
            with self._lock:
                self._open.discard(link)

    def refusal(self, address: str, phase: str) -> str | None:
        """The reply that `address` asks for in this phase, or None to accept it."""
        match = _SCRIPT.fullmatch(address.partition("@")[0])
        if not match or (match["phase"] or "rcpt") != phase:
            return None
        with self._lock:
            self._refusals[address] += 1
            if match["times"] and self._refusals[address] > int(match["times"]):
                return None
        return f"{match['code']} {match['code'][0]}.0.0 as scripted"

    def keep(self, message: Accepted) -> None:
        """Write down an accepted message."""
        with self._lock:
            self.accepted.append(message)


class _Conversation:
    def __init__(self, sink: Sink, link: socket.socket, lines: object) -> None:
        self.sink, self.link, self.lines = sink, link, lines
        self.sender, self.to = "", list[str]()

    def say(self, text: str) -> None:
        self.link.sendall(text.encode() + b"\r\n")

    def run(self) -> None:
        self.say(self.sink.greeting)
        while line := self.lines.readline(4096):  # type: ignore[attr-defined]
            verb = line[:4].upper()
            if verb == b"QUIT":
                self.say("221 2.0.0 bye")
                return
            if verb == b"DATA" and self.to:
                if not self.data():
                    return
            else:
                self.say(self.command(verb, line.decode("utf-8", "replace").strip()))

    def command(self, verb: bytes, line: str) -> str:
        address = re.search(r"<([^>]*)>", line)
        match verb:
            case b"EHLO":
                return "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 50000000"
            case b"HELO" | b"NOOP":
                return "250 2.0.0 ok"
            case b"RSET":
                self.sender, self.to = "", []
                return "250 2.0.0 ok"
            case b"MAIL" if address:
                self.sender, self.to = address[1], []
                return "250 2.1.0 ok"
            case b"RCPT" if address:
                refused = self.sink.refusal(address[1], "rcpt")
                if refused is None:
                    self.to.append(address[1])
                return refused or "250 2.1.5 ok"
            case b"DATA":
                return "554 5.5.1 no valid recipients"
        return "502 5.5.2 not understood"

    def data(self) -> bool:
        self.say("354 go on")
        content = bytearray()
        while (line := self.lines.readline(_LIMIT)) != b".\r\n":  # type: ignore[attr-defined]
            if not line:
                return False
            content += line[1:] if line.startswith(b".") else line
        script = self.to[0].partition("@")[0]
        if script.startswith("hang-dot"):
            time.sleep(60)
            return False
        if script.startswith("rst-dot"):
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        if script.startswith("garbage"):
            self.say("hello, who is there?")
            return True
        refused = next(filter(None, (self.sink.refusal(address, "data") for address in self.to)), None)
        if refused is None:
            self.sink.keep(Accepted(self.sender, tuple(self.to), bytes(content)))
        self.say(refused or "250 2.0.0 kept")
        self.to = []
        return True
