"""Reading what an SMTP server says: whole replies out of whatever pieces the network delivers.

Strict on purpose: a message's fate hangs on the reply after the final dot, and what can't be read for certain must not decide it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_LINE = 4096
MAX_LINES = 200
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_STATUS = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s+|$)")
_ADDRESS = re.compile(r"<?[^\s<>]+@[^\s<>,;]+>?")


class BadReply(Exception):
    """The server said something that is no SMTP reply."""


@dataclass(frozen=True)
class Reply:
    """One reply: its code, and its text line by line without the code."""

    code: int
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All lines in one."""
        return " ".join(line for line in self.lines if line)

    @property
    def status(self) -> str:
        """The enhanced status code of RFC 3463, such as `5.1.1`, or nothing."""
        match = _STATUS.match(self.lines[0]) if self.lines else None
        return match[1] if match else ""

    @property
    def words(self) -> str:
        """The server's words for people and logs: at most 200 characters, addresses taken out."""
        return _words(f"{self.code} {self.text}".strip())


@lru_cache(maxsize=512)
def _words(said: str) -> str:
    seen = said if said.isprintable() else "".join(c if c.isprintable() else " " for c in said)
    return (_ADDRESS.sub("…", seen) if "@" in seen else seen)[:200]


def without_addresses(said: str, most: int = 300) -> str:
    """What a server said, on one line, every address taken out."""
    seen = "".join(c if c.isprintable() else " " for c in said[: 4 * most])
    return " ".join(_ADDRESS.sub("…", seen).split())[:most]


class ReplyParser:
    """Bytes in, replies out. Keeps what is incomplete for the next piece."""

    def __init__(self) -> None:
        self._failed: BadReply | None = None
        self._buffer = b""
        self._code: int | None = None
        self._lines: list[str] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left over: no unread byte, no half reply."""
        return not self._buffer and self._code is None

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes. Raises BadReply for a line that is none, after what came whole before it was returned."""
        self.check()
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        found: list[Reply] = []
        try:
            for line in lines:
                reply = self._line(line.removesuffix(b"\r"))
                if reply is not None:
                    found.append(reply)
            if len(self._buffer) > MAX_LINE:
                raise BadReply("a line without an end")
        except BadReply as error:
            self._failed = error
            if not found:
                raise
        return found

    def check(self) -> None:
        """Raise BadReply if nonsense came behind the replies that were returned."""
        if self._failed is not None:
            raise self._failed

    def _line(self, line: bytes) -> Reply | None:
        code, goes_on, text = _read_line(line)
        if self._code is not None and code != self._code:
            raise BadReply("a reply whose lines disagree on the code")
        self._lines.append(text)
        if len(self._lines) > MAX_LINES:
            raise BadReply("a reply without an end")
        self._code = code
        if goes_on:
            return None
        reply = Reply(code, tuple(self._lines))
        self._code, self._lines = None, []
        return reply


@lru_cache(maxsize=512)
def _read_line(line: bytes) -> tuple[int, bool, str]:
    """Code, whether more lines follow, and the text. Raises BadReply."""
    match = _LINE.fullmatch(line) if len(line) <= MAX_LINE else None
    if match is None:
        raise BadReply("a line that is no reply")
    return int(match[1]), match[2] == b"-", (match[3] or b"").decode("utf-8", "replace").strip()
