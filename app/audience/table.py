"""Rows of a CSV file one by one, each with its line and the byte where the next begins, so that a reader can go on there.

Whatever csv itself would read in silence (a quotation mark without its partner, cells without end) is refused with its line.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

from app.audience.errors import Unreadable

MAX_CELL = 64 * 1024  # characters
MAX_COLUMNS = 200
MAX_LINE = 1024 * 1024  # bytes of one line: no real row of contacts comes near it
MAX_NAME = 80
_BLOCK = 256 * 1024
DELIMITERS = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "bars"}
_SEP = re.compile(r"sep=(.)\s*", re.IGNORECASE)

csv.field_size_limit(MAX_CELL)


class Row(NamedTuple):
    """One row: the line it begins on and its cells."""

    line: int
    cells: list[str]


class Place(NamedTuple):
    """Where reading can go on: the byte at which the next line begins, and the lines before it."""

    position: int
    line: int


@dataclass(frozen=True)
class Layout:
    """How a file is built, found once when it comes in. `start` and `line` are where the first row after the headings begins."""

    encoding: str
    delimiter: str
    header: list[str]
    start: int
    line: int
    size: int
    rows: int = 0
    sheet: str = ""  # of a workbook: the one that is read
    sheets: list[str] = field(default_factory=list)  # of a workbook: all that can be

    def to_json(self) -> dict[str, Any]:
        """What is kept with the import: no cell of a row."""
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "header": self.header,
            "start": self.start,
            "line": self.line,
            "size": self.size,
            **({"sheet": self.sheet, "sheets": self.sheets} if self.sheets else {}),
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Layout":
        """The same, read back."""
        return cls(**raw)


class Rows:
    """Iterate over the rows of a UTF-8 stream that stands at byte `position`, with `line` lines before it.

    Blank rows are left out. Raises Unreadable where the file stops being a table.
    """

    def __init__(self, stream: BinaryIO, delimiter: str, position: int = 0, line: int = 0) -> None:
        self._stream = stream
        self._before = line
        self._block, self._at, self._lines_before = b"", position, 0  # the block being read, where it begins
        lines = chain.from_iterable(io.StringIO(text, newline="\n") for text in self._blocks())
        self._reader = csv.reader(lines, delimiter=delimiter, strict=True)

    def __iter__(self) -> Iterator[Row]:
        reader, before = self._reader, self._before
        begins = before + reader.line_num + 1
        try:
            for cells in reader:
                if cells and (cells[0] or any(cells)) and not _is_blank(cells):
                    yield Row(begins, cells)
                begins = before + reader.line_num + 1
        except csv.Error as error:
            raise _explained(begins, before + reader.line_num, str(error)) from None

    def place(self) -> Place:
        """Where the row after the last one that was given begins."""
        read = self._reader.line_num
        end = 0
        for _ in range(read - self._lines_before):
            end = self._block.find(b"\n", end) + 1 or len(self._block)
        return Place(self._at + end, self._before + read)

    def _blocks(self) -> Iterator[str]:
        """The text in pieces of whole lines, so that only one of them is in memory."""
        rest = b""
        while True:
            data = self._stream.read(_BLOCK)
            block = rest + data
            cut = block.rfind(b"\n") + 1 if data else len(block)
            block, rest = block[:cut], block[cut:]
            if len(rest) > MAX_LINE or len(block) > MAX_LINE:
                self._refuse_long_lines(block + rest)
            if block:
                self._at += len(self._block)
                self._block, self._lines_before = block, self._reader.line_num
                yield block.decode()
            if not data:
                return

    def _refuse_long_lines(self, block: bytes) -> None:
        for number, line in enumerate(block.split(b"\n"), self._before + self._reader.line_num + 1):
            if len(line) > MAX_LINE:
                raise Unreadable(
                    number,
                    "This line is longer than 1 MB.",
                    "Check that the file is a list of contacts, one a line.",
                )


def _is_blank(cells: list[str]) -> bool:
    return not cells[0].strip() and not any(cell.strip() for cell in cells)


def _explained(begins: int, now_at: int, message: str) -> Unreadable:
    if "field larger" in message:
        return Unreadable(
            begins,
            "A cell here is longer than 64 KB.",
            "Shorten it, or look for a quotation mark that is opened and never closed.",
        )
    if "unexpected end" in message:
        return Unreadable(
            begins,
            "A quotation mark opens here and never closes.",
            'Close it, or write "" for a quotation mark inside a cell.',
        )
    return Unreadable(
        now_at,
        "A quotation mark stands in the middle of a quoted cell.",
        'Write "" for a quotation mark inside a cell.',
    )


def inspect(stream: BinaryIO, encoding: str, delimiter: str = "") -> Layout:
    """Read a whole UTF-8 file once, in constant memory: find how it is built and that every row can be read.

    With a `delimiter` that is settled the headings begin at once.
    Raises Unreadable with the line: no headings, no rows, too many columns, cells or quotation marks without end.
    """
    delimiter, start, line = (delimiter, 0, 0) if delimiter else _opening(stream)
    stream.seek(start)
    rows = Rows(stream, delimiter, start, line)
    walk = iter(rows)
    first = next(walk, None)
    begin = rows.place()
    if first is None:
        raise Unreadable(0, "The file is empty.", "Export it again, with headings in the first row.")
    header = _headings(first)
    count = 0
    for row in walk:
        count += 1
        if len(row.cells) > MAX_COLUMNS:
            raise Unreadable(
                row.line,
                f"This row has {len(row.cells):,} cells.",
                f"At most {MAX_COLUMNS} columns can be read.",
            )
    if not count:
        raise Unreadable(
            first.line, "There are headings, but no row below them.", "Export it again with its rows."
        )
    return Layout(encoding, delimiter, header, begin.position, begin.line, rows.place().position, count)


def _opening(stream: BinaryIO) -> tuple[str, int, int]:
    """The delimiter, and where the headings begin: after a line such as `sep=;`, which Excel writes."""
    stream.seek(0)
    sample = stream.read(64 * 1024)
    first = sample.split(b"\n", 1)[0]
    given = _SEP.fullmatch(first.decode(errors="replace"))
    if given and given[1] in DELIMITERS:
        return given[1], min(len(first) + 1, len(sample)), 1
    return _delimiter(sample.decode(errors="ignore")), 0, 0


def _delimiter(sample: str) -> str:
    """The character that cuts most of the first rows into as many cells as the first one has."""
    best, best_score = ",", (0, 0)
    for candidate in DELIMITERS:
        widths: list[int] = []
        try:
            for cells in csv.reader(io.StringIO(sample), delimiter=candidate):
                widths += [len(cells)] if cells else []
                if len(widths) == 20:
                    break
        except csv.Error:
            pass
        score = (
            (sum(width == widths[0] for width in widths), widths[0]) if widths and widths[0] > 1 else (0, 0)
        )
        if score > best_score:
            best, best_score = candidate, score
    return best


def _headings(row: Row) -> list[str]:
    if len(row.cells) > MAX_COLUMNS:
        raise Unreadable(
            row.line,
            f"There are {len(row.cells):,} columns.",
            f"At most {MAX_COLUMNS} can be read: leave out those you don’t need.",
        )
    if any("@" in cell and "." in cell.rpartition("@")[2] for cell in row.cells):
        raise Unreadable(
            row.line,
            "An address stands where the headings belong.",
            "Add a first row that names the columns, such as Email, First name.",
        )
    seen: dict[str, int] = {}
    names = []
    for number, cell in enumerate(row.cells, 1):
        name = " ".join(cell.split())[:MAX_NAME] or f"Column {number}"
        seen[name.casefold()] = seen.get(name.casefold(), 0) + 1
        names.append(name if seen[name.casefold()] == 1 else f"{name} ({seen[name.casefold()]})")
    return names
