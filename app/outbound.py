"""The one client that follows addresses other people wrote: links and pictures of mails, later whatever a form names.

It resolves a name itself, refuses every address that is not a public one, and connects to the very address it checked, on each hop anew.
"""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from app.errors import External
from app.public_address import IP, is_public, parsed
from app.settings import Settings

MAX_HOPS = 5
MAX_URL = 2_048
SECONDS = 10.0  # for all hops together
MAX_BYTES = 1_000_000
_HEAD_BYTES = 128 * 1024  # a header that is longer is no answer
_PORTS = {"http": 80, "https": 443}
_MOVED = frozenset({301, 302, 303, 307, 308})
_KEPT = "/%:=&?~#+!$,;'@()*[]|"  # what stands in a path or a query as it was written

Resolve = Callable[[str, int], list[str]]


class OutboundError(External):
    """The address gave no answer; `message` says why, in a line for whoever wrote it."""


class NotAllowed(OutboundError):
    """We don't go there: no public address, another port, a password in it, or no web address at all."""

    permanent = True


class TooManyHops(OutboundError):
    """It leads on and on."""

    permanent = True


class BadCertificate(OutboundError):
    """The certificate is not valid for this name."""

    permanent = True


class Unreachable(OutboundError):
    """Nobody answers: no such name, nothing listens, or the answer is none of HTTP."""


class TooSlow(OutboundError):
    """No whole answer within the time."""


@dataclass(frozen=True)
class Answer:
    """What came back from the last hop. Header names are in small letters; `is_cut`: there was more than was read."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    hops: int
    is_cut: bool


@dataclass(frozen=True)
class Client:
    """Asks web addresses. `allow` holds `ADDRESS:PORT` or `ADDRESS:*` that may be asked though they are not public."""

    allow: tuple[str, ...] = ()
    agent: str = "Throughline"
    resolve: Resolve | None = None
    tls: ssl.SSLContext | None = None

    def get(self, url: str, *, seconds: float = SECONDS, max_bytes: int = MAX_BYTES) -> Answer:
        """GET it, following at most MAX_HOPS redirects; reads no more than `max_bytes`. Raises OutboundError."""
        return self._ask("GET", url, seconds, max_bytes)

    def head(self, url: str, *, seconds: float = SECONDS) -> Answer:
        """HEAD it. Raises OutboundError."""
        return self._ask("HEAD", url, seconds, 0)

    def _ask(self, method: Literal["GET", "HEAD"], url: str, seconds: float, max_bytes: int) -> Answer:
        deadline = time.monotonic() + seconds
        for hop in range(MAX_HOPS + 1):
            target = _target(url)
            sock = self._connect(target, deadline)
            try:
                answer = _exchange(method, target, sock, deadline, max_bytes, self.agent, hop)
            finally:
                sock.close()
            following = answer.headers.get("location", "")
            if answer.status not in _MOVED or not following:
                return answer
            url = urljoin(url, following)
        raise TooManyHops(f"It leads on more than {MAX_HOPS} times.")

    def _connect(self, target: "_Target", deadline: float) -> socket.socket:
        addresses = _resolved(self.resolve or _look_up, target, deadline)
        # One bad address among good ones is a trap or a mistake: refused as a whole.
        for address in addresses:
            self._permit(address, target.port)
        trouble: OutboundError = Unreachable("Nothing answers there.")
        for address in addresses[:4]:
            try:
                return self._open(str(address), target, deadline)
            except (Unreachable, TooSlow) as error:
                trouble = error
        raise trouble

    def _permit(self, address: IP, port: int) -> None:
        if f"{address}:{port}" in self.allow or f"{address}:*" in self.allow:
            return
        if not is_public(address):
            raise NotAllowed("It leads into a private network: nobody outside can open it.")
        if port not in _PORTS.values():
            raise NotAllowed("It names an unusual port. Use an address without one.")

    def _open(self, address: str, target: "_Target", deadline: float) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            plain.settimeout(_left(deadline))
            plain.connect((address, target.port))
            if target.scheme == "http":
                return plain
            plain.settimeout(_left(deadline))
            return (self.tls or ssl.create_default_context()).wrap_socket(plain, server_hostname=target.host)
        except BaseException as error:
            plain.close()
            raise _said(error) from error


def client_for(settings: Settings) -> Client:
    """The client of this installation. It never uses a proxy, whatever the environment says."""
    return Client(settings.outbound_allow, f"Throughline link check (+{settings.app_url})")


@dataclass(frozen=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """As it stands in the Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


def _target(url: str) -> _Target:
    if len(url) > MAX_URL or any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in url):
        raise NotAllowed("It is no web address: it is too long, or holds a space.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        raise NotAllowed("It is no web address.") from None
    if parts.scheme not in _PORTS or not host or "%" in host:
        raise NotAllowed("It is no web address.")
    if "@" in parts.netloc:
        raise NotAllowed("It holds a name or a password. Take them out.")
    return _Target(parts.scheme, host, _PORTS[parts.scheme] if port is None else port, _path(parts))


def _path(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_KEPT)
    return f"{path}?{quote(parts.query, safe=_KEPT)}" if parts.query else path


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _resolved(resolve: Resolve, target: _Target, deadline: float) -> list[IP]:
    """The name's addresses. The system's resolver knows no deadline, so it is asked from a thread of its own."""
    found: list[str] = []
    wrong: list[BaseException] = []

    def ask() -> None:
        try:
            found.extend(resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            wrong.append(error)

    thread = threading.Thread(target=ask, daemon=True, name="look up a name")
    thread.start()
    thread.join(_left(deadline))
    if thread.is_alive():
        raise TooSlow("Its name could not be looked up in time.")
    if wrong or not found:
        raise Unreachable("There is no such name on the internet.")
    return [parsed(text) for text in found]


def _exchange(
    method: str, target: _Target, sock: socket.socket, deadline: float, max_bytes: int, agent: str, hop: int
) -> Answer:
    """One request and its answer on an open connection."""
    wire = _Wire(sock, deadline, max_bytes + _HEAD_BYTES)
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = wire
    try:
        connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
        for name, value in (
            ("Host", target.authority),
            ("User-Agent", agent),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ):
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = _body(response, max_bytes)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _said(error) from error
    headers = {name.lower(): value for name, value in response.getheaders()}
    url = f"{target.scheme}://{target.authority}{target.path}"
    return Answer(url, response.status, headers, body[:max_bytes], hop, len(body) > max_bytes)


def _body(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    """Up to one byte more than asked for, so that the caller sees that there was more."""
    if not max_bytes:
        return b""
    try:
        return response.read(max_bytes + 1)
    except http.client.IncompleteRead as error:
        return error.partial


class _Wire:
    """As much of a socket as http.client needs, with one deadline for all reads and writes and a cap on what is read."""

    def __init__(self, sock: socket.socket, deadline: float, most: int) -> None:
        self._sock, self._deadline, self._most = sock, deadline, most

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._deadline))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._deadline, self._most))

    def close(self) -> None:
        """Whoever opened the socket closes it."""


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: float, most: int) -> None:
        self._sock, self._deadline, self._left = sock, deadline, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._left)
        if wanted == 0:
            return 0
        self._sock.settimeout(_left(self._deadline))
        count = self._sock.recv_into(memoryview(buffer)[:wanted])
        self._left -= count
        return count


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TooSlow("It doesn’t answer in time.")
    return left


def _said(error: BaseException) -> BaseException:
    """The same trouble in our words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return BadCertificate("Its certificate is not valid for this name: browsers warn of it.")
    if isinstance(error, ssl.SSLError):
        return Unreachable("It doesn’t speak TLS as it should.")
    if isinstance(error, TimeoutError):
        return TooSlow("It doesn’t answer in time.")
    if isinstance(error, OSError):
        return Unreachable("Nothing answers there.")
    if isinstance(error, (http.client.HTTPException, ValueError)):
        return Unreachable("What answers there is no web server.")
    return error
