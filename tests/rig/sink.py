"""A mail server that remembers what it accepted, scripted by the recipient's local part: the oracle of delivery tests.

`454x2-ok@` is refused twice with 454 and then accepted, `550@` is always refused, `data-452@` is refused after the dot,
`hang-dot@` gets no answer to the dot, `rst-dot@` a closed connection after it, `garbage@` nonsense. More of the kind:
`rst-rcpt@`, `rst-body@` (amid the body), `garbage-rcpt@`, `hang5-dot@` (five seconds, then it hangs up), `late5-dot@` (accepted after
five seconds); `x1-ok` behind it makes it happen once. Everyone else is accepted. `python -m tests.rig.sink PORT LOG` runs one alone.
"""

import re
import signal
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_END = r"(?:x(?P<times>\d+))?(?:-ok)?(?:[.+].*)?"
_REFUSAL = re.compile(r"(?:(?P<phase>rcpt|data)-)?(?P<what>[45]\d\d)" + _END)
_ACT = re.compile(r"(?P<what>hang|rst|late|garbage)(?P<seconds>\d+)?(?:-(?P<phase>rcpt|body|dot))?" + _END)
_HANGS = 60
_LIMIT = 50_000_000
_HEADER = b"X-Throughline-Delivery:"


@dataclass(frozen=True)
class Accepted:
    """One message for which the sink said 250: the envelope, and the content without dot-stuffing, in CRLF."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class Sink:
    """An SMTP server on 127.0.0.1 with PIPELINING and 8BITMIME; `accepted` is its log, or the file `log` where one is given.

    A line of the file: when it was accepted, when its connection was opened (both as time.time()), delivery token, recipient. It is
    written before the 250 leaves.
    """

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        self.accepted: list[Accepted] = []
        self.connections = 0
        self.greeting = "220 sink ESMTP"
        self._refusals: Counter[str] = Counter()
        self._log: BinaryIO | None = log.open("ab", buffering=0) if log else None
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closing = False
        self._listener = socket.create_server(("127.0.0.1", port))
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
            link.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )  # as mail servers do, else each pipelined answer waits 40 ms
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
        match = _REFUSAL.fullmatch(address.partition("@")[0])
        if not match or (match["phase"] or "rcpt") != phase or not self._is_on(address, match["times"]):
            return None
        return f"{match['what']} {match['what'][0]}.0.0 as scripted"

    def act(self, address: str, phase: str) -> tuple[str, int] | None:
        """What `address` wants done in this phase instead of an answer, and for how many seconds."""
        match = _ACT.fullmatch(address.partition("@")[0])
        if not match or (match["phase"] or "dot") != phase or not self._is_on(address, match["times"]):
            return None
        return match["what"], int(match["seconds"] or _HANGS)

    def _is_on(self, address: str, times: str | None) -> bool:
        with self._lock:
            self._refusals[address] += 1
            return not times or self._refusals[address] <= int(times)

    def keep(self, message: Accepted, opened: float = 0.0) -> None:
        """Write down an accepted message."""
        with self._lock:
            if self._log is None:
                self.accepted.append(message)
                return
            head = message.content.partition(_HEADER)[2]
            token = head.partition(b"\r\n")[0].strip().decode()
            line = f"{time.time():.3f} {opened:.3f} {token or '-'} {message.recipients[0]}\n"
            self._log.write(line.encode())


class _Gone(OSError):
    """The script has this connection end."""


class _Conversation:
    def __init__(self, sink: Sink, link: socket.socket, lines: BinaryIO) -> None:
        self.sink, self.link, self.lines = sink, link, lines
        self.sender, self.to = "", list[str]()
        self.opened = time.time()

    def say(self, text: str) -> None:
        self.link.sendall(text.encode() + b"\r\n")

    def run(self) -> None:
        self.answer(self.sink.greeting)
        while line := self.lines.readline(4096):
            verb = line[:4].upper()
            if verb == b"QUIT":
                self.say("221 2.0.0 bye")
                return
            if verb == b"DATA" and self.to:
                self.data()
            else:
                self.answer(self.command(verb, line.decode("utf-8", "replace").strip()))

    def answer(self, text: str) -> None:
        """Say it; after a 421 the connection is over (RFC 5321 3.8)."""
        self.say(text)
        if text.startswith("421"):
            raise _Gone

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
                refused = self.scripted(address[1], "rcpt") or self.sink.refusal(address[1], "rcpt")
                if refused is None:
                    self.to.append(address[1])
                return refused or "250 2.1.5 ok"
            case b"DATA":
                return "554 5.5.1 no valid recipients"
        return "502 5.5.2 not understood"

    def scripted(self, address: str, phase: str) -> str | None:
        """Do what the address asks for in this phase; the words to say instead of an answer, or None to go on."""
        what, seconds = self.sink.act(address, phase) or ("", 0)
        if what == "garbage":
            return "hello, who is there?"
        if what in ("hang", "late"):
            time.sleep(seconds)
        if what == "rst":
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if what in ("rst", "hang"):
            raise _Gone
        return None

    def data(self) -> None:
        self.say("354 go on")
        content = bytearray()
        while (line := self.lines.readline(_LIMIT)) != b".\r\n":
            if not line:
                raise _Gone
            if not content:
                self.scripted(self.to[0], "body")
            content += line[1:] if line.startswith(b".") else line
        refused = self.scripted(self.to[0], "dot")
        refused = refused or next(
            filter(None, (self.sink.refusal(address, "data") for address in self.to)), None
        )
        if refused is None:
            self.sink.keep(Accepted(self.sender, tuple(self.to), bytes(content)), self.opened)
        self.answer(refused or "250 2.0.0 kept")
        self.to = []


def main(port: str, log: str) -> None:
    """Serve until the process ends. SIGUSR1: turn everyone away at the door with 421; SIGUSR2: welcome them again."""
    sink = Sink(int(port), Path(log))
    welcome = sink.greeting

    def greet(number: int, _frame: object) -> None:
        sink.greeting = welcome if number == signal.SIGUSR2 else "421 4.3.2 closed for today"

    signal.signal(signal.SIGUSR1, greet)
    signal.signal(signal.SIGUSR2, greet)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
