"""The spool: a file of this machine to which a web process appends each click, open and view before it answers it.

One line is one event, written by one call at the end of the file: the kernel has it, so it survives the death of the process. It holds
ids, the time and the user agent, no address. `drain` moves the lines into the database.
"""

import fcntl
import json
import os
import secrets
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_FULL = 8 * 1024 * 1024  # bytes; then a new file is begun, so that drained ones can go
_CHUNK = 256 * 1024
_SUFFIX, _DRAFT = ".events", ".new"
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Noted(NamedTuple):
    """One event as the request knew it; 0 where there is none. `at` is POSIX seconds, `kind` an EventKind's text.

    At most one of `delivery` (with tracking consent) and `rendering` (without) is set: both come from a token that was verified.
    A view names its page, and whose it is.
    """

    kind: str
    delivery: int
    rendering: int
    number: int
    method: str
    agent: str
    at: float
    page: int = 0
    partner: int = 0
    campaign: int = 0


class Line(NamedTuple):
    """A line of a file: what it says (None where it is damaged), and the offset behind it."""

    noted: Noted | None
    end: int


def folder(data_dir: Path) -> Path:
    """Where this machine's spool lies."""
    return data_dir / "spool"


def to_line(noted: Noted) -> bytes:
    """A line with its checksum."""
    text = _encode(noted).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def from_line(line: bytes) -> Noted | None:
    """The event of a line (without its end); None for a damaged one."""
    try:
        if int(line[:8], 16) != zlib.crc32(line[9:]):
            return None
        return Noted(*json.loads(line[9:]))
    except (ValueError, TypeError):
        return None


class Spool:
    """Appends to a file of its own, which it holds locked as long as it may still write to it. Safe for several threads."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._file = -1
        self._size = 0
        self._lock = threading.Lock()

    def append(self, noted: Noted) -> None:
        """Write one event down. Raises OSError where that can't be done; then nothing of it is kept."""
        line = to_line(noted)
        with self._lock:
            if self._file < 0 or self._size > _FULL or not os.fstat(self._file).st_nlink:
                self._begin()
            written = os.write(self._file, line)
            self._size += written
            if written != len(line):  # a full disk: what stands there is no line, and nothing may follow it
                self._end()
                raise OSError("the line was cut short")

    def __del__(self) -> None:
        self._end()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._end()

    def _begin(self) -> None:
        self._end()
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.home / f"{os.getpid()}-{time.time_ns()}-{secrets.token_hex(8)}{_DRAFT}"
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        # Locked before it has its name: a drain never meets a file that is not yet held.
        fcntl.flock(file, fcntl.LOCK_SH)
        draft.rename(draft.with_suffix(_SUFFIX))
        self._file, self._size = file, 0

    def _end(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def files(home: Path) -> list[Path]:
    """The files of a spool, the oldest first."""
    return sorted(home.glob(f"*{_SUFFIX}"), key=lambda path: path.name.split("-")[1])


def lines(path: Path, offset: int, limit: int) -> Sequence[Line]:
    """Up to `limit` whole lines from `offset` on; a line that is still being written is not there yet."""
    return [line for line, _ in zip(_lines(path, offset), range(limit), strict=False)]


def _lines(path: Path, offset: int) -> Iterator[Line]:
    with path.open("rb") as file:
        file.seek(offset)
        rest = b""
        while chunk := file.read(_CHUNK):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                offset += len(line) + 1
                yield Line(from_line(line), offset)


def is_abandoned(path: Path) -> bool:
    """Whether nobody will write to a file again: its process has let go of it, or is dead."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def remove_drafts(home: Path, older_than: float = 60.0) -> None:
    """Take away what processes left that died between making a file and naming it; such files are empty."""
    for path in home.glob(f"*{_DRAFT}"):
        if time.time() - path.stat().st_mtime > older_than and is_abandoned(path):
            path.unlink(missing_ok=True)
