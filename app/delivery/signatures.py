"""Processes that make RSA signatures while the engine talks to the mail server.

Threads could too, since RSA frees Python's lock, but each signature then waits for that lock twice and the engine with it: measured, the
engine did a third of what it does without (docs/delivery.md).
"""

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

DIGEST = 32  # bytes of SHA-256
_PROGRAM = Path(__file__).with_name("signature_child.py")  # run, never imported: it loads the cryptography
log = structlog.get_logger(__name__)

MOST_WAITING = (
    128  # digests and signatures of so many fit into a pipe, so that neither side ever waits to write
)
_PATIENCE = 5_000  # milliseconds without a signature after which a process counts as gone


class Gone(Exception):
    """The process that was to sign has ended or stands still: sign it yourself."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A signature that is being made: by which process, and its place there."""

    process: int
    place: int


class Signatures:
    """A few processes with one RSA key. Started with the first digests; never asked for more than MOST_WAITING at once."""

    def __init__(self, pem: bytes, size: int, count: int | None = None) -> None:
        """`size`: bytes of one signature."""
        self._pem = pem
        self._size = size
        self._count = count or os.cpu_count() or 1
        self._processes: list[_Process | None] = []

    def ask(self, digests: Sequence[bytes]) -> list[Ticket] | None:
        """Have these SHA-256 digests signed, by the process that has least to do; None where none is left."""
        if not self._processes:
            self._processes = [_Process(self._pem, self._size) for _ in range(self._count)]
        living = [(process.waiting, at) for at, process in enumerate(self._processes) if process]
        if not living:
            return None
        at = min(living)[1]
        process = self._processes[at]
        try:
            return [Ticket(at, place) for place in process.ask(digests)] if process else None
        except OSError:
            self._lose(at)
            return self.ask(digests)

    def signature(self, ticket: Ticket) -> bytes:
        """The finished signature; waits for it. Raises Gone. Each ticket is good for once."""
        process = self._processes[ticket.process]
        if process is None:
            raise Gone()
        try:
            return process.signature(ticket.place)
        except (OSError, Gone):
            self._lose(ticket.process)
            raise Gone() from None

    def forget(self, ticket: Ticket) -> None:
        """Nobody will ask for this one."""
        process = self._processes[ticket.process]
        if process is not None:
            process.forget(ticket.place)

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            if process is not None:
                process.close()
        self._processes = []

    def _lose(self, at: int) -> None:
        process, self._processes[at] = self._processes[at], None
        if process is not None:
            log.warning("signatures.process_lost", pid=process.pid)
            process.close()


class _Process:
    """One process: digests are written to it, signatures come back in the same order."""

    def __init__(self, pem: bytes, size: int) -> None:
        self._size = size
        # A session of its own: what is meant for the worker's group must not end it before the last mail has its signature.
        self._child = subprocess.Popen(
            [sys.executable, "-I", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={},
            start_new_session=True,
        )
        if self._child.stdin is None or self._child.stdout is None:
            raise OSError("no pipe")
        self.pid = self._child.pid
        self._in, self._out = self._child.stdin.fileno(), self._child.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._asked = self._heard = 0
        self._ready: dict[int, bytes] = {}
        self._forgotten: set[int] = set()
        self._rest = b""
        self._write(len(pem).to_bytes(4, "big") + pem)

    @property
    def waiting(self) -> int:
        """How many digests it has not answered, as far as we have read."""
        return self._asked - self._heard

    def ask(self, digests: Sequence[bytes]) -> range:
        if any(len(digest) != DIGEST for digest in digests):
            raise ValueError("a digest has 32 bytes")
        self._write(b"".join(digests))
        first, self._asked = self._asked, self._asked + len(digests)
        return range(first, self._asked)

    def signature(self, place: int) -> bytes:
        while place not in self._ready:
            self._read()
        return self._ready.pop(place)

    def forget(self, place: int) -> None:
        if self._ready.pop(place, None) is None:
            self._forgotten.add(place)

    def close(self) -> None:
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
        self._child.kill()
        self._child.wait()

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._in, data) :]

    def _read(self) -> None:
        if not self._poll.poll(_PATIENCE):
            raise Gone()
        data = os.read(self._out, self._size * MOST_WAITING)
        if not data:
            raise Gone()
        self._rest += data
        while len(self._rest) >= self._size:
            made, self._rest = self._rest[: self._size], self._rest[self._size :]
            if self._heard in self._forgotten:
                self._forgotten.discard(self._heard)
            else:
                self._ready[self._heard] = made
            self._heard += 1
