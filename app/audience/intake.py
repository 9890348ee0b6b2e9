"""Whatever file of contacts comes, it becomes UTF-8 CSV with a layout: CSV in any usual encoding, or one sheet of an Excel workbook.

Everything after it is the same for all of them. A row of a sheet becomes one line, so that lines are the sheet's row numbers.
"""

import csv
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import BinaryIO

from app.audience import table
from app.audience.decode import transcode
from app.audience.errors import Unreadable
from app.audience.table import MAX_COLUMNS, Layout
from app.audience.workbook import Workbook
from app.errors import Invalid

WORKBOOK = "xlsx"  # what a layout says instead of an encoding
_ZIP = b"PK"
_BATCH = 500  # rows
_ENOUGH = 2  # a row of headings and one below


def take(source: BinaryIO, target: BinaryIO, sheet: str = "") -> Layout:
    """Write `source` (seekable) to `target` as CSV and say how it is built, in constant memory.

    `sheet` names the sheet of a workbook; without it the first one that holds a table. Raises Unreadable with line and mend,
    Invalid for a sheet that isn't there.
    """
    source.seek(0)
    head = source.read(len(_ZIP))
    source.seek(0)
    if head == _ZIP:
        return _take_sheet(source, target, sheet)
    if sheet:
        raise Invalid("This file has no sheets: leave the sheet out.", {"sheet": "This file has no sheets."})
    return table.inspect(target, transcode(source, target))


def _take_sheet(source: BinaryIO, target: BinaryIO, sheet: str) -> Layout:
    with Workbook(source) as book:
        if sheet and sheet not in book.sheets:
            names = ", ".join(f"“{name}”" for name in book.sheets[:10])
            message = f"There is no sheet “{sheet[:100]}” in this file. It has {names}."
            raise Invalid(message, {"sheet": message})
        chosen = sheet or _first_with_rows(book)
        target.seek(0)
        target.truncate()
        for text in _lines(book.rows(chosen)):
            target.write(text.encode())
        layout = table.inspect(target, WORKBOOK, ",")
        return replace(layout, sheet=chosen, sheets=book.sheets)


def _first_with_rows(book: Workbook) -> str:
    """The first sheet that holds more than headings; the very first when none does, whose fault is then told."""
    for name in book.sheets if len(book.sheets) > 1 else ():
        with closing(book.rows(name)) as rows:
            if sum(1 for _ in islice(rows, _ENOUGH)) == _ENOUGH:
                return name
    return book.sheets[0]


def _lines(rows: Iterator[tuple[int, list[tuple[int, str]]]]) -> Iterator[str]:
    """The rows as CSV in pieces, an empty line for each row that holds nothing."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    line = 0
    for count, (number, cells) in enumerate(rows, 1):
        width = max(column for column, _ in cells) + 1
        if width > MAX_COLUMNS:
            raise Unreadable(
                number,
                f"There are {width:,} columns.",
                f"At most {MAX_COLUMNS} can be read: leave out those you don’t need.",
            )
        texts = [""] * width
        for column, text in cells:
            texts[column] = _one_line(text, number)
        out.write("\n" * (number - line - 1))
        writer.writerow(texts)
        line = number
        if count % _BATCH == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _one_line(text: str, row: int) -> str:
    if "\ufffd" in text or "\0" in text:
        raise Unreadable(
            row,
            "“�” stands here: letters were lost when the file was made.",
            "Export it again from where it came from.",
        )
    return text if "\n" not in text and "\r" not in text else " ".join(text.split())
