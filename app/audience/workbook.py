"""An Excel workbook (.xlsx, ECMA-376) read in flat memory: its sheets by name, and the rows of one of them as texts.

Only what holds values is read. It comes from strangers: what it unpacks to is counted while it is unpacked, and stops at a limit.
"""

import errno
import os
import posixpath
import struct
import tempfile
import zipfile
import zlib
from array import array
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import TracebackType
from typing import IO, BinaryIO, cast

from app.audience.errors import Unreadable
from app.audience.sheet_values import PLAIN, Style, number_text, plain_text, styles
from app.audience.sheet_xml import Attributes, BadXml, Cell, Cells, Elements, Texts, TextTooLong

MAX_UNPACKED = 250_000_000  # bytes of XML in all
MAX_CELLS = 3_000_000
MAX_RATIO = 200  # real sheets shrink to a tenth or a thirtieth
_MAX_DIRECTORY = 1024 * 1024  # bytes of the zip’s own list of contents
_MAX_STYLES = 65_536
_MAX_SHEETS = 500
_RATIO_FROM = 1_000_000
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of the others one block may unpack to any size
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_SECTIONS = frozenset(
    [
        "numFmts",
        "fonts",
        "fills",
        "borders",
        "cellStyleXfs",
        "cellXfs",
        "cellStyles",
        "dxfs",
        "tableStyles",
        "colors",
        "extLst",
    ]
)
_AS_CSV = "Save the sheet as “CSV UTF-8”."
_AGAIN = "Save it again as .xlsx, or as “CSV UTF-8”."
_TRUE = ("1", "true", "on")


class Workbook:
    """An open workbook. `sheets` are the names of its visible sheets, in their order.

    Raises Unreadable for what is no workbook, for a damaged one and for one that is built to harm.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._left = MAX_UNPACKED
        self._texts: _Texts | None = None
        _look_at_the_list(source)
        source.seek(0)
        with _explained():
            self._zip = zipfile.ZipFile(source)
        self._parts = {
            info.filename.replace("\\", "/").lower(): info for info in reversed(self._zip.infolist())
        }
        self._refuse_others()
        with _explained():
            self._book = self._main_part()
            self._from_1904 = False
            self._sheets = self._find_sheets()
            self._styles = self._read_styles()
        self.sheets = list(self._sheets)
        if not self.sheets:
            raise Unreadable(0, "This workbook has no sheet with cells.", _AS_CSV)

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        if self._texts is not None:
            self._texts.close()

    def rows(self, sheet: str) -> Generator[tuple[int, list[tuple[int, str]]], None, None]:
        """The rows of a sheet that hold something: number, and (column from 0, text) of the cells that do."""
        if self._texts is None:
            self._texts = _Texts()
            self._fill(self._texts)
        cells = Cells()
        with _explained(cells), self._open(self._sheets[sheet]) as stream:
            for rows in cells.read(stream):
                if cells.count > MAX_CELLS:
                    raise Unreadable(cells.row, f"This sheet has more than {MAX_CELLS:,} cells.", _AS_CSV)
                for number, raw in rows:
                    found = [(cell[0], text) for cell in raw if (text := self._text(cell))]
                    if found:
                        yield number, found

    def _text(self, cell: Cell) -> str:
        _, kind, style, raw = cell
        if kind == "n":
            return number_text(raw, self._style(style), self._from_1904)
        if kind == "s":
            return self._texts[raw] if self._texts is not None else ""
        if kind == "b":
            return "TRUE" if raw in _TRUE else "FALSE"
        if kind == "e":
            return ""  # #N/A and its like: a formula that found nothing
        if kind == "d":
            return raw.removesuffix("T00:00:00").removesuffix("Z")
        return plain_text(raw)

    def _style(self, number: str) -> Style:
        try:
            return self._styles[int(number)] if number else PLAIN
        except (ValueError, IndexError):
            return PLAIN

    def _refuse_others(self) -> None:
        if any(info.flag_bits & 0x1 for info in self._parts.values()):
            raise Unreadable(0, "This workbook is locked with a password.", "Save it without one.")
        if "xl/workbook.bin" in self._parts:
            raise Unreadable(0, "This is a binary Excel workbook (.xlsb).", _AGAIN)
        if "mimetype" in self._parts or "content.xml" in self._parts:
            raise Unreadable(0, "This is an OpenDocument file (.ods), not an Excel workbook.", _AGAIN)
        if "[content_types].xml" not in self._parts:
            raise Unreadable(
                0, "This is an archive, not an Excel workbook.", "Unpack it and choose one file in it."
            )

    def _main_part(self) -> str:
        for _, kind, target in self._relations(""):
            if kind == "officeDocument" and target.startswith("xl/"):
                return target
        raise Unreadable(0, "This is an Office file, but not an Excel workbook.", _AGAIN)

    def _relations(self, part: str) -> list[tuple[str, str, str]]:
        """Id, kind and part that `part` points to."""
        folder, name = posixpath.split(part)
        found: list[tuple[str, str, str]] = []

        def take(element: str, attributes: Attributes) -> None:
            if element == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
                kind = attributes.get("Type", "").rpartition("/")[2]
                found.append((attributes.get("Id", ""), kind, target.lstrip("/").lower()))

        with self._open(posixpath.join(folder, "_rels", f"{name}.rels")) as stream:
            Elements(take).read(stream)
        return found

    def _find_sheets(self) -> dict[str, str]:
        """The part of each sheet that can be seen; of all, when none can."""
        parts = {id_: target for id_, kind, target in self._relations(self._book) if kind == "worksheet"}
        seen: dict[str, str] = {}
        hidden: dict[str, str] = {}

        def take(element: str, attributes: Attributes) -> None:
            if element == "workbookPr":
                self._from_1904 = attributes.get("date1904", "") in _TRUE
            elif element == "sheet" and len(seen) < _MAX_SHEETS:
                id_ = next((value for name, value in attributes.items() if name.endswith(":id")), "")
                into = seen if attributes.get("state", "visible") == "visible" else hidden
                if parts.get(id_) in self._parts and len(into) < _MAX_SHEETS:
                    into.setdefault(attributes.get("name", "")[:100], parts[id_])

        with self._open(self._book) as stream:
            Elements(take).read(stream)
        return seen or hidden

    def _read_styles(self) -> list[Style]:
        codes: dict[int, str] = {}
        formats: list[int] = []
        section = ""

        def take(element: str, attributes: Attributes) -> None:
            nonlocal section
            if element in _SECTIONS:
                section = element
            number = int(attributes.get("numFmtId", "0"))
            if element == "numFmt" and section == "numFmts":
                codes[number] = attributes.get("formatCode", "")[:255]
            elif element == "xf" and section == "cellXfs":
                formats.append(number)
            if len(codes) + len(formats) > 2 * _MAX_STYLES:
                raise BadXml("more styles than there may be")

        for _, kind, target in self._relations(self._book):
            if kind == "styles" and target in self._parts:
                with self._open(target) as stream:
                    Elements(take).read(stream)
        return styles(formats, codes)

    def _fill(self, texts: "_Texts") -> None:
        with _explained():
            for _, kind, target in self._relations(self._book):
                if kind == "sharedStrings" and target in self._parts:
                    with self._open(target) as stream:
                        texts.fill(stream)
                    return

    @contextmanager
    def _open(self, part: str) -> Iterator[BinaryIO]:
        info = self._parts.get(part.lower())
        if info is None:
            raise BadXml("a part is missing")
        if info.compress_type not in _READABLE:
            raise Unreadable(0, "This workbook is packed in an unusual way.", _AGAIN)
        with self._zip.open(info) as stream:
            yield cast(BinaryIO, _Counted(self, stream, info.compress_size))

    def spend(self, size: int) -> None:
        """Count what was unpacked. Raises Unreadable when it is too much."""
        self._left -= size
        if self._left < 0:
            raise Unreadable(0, "This workbook is too large when unpacked.", _AS_CSV)


class _Counted:
    """A part of the workbook whose bytes are counted while they are unpacked."""

    def __init__(self, book: Workbook, stream: IO[bytes], packed: int) -> None:
        self._book, self._stream, self._packed, self._size = book, stream, max(packed, 1), 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._size += len(data)
        self._book.spend(len(data))
        if self._size > _RATIO_FROM and self._size > MAX_RATIO * self._packed:
            raise Unreadable(0, "This workbook is packed suspiciously tight.", _AS_CSV)
        return data


class _Texts:
    """The texts that cells share, on disk; in memory are only the places where each ends."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the workbook
        self._ends = array("Q", [0])
        self._get = lru_cache(maxsize=16_384)(self._read)

    def fill(self, stream: BinaryIO) -> None:
        """Take all of them in."""
        end = 0
        for found in Texts().read(stream):
            for text in found:
                data = plain_text(text).encode()
                self._file.write(data)
                end += len(data)
                self._ends.append(end)
        self._file.flush()

    def __getitem__(self, raw: str) -> str:
        return self._get(raw)

    def _read(self, raw: str) -> str:
        number = int(raw)
        if not 0 <= number < len(self._ends) - 1:
            raise BadXml("a text that isn’t there")
        begin = self._ends[number]
        return os.pread(self._file.fileno(), self._ends[number + 1] - begin, begin).decode()

    def close(self) -> None:
        self._file.close()


@contextmanager
def _explained(cells: Cells | None = None) -> Iterator[None]:
    """Turns what can go wrong in a damaged workbook into Unreadable, with the row that was reached."""
    try:
        yield
    except TextTooLong:
        raise Unreadable(
            cells.row if cells else 0, "A cell here is longer than 64 KB.", "Shorten it."
        ) from None
    except (BadXml, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError):
        line = cells.row + 1 if cells and cells.row else 0
        raise Unreadable(line, "This workbook is damaged or incomplete.", _AGAIN) from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place that lies before the file's beginning
            raise
        raise Unreadable(0, "This workbook is damaged or incomplete.", _AGAIN) from None


def _look_at_the_list(source: BinaryIO) -> None:
    """Refuse a zip whose list of contents is missing, or so long that reading it would fill the memory."""
    size = source.seek(0, os.SEEK_END)
    source.seek(max(size - 65_535 - 22 - 76, 0))
    tail = source.read()
    end = len(tail) - 22
    if end < 0 or not (tail[end : end + 4] == _END and tail[-2:] == b"\0\0"):
        end = tail.rfind(_END)
    if end < 0 or end + 22 > len(tail):
        raise Unreadable(0, "This workbook is cut off: its end is missing.", "Save or upload it again.")
    listed = struct.unpack_from("<L", tail, end + 12)[0]
    record = tail[max(end - 76, 0) : max(end - 20, 0)]
    if tail[max(end - 20, 0) : end].startswith(_LOCATOR_64) and record.startswith(_END_64):
        listed = struct.unpack_from("<Q", record, 40)[0]
    if listed > _MAX_DIRECTORY:
        raise Unreadable(0, "This workbook holds far more parts than any sheet needs.", _AS_CSV)
