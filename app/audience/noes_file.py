"""Reading a list of addresses that are never to be mailed: a file or what was pasted, line by line in flat memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from app.audience.address import BadAddress, normalise

LINES = 2_000  # lines of one batch
_LONGEST = 4_096  # bytes of one line
_APART = re.compile(r"[;,\t|]")


@dataclass
class Batch:
    """Some lines: the addresses in them, what was refused, and where the next batch begins."""

    emails: list[str] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)  # line, reason
    read: int = 0  # lines with something in them, a heading left out
    line: int = 0
    position: int = 0


def batches(stream: BinaryIO, position: int = 0, line: int = 0, lines: int = LINES) -> Iterator[Batch]:
    """Batches of a UTF-8 stream that stands at byte `position`, the start of the line after line number `line`.

    Of a line with several cells the first that looks like an address counts. A first line without an @ is a heading.
    """
    while True:
        batch = Batch(line=line, position=position)
        while batch.read < lines:
            raw = stream.readline(_LONGEST)
            if not raw:
                break
            whole = raw
            while not whole.endswith(b"\n") and (more := stream.readline(_LONGEST)):
                batch.position += len(more)
                whole = more if more.endswith(b"\n") else b""
            batch.position += len(raw)
            batch.line += 1
            _take(batch, raw, too_long=whole is not raw)
        if batch.line == line:
            return
        yield batch
        line, position = batch.line, batch.position


def _take(batch: Batch, raw: bytes, too_long: bool) -> None:
    text = raw.decode("utf-8", "replace").lstrip("\ufeff").strip()
    if not text:
        return
    cells = [cell.strip().strip("\"'<>").strip() for cell in _APART.split(text)]
    found = next((cell for cell in cells if "@" in cell), "")
    if not found and batch.line == 1:
        return
    batch.read += 1
    if too_long:
        batch.refused.append((batch.line, "Longer than a line with an address can be"))
        return
    try:
        batch.emails.append(normalise(found or cells[0]))
    except BadAddress as error:
        batch.refused.append((batch.line, error.message))
