"""Reading what an SMTP server says: whole replies out of whatever pieces the network delivers.

Strict on purpose: a message's fate hangs on the reply after the final dot, and what can't be read for certain must not decide it.
"""

import re
from dataclasses import dataclass

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
        said = f"{self.code} {self.text}".strip()
        return _ADDRESS.sub("…", "".join(c if c.isprintable() else " " for c in said))[:200]


class ReplyParser:
    """Bytes in, replies out. Keeps what is incomplete for the next piece."""

    def __init__(self) -> None:
        self._buffer = b""
        self._code: int | None = None
        self._lines: list[str] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left over: no unread byte, no half reply."""
        return not self._buffer and self._code is None

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes. Raises BadReply at the first line that is none."""
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        if len(self._buffer) > MAX_LINE:
            raise BadReply("a line without an end")
        return [reply for line in lines if (reply := self._line(line.removesuffix(b"\r"))) is not None]

    def _line(self, line: bytes) -> Reply | None:
        match = _LINE.fullmatch(line) if len(line) <= MAX_LINE else None
        if match is None:
            raise BadReply("a line that is no reply")
        code, goes_on = int(match[1]), match[2] == b"-"
        if self._code is not None and code != self._code:
            raise BadReply("a reply whose lines disagree on the code")
        self._lines.append((match[3] or b"").decode("utf-8", "replace").strip())
        if len(self._lines) > MAX_LINES:
            raise BadReply("a reply without an end")
        self._code = code
        if goes_on:
            return None
        reply = Reply(code, tuple(self._lines))
        self._code, self._lines = None, []
        return reply
