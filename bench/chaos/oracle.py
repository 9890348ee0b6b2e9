"""The mail server of the catalogue: the tests' scripted sink as a process of its own, whose log says what was really accepted.

The log outlives the process, so the server itself can be killed, too.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app import ROOT
from worker import lifeline
from worker.valkey import free_port


@dataclass(frozen=True)
class Arrival:
    """A message that the server accepted: when, over a connection opened when (both as time.time()), its delivery token, to whom."""

    at: float
    opened: float
    token: str
    recipient: str


class Oracle:
    """The server's process and its log."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        self.arrivals: list[Arrival] = []
        self._log = log
        self._read = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server as a MAIL_TRANSPORT."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self, patience: float = 30) -> None:
        """Start it and wait until it takes connections. Raises RuntimeError."""
        line = [sys.executable, "-m", "tests.rig.sink", str(self.port), str(self._log)]
        self._process = subprocess.Popen(line, cwd=ROOT, preexec_fn=partial(lifeline.bind, os.getpid()))
        deadline = time.monotonic() + patience
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError("the sink does not start") from None
                time.sleep(0.05)

    def signal(self, number: int) -> None:
        """Stop it, wake it, end it."""
        if self._process is not None:
            self._process.send_signal(number)
            if number in (signal.SIGKILL, signal.SIGTERM):
                self._process.wait(20)

    def look(self) -> list[Arrival]:
        """Everything that was accepted until now, in its order."""
        if self._log.exists():
            with self._log.open("rb") as file:
                file.seek(self._read)
                fresh = file.read()
            whole = fresh.rpartition(b"\n")[0]
            self._read += len(whole) + 1 if whole else 0
            self.arrivals += [_arrival(line) for line in whole.decode().splitlines()]
        return self.arrivals

    def since(self, moment: float) -> list[Arrival]:
        """What was accepted after a moment (time.time())."""
        found = self.look()
        first = len(found)
        while first and found[first - 1].at >= moment:
            first -= 1
        return found[first:]


def _arrival(line: str) -> Arrival:
    at, opened, token, recipient = line.split(" ")
    return Arrival(float(at), float(opened), token, recipient)


@contextmanager
def oracle(folder: Path) -> Iterator[Oracle]:
    """Start a mail server that logs into `folder`; ended at the end."""
    server = Oracle(folder / "accepted")
    server.start()
    try:
        yield server
    finally:
        server.signal(signal.SIGCONT)
        server.signal(signal.SIGKILL)
