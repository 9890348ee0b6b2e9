"""CSV for people's spreadsheets: streamed, times in ISO 8601, cells that a spreadsheet would run as a formula defused."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from flask import Response, stream_with_context

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> str:
    """A value as it may stand in an exported cell: a leading `= + - @` TAB or CR gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = str(value)
    if isinstance(value, int | float):
        return text
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file line by line, with CRLF as RFC 4180 has it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    yield out.getvalue()
    for row in rows:
        out.seek(0)
        out.truncate()
        writer.writerow([cell(value) for value in row])
        yield out.getvalue()


def csv_response(filename: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A download called `filename`, with a byte order mark so that spreadsheets read it as UTF-8."""
    return Response(
        stream_with_context(_encoded(head, rows)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"},
    )


def _encoded(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    yield "\ufeff".encode()
    for line in lines(head, rows):
        yield line.encode()
