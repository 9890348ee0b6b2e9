"""The refused rows of an import, as a file in the store: one numbered part for each chunk that had some.

They hold people's fields, so they lie beside the uploaded file and go when it goes; the database keeps lines and reasons.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from app.assets.store import store
from app.audience.cells import fuse, rows_to_csv
from app.audience.entries import Refusal
from app.audience.models import ContactImport

HEAD = ("Line", "Why it was refused", "What to do")


def put_part(imp: ContactImport, refusals: Sequence[Refusal]) -> None:
    """Store a chunk's refused rows. A chunk that is read again after a crash writes the same part again."""
    text = rows_to_csv((str(r.line), r.reason, r.mend, *r.cells) for r in refusals)
    store().put(f"{imp.refused_key}/{imp.refused_parts}.csv", text.encode(), "text/csv; charset=utf-8")


def download(imp: ContactImport, header: Sequence[str]) -> Iterator[bytes]:
    """The whole file, part by part: headings first, with a mark by which spreadsheets know that it is UTF-8."""
    yield b"\xef\xbb\xbf" + rows_to_csv([(*HEAD, *header)]).encode()
    for number in range(imp.refused_parts):
        yield store().get(f"{imp.refused_key}/{number}.csv")


def first(imp: ContactImport, most: int) -> list[Refusal]:
    """The first refused rows, for the page."""
    found: list[Refusal] = []
    for number in range(imp.refused_parts):
        if len(found) >= most:
            break
        text = store().get(f"{imp.refused_key}/{number}.csv").decode()
        for line, reason, mend, *cells in csv.reader(io.StringIO(text)):
            found.append(Refusal(int(line), reason, mend, [fuse(cell) for cell in cells]))
    return found[:most]


def folder(imp: ContactImport) -> str:
    """Where all files of an import lie."""
    return imp.key.rpartition("/")[0]


def workbook_key(imp: ContactImport) -> str:
    """Where a workbook with several sheets lies, beside the ones that were read from it."""
    return f"{folder(imp)}/file.xlsx"


def delete(imp: ContactImport) -> None:
    """Delete the uploaded file and the refused rows."""
    store().delete(imp.key)
    if len(imp.layout.get("sheets", ())) > 1:
        for stored in list(store().files(f"{folder(imp)}/")):
            store().delete(stored.key)
    for number in range(imp.refused_parts):
        store().delete(f"{imp.refused_key}/{number}.csv")
