"""One socket to a mail server: bytes out, whole replies in.

While the connection is opened it waits, with a limit on every wait; after `unblock` it never waits again: what the network does not
take is kept, and what has not come is not there yet. It knows nothing of mail transactions.
"""

import select
import socket
import ssl
import time

from app.delivery.reply import BadReply, Reply, ReplyParser
from app.delivery.wire import Tick

_CHUNK = 65_536


class Broken(Exception):
    """The connection is of no more use; the text says why, for people."""


class Line:
    """A connection. `tick` is called at least once a second while opening waits for the other side."""

    def __init__(self, connection: socket.socket, tick: Tick) -> None:
        self._socket: socket.socket | None = connection
        self._tick = tick
        self._parser = ReplyParser()
        self._replies: list[Reply] = []
        self._unsent = memoryview(b"")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_open(self) -> bool:
        """Whether it can still be used."""
        return self._socket is not None

    @property
    def peer(self) -> str:
        """The other side's IP address."""
        address: str = self._open().getpeername()[0]
        return address.partition("%")[0]

    def secure(self, context: ssl.SSLContext, host: str, limit: float) -> None:
        """Turn the line into TLS with the certificate checked for `host`. What was said in the open is an error."""
        if self.has_spoken():
            raise Broken("spoke before encryption began")
        plain = self._open()
        plain.settimeout(limit)
        self._socket = context.wrap_socket(plain, server_hostname=host)

    def send(self, data: bytes, limit: float) -> None:
        """Hand all of `data` to the network; each piece of 64 KB within `limit` seconds."""
        connection = self._open()
        connection.settimeout(limit)
        view = memoryview(data)
        for start in range(0, len(view), _CHUNK):
            connection.sendall(view[start : start + _CHUNK])

    def has_spoken(self) -> bool:
        """Whether the other side has said something that nobody has read, or hung up."""
        return bool(self._replies) or not self._parser.is_empty or _has_data(self._open(), 0)

    def reply(self, limit: float) -> Reply:
        """The next reply within `limit` seconds. Raises Broken, BadReply or OSError."""
        deadline = time.monotonic() + limit
        while not self._replies:
            connection = self._open()
            left = deadline - time.monotonic()
            if left <= 0:
                raise Broken(f"said nothing for {limit:g} s")
            if not _has_data(connection, min(left, 1.0)):
                self._tick()
                continue
            connection.settimeout(max(left, 0.01))
            data = connection.recv(_CHUNK)
            if not data:
                raise Broken("closed the connection")
            self._replies += self._parser.feed(data)
        return self._replies.pop(0)

    # Without waiting

    def unblock(self) -> None:
        """From now on nothing waits. Raises Broken if the other side has spoken out of turn."""
        if self.has_spoken():
            raise Broken("spoke out of turn")
        self._open().setblocking(False)

    def fileno(self) -> int:
        """The socket's number, for a selector."""
        return self._open().fileno()

    @property
    def unsent(self) -> int:
        """How many bytes the network has not taken yet."""
        return len(self._unsent)

    def write(self, data: bytes) -> None:
        """Hand `data` to the network as far as it takes it; the rest is kept for `flush`. Raises OSError."""
        if self._unsent:
            data = bytes(self._unsent) + data
        self._unsent = memoryview(data)
        self.flush()

    def flush(self) -> None:
        """Hand over what is kept. Raises OSError."""
        connection = self._open()
        try:
            while self._unsent:
                self._unsent = self._unsent[connection.send(self._unsent) :]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return

    def check(self) -> None:
        """Raise BadReply if nonsense came behind the replies that `replies` returned: nothing more may come that would show it."""
        self._parser.check()

    def replies(self) -> list[Reply]:
        """The replies that have come. Raises BadReply, OSError, and Broken when the other side hung up and no reply is left to read."""
        self._parser.check()
        connection = self._open()
        found: list[Reply] = []
        while True:
            try:
                data = connection.recv(_CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return found
            if not data and found:
                return found  # the next look finds the end again
            if not data:
                raise Broken("closed the connection")
            found += self._parser.feed(data)
            if len(data) < _CHUNK and not (isinstance(connection, ssl.SSLSocket) and connection.pending()):
                return found

    def close(self) -> None:
        """Close the socket; a second time does nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        if self._socket is None:
            raise Broken("the connection is closed")
        return self._socket


def _has_data(connection: socket.socket, seconds: float) -> bool:
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return True
    return bool(select.select([connection], [], [], seconds)[0])


def why(error: Exception) -> str:
    """An error of the line in words for people, without addresses."""
    if isinstance(error, Broken):
        return str(error)
    if isinstance(error, BadReply):
        return f"sent {error}"
    if isinstance(error, TimeoutError):
        return "said nothing"
    if isinstance(error, ConnectionRefusedError):
        return "takes no connections"
    if isinstance(error, ConnectionError):
        return "broke the connection"
    if isinstance(error, socket.gaierror):
        return "has a name that isn’t known"
    return "can’t be reached"
