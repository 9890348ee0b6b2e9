"""Contacts as a file: cells that a spreadsheet would run are defused."""

import csv
import io
from collections.abc import Iterable, Iterator

from app.audience.cells import defuse
from app.audience.columns import TEXT_FIELDS
from app.audience.queries import Listed


def to_csv(rows: Iterable[Listed]) -> Iterator[str]:
    """The file line by line."""
    names = ["email", *map(str, TEXT_FIELDS)]
    yield "\ufeff" + _line([*names, "may_be_mailed", "why_not", "added_on", "other_fields"])
    for row in rows:
        values = [str(getattr(row.contact, name)) for name in names]
        other = "; ".join(f"{name}: {value}" for name, value in sorted(row.contact.fields.items()))
        may = "no" if row.reason else "yes"
        yield _line(
            [
                *values,
                may,
                row.reason.label if row.reason else "",
                row.contact.created_at.date().isoformat(),
                other,
            ]
        )


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([defuse(cell) for cell in cells])
    return out.getvalue()
