"""A load generator for one server: many keep-alive connections in one process, each with one request at a time, no library in between.

`python -m bench.load HOST PORT SECONDS CONNECTIONS FILE` sends the requests of FILE in turn. It reads every answer whole, waits for the
last ones, and prints one JSON object, so that each answer can be looked for in the database afterwards.
"""

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

_SEPARATOR = b"\x00"  # between the requests of a file
_LENGTH = b"content-length: "


@dataclass(frozen=True)
class Run:
    """What came back. `answered` counts the expected statuses; `other` the rest; `seconds` from the first to the last answer."""

    answered: int
    other: int
    seconds: float
    slowest_ms: float
    p99_ms: float

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


def write(path: Path, requests: list[bytes]) -> Path:
    """Keep requests in a file for a run."""
    path.write_bytes(_SEPARATOR.join(requests))
    return path


def request(host: str, path: str, agent: str, body: bytes | None = None) -> bytes:
    """A GET, or a POST of a form, as browsers send it."""
    method = "GET" if body is None else "POST"
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: text/html,*/*;q=0.8\r\nAccept-Language: en,nl;q=0.7\r\n"
    if body is not None:
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + (body or b"")


class _Client:
    """One connection and the answer it waits for."""

    __slots__ = ("got", "needed", "sent_at", "socket")

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""
        self.needed = 0
        self.sent_at = 0.0

    def send(self, data: bytes) -> None:
        self.got, self.needed, self.sent_at = b"", 0, time.perf_counter()
        self.socket.sendall(data)

    def receive(self) -> int:
        """Take what is there; the status once the answer is whole, else 0. Raises ConnectionError when the server hangs up."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError("the server hung up")
        self.got += data
        if not self.needed:
            head = self.got.find(b"\r\n\r\n")
            if head < 0:
                return 0
            start = self.got.find(_LENGTH, 0, head)
            length = int(self.got[start + len(_LENGTH) : self.got.find(b"\r", start)]) if start >= 0 else 0
            self.needed = head + 4 + length
        return int(self.got[9:12]) if len(self.got) >= self.needed else 0


def run(host: str, port: int, seconds: float, connections: int, requests: list[bytes]) -> Run:
    """Send requests for so many seconds."""
    clients = [_Client(host, port) for _ in range(connections)]
    poll = selectors.EpollSelector()
    for client in clients:
        poll.register(client.socket, selectors.EVENT_READ, client)
    turn = cycle(requests)
    waits: list[float] = []
    good = other = 0
    begin = time.perf_counter()
    end, open_ = begin + seconds, len(clients)
    for client in clients:
        client.send(next(turn))
    while open_:
        for key, _ in poll.select(30):
            client = key.data
            status = client.receive()
            if not status:
                continue
            now = time.perf_counter()
            waits.append(now - client.sent_at)
            good, other = (good + 1, other) if status < 400 else (good, other + 1)
            if now < end:
                client.send(next(turn))
            else:
                poll.unregister(client.socket)
                client.socket.close()
                open_ -= 1
    took = time.perf_counter() - begin
    waits.sort()
    return Run(good, other, took, waits[-1] * 1000, waits[int(len(waits) * 0.99)] * 1000)


def main() -> None:
    """Run as the command line says and print what came back."""
    host, port, seconds, connections, path = sys.argv[1:]
    requests = Path(path).read_bytes().split(_SEPARATOR)
    done = run(host, int(port), float(seconds), int(connections), requests)
    print(json.dumps(done.__dict__))


if __name__ == "__main__":
    main()
