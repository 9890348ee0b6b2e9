"""Postfix's own test programs: smtp-sink, which takes mail and keeps it in one file, and smtp-source, which sends as fast as it can.

The file is the oracle: what is in it arrived, whatever anybody's rows say.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from worker.valkey import free_port

HEADER = b"X-Throughline-Delivery: "
_FIRST, _RECIPIENT, _MESSAGE_ID = b"X-Client-Addr: ", b"X-Rcpt-Args: <", b"message-id: "
_SIGNATURE = b"DKIM-Signature: "
_BACKLOG = 512


class Missing(RuntimeError):
    """Postfix's test programs aren't installed here."""


@dataclass(frozen=True)
class Mail:
    """A message as the sink kept it: to whom, our header's token ("" where there is none), Message-ID, bytes on the wire, DKIM or not."""

    recipient: str
    token: str
    message_id: str
    size: int
    is_signed: bool = False


def find(program: str) -> str:
    """The path of a program of Postfix's. Raises Missing."""
    found = shutil.which(program) or shutil.which(
        program, path="/usr/sbin:/usr/local/sbin:/usr/libexec/postfix"
    )
    if not found:
        raise Missing(f"{program} is not installed here: it comes with Postfix (Debian’s package postfix)")
    return found


class Sink:
    """A running smtp-sink on a port of its own; `dump` is the file that it writes."""

    def __init__(self, port: int, dump: Path) -> None:
        self.port = port
        self.dump = dump

    @property
    def url(self) -> str:
        """The sink as a MAIL_TRANSPORT."""
        return f"smtp://127.0.0.1:{self.port}"

    def mails(self) -> Iterator[Mail]:
        """Everything it took, in the order of the file, which is read line by line: it may be larger than the memory."""
        if self.dump.exists():
            with self.dump.open("rb", buffering=1 << 20) as file:
                yield from _mails(file)


@contextmanager
def sink() -> Iterator[Sink]:
    """Start an smtp-sink that dumps into a directory of its own; stop it and delete the dump. Raises Missing."""
    program = find("smtp-sink")
    folder = Path(tempfile.mkdtemp(prefix="tl-sink-"))
    try:
        user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to work as root
        if user:
            shutil.chown(folder, "nobody")
        started = Sink(free_port(), folder / "dump")
        line = [program, *user, "-D", str(started.dump), f"127.0.0.1:{started.port}", str(_BACKLOG)]
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(process, started.port)
            yield started
        finally:
            process.terminate()
            process.wait(20)
    finally:
        shutil.rmtree(folder)


def limit(to: Sink, messages: int, connections: int, size: int) -> float:
    """Messages per second that smtp-source brings into the sink over as many connections, each of `size` bytes on the wire."""
    _source(to, 1, 1, 1_000)
    overhead = sum(mail.size for mail in to.mails()) - 1_000  # smtp-source counts without its headers
    os.sync()
    started = time.perf_counter()
    _source(to, messages, connections, max(1, size - overhead))
    seconds = time.perf_counter() - started
    arrived = sum(1 for _ in to.mails()) - 1
    if arrived != messages:
        raise RuntimeError(f"smtp-source sent {messages} messages and {arrived} arrived")
    return messages / seconds


def _source(to: Sink, messages: int, connections: int, length: int) -> None:
    line = [find("smtp-source"), "-d", "-s", str(connections), "-l", str(length), "-m", str(messages)]
    subprocess.run([*line, f"127.0.0.1:{to.port}"], check=True, capture_output=True)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("smtp-sink does not answer") from None
            time.sleep(0.02)


@dataclass
class _Reading:
    """A message while its lines go by. The sink puts a block of its own before it, which ends with a Received of three lines."""

    recipient: str = ""
    token: str = ""
    message_id: str = ""
    is_signed: bool = False
    size: int = -2  # the sink ends a message with a line feed more
    folded: int = 0
    in_head: bool = True

    def take(self, line: bytes) -> None:
        """One line, whose end is a bare line feed."""
        if self.folded < 2:
            self.folded += line.startswith(b"\t")
            if line.startswith(_RECIPIENT):
                self.recipient = _after(_RECIPIENT, line).partition(">")[0]
            return
        self.size += len(line) + 1
        if self.in_head:
            self.in_head = line != b"\n"
            if line.startswith(HEADER):
                self.token = _after(HEADER, line)
            elif line.startswith(_SIGNATURE):
                self.is_signed = True
            elif line[: len(_MESSAGE_ID)].lower() == _MESSAGE_ID:
                self.message_id = _after(_MESSAGE_ID, line)

    def done(self) -> Mail:
        return Mail(self.recipient, self.token, self.message_id, self.size, self.is_signed)


def _after(name: bytes, line: bytes) -> str:
    return line[len(name) :].strip().decode()


def _mails(lines: Iterable[bytes]) -> Iterator[Mail]:
    now: _Reading | None = None
    for line in lines:
        if line.startswith(_FIRST):
            if now:
                yield now.done()
            now = _Reading()
        if now:
            now.take(line)
    if now:
        yield now.done()
