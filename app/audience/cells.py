"""Cells for files that people open in a spreadsheet: text that a spreadsheet would run as a formula is defused."""

import csv
import io
from collections.abc import Iterable, Sequence

_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")


def defuse(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_TRIGGERS) or text.lstrip().startswith(_TRIGGERS) else text


def fuse(text: str) -> str:
    """The text as it was before defuse(), for a file of ours that comes back."""
    return text[1:] if text.startswith("'") and defuse(text[1:]) == text else text


def rows_to_csv(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV text with defused cells."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([defuse(cell) for cell in row])
    return out.getvalue()
