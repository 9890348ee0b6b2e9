"""The XML inside a workbook, read piece by piece: nothing is held but the row at hand, and nothing that only attacks need is read.

No document type (so no entities), no deep nesting, no endless token.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import BinaryIO, TypeAlias
from xml.parsers import expat

_PIECE = 64 * 1024
_MAX_TOKEN = 1024 * 1024  # bytes that the parser may hold back
_MAX_DEPTH = 50
_LAST_ROW = 1_048_576
_MOST_CELLS = 16_384  # of one row, as many as any spreadsheet has
MAX_TEXT = 64 * 1024  # characters of one cell, as in CSV; spreadsheets themselves stop at 32,767

Attributes: TypeAlias = dict[str, str]


class BadXml(Exception):
    """XML that is damaged, or built to harm."""


class TextTooLong(Exception):
    """A text that is longer than a cell may be."""


class Parser:
    """Feeds a stream to the handlers `start`, `end` and, while `text` is a list, gathers the characters there.

    Names come without their prefix: writers differ in it.
    """

    def __init__(self) -> None:
        self.text: list[str] | None = None
        self._length = 0
        self._depth = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def gather(self) -> None:
        """Keep the characters that follow."""
        self.text, self._length = [], 0

    def gathered(self) -> str:
        """What was kept; nothing more is."""
        text, self.text = "".join(self.text or ()), None
        return text

    def feed(self, stream: BinaryIO) -> Iterator[None]:
        """Parse piece after piece. Raises BadXml, TextTooLong and what the handlers raise."""
        fed = 0
        try:
            while data := stream.read(_PIECE):
                fed += len(data)
                self._parser.Parse(data, False)
                if fed - self._parser.CurrentByteIndex > _MAX_TOKEN:
                    raise BadXml("a token without end")
                yield
            self._parser.Parse(b"", True)
            yield
        except (expat.ExpatError, RecursionError, LookupError) as error:
            raise BadXml(str(error)) from None

    def _start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise BadXml("nested too deeply")
        self.start(name if ":" not in name else name.rpartition(":")[2], attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.end(name if ":" not in name else name.rpartition(":")[2])

    def _characters(self, data: str) -> None:
        if self.text is not None:
            self._length += len(data)
            if self._length > MAX_TEXT:
                raise TextTooLong()
            self.text.append(data)

    def _refuse(self, *_: object) -> None:
        raise BadXml("a document type")


class Elements(Parser):
    """Calls `take(name, attributes)` for each element: for the small parts of a workbook."""

    def __init__(self, take: Callable[[str, Attributes], None]) -> None:
        super().__init__()
        self._take = take

    def start(self, name: str, attributes: Attributes) -> None:
        """See Parser."""
        self._take(name, attributes)

    def read(self, stream: BinaryIO) -> None:
        """Read it to its end."""
        for _ in self.feed(stream):
            pass


class Texts(Parser):
    """The texts that cells share, one by one: runs of one text joined, readings of Japanese letters (rPh) left out."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[str] = []
        self._found: list[str] = []
        self._reading = False

    def start(self, name: str, attributes: Attributes) -> None:
        """See Parser."""
        if name == "si":
            self._runs = []
        elif name == "t" and not self._reading:
            self.gather()
        elif name == "rPh":
            self._reading = True

    def end(self, name: str) -> None:
        """See Parser."""
        if name == "t" and not self._reading:
            self._runs.append(self.gathered())
        elif name == "rPh":
            self._reading = False
        elif name == "si":
            self._found.append("".join(self._runs))

    def read(self, stream: BinaryIO) -> Iterator[list[str]]:
        """The texts in lists of some."""
        for _ in self.feed(stream):
            yield self._found
            self._found = []


class Cells(Parser):
    """The rows of a sheet: the number of each and its cells as (column, type, style, raw value), empty ones left out."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0  # cells so far, the empty ones too
        self.row = 0  # the number of the row at hand
        self._rows: list[tuple[int, list[Cell]]] = []
        self._cells: list[Cell] = []
        self._column = -1
        self._type = ""
        self._style = ""
        self._value: str | None = None
        self._inside = False
        self._reading = False

    def start(self, name: str, attributes: Attributes) -> None:
        """See Parser."""
        if name == "c" and self._inside:
            self.count += 1
            place = attributes.get("r")
            self._column = _column(place.rstrip("0123456789")) if place else self._column + 1
            self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._value = None
        elif name in ("v", "t") and self._inside and not self._reading:
            self.gather()
        elif name == "row" and self._inside:
            number = int(attributes["r"]) if attributes.get("r", "").isdecimal() else self.row + 1
            if not self.row < number <= _LAST_ROW:
                raise BadXml("rows out of order")
            self.row, self._column, self._cells = number, -1, []
        elif name == "rPh":
            self._reading = True
        elif name == "sheetData":
            self._inside = True

    def end(self, name: str) -> None:
        """See Parser."""
        if not self._inside:
            return
        if name == "v":
            self._value = self.gathered()
        elif name == "t" and not self._reading:
            self._value = (self._value or "") + self.gathered()
        elif name == "rPh":
            self._reading = False
        elif name == "c":
            if self._value:
                self._cells.append((self._column, self._type, self._style, self._value))
                if len(self._cells) > _MOST_CELLS:
                    raise BadXml("more cells in a row than there are columns")
        elif name == "row":
            self._rows.append((self.row, self._cells))
        elif name == "sheetData":
            self._inside = False

    def read(self, stream: BinaryIO) -> Iterator[list[tuple[int, list["Cell"]]]]:
        """The rows in lists of some."""
        for _ in self.feed(stream):
            yield self._rows
            self._rows = []


Cell: TypeAlias = tuple[int, str, str, str]


@lru_cache(maxsize=16_384)
def _column(letters: str) -> int:
    """The column with these letters, from 0: 27 for AB. Raises BadXml for what is no column."""
    number = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z":
            raise BadXml("not a place")
        number = number * 26 + ord(letter) - 64
    if not 0 < len(letters) < 4:
        raise BadXml("not a place")
    return number - 1
