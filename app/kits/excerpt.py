"""The lines of a kit's files around a finding, cut to what fits a page: kept with the finding, since the files lie in the store."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.kits.findings import Finding

_AROUND = 1
_WIDTH = 160
_SEEN = 60  # characters of a line that a page shows without scrolling
_BEFORE = 24  # of those, before the column where it lies beyond them


def with_source(found: Iterable[Finding], files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Findings as JSON-able dicts, each with `source`: [number, text, whether it is the line itself] of the lines around it."""
    texts: dict[str, list[str]] = {}
    rows = []
    for one in found:
        if one.file not in texts:
            texts[one.file] = _lines(files.get(one.file, b""))
        rows.append(one.to_dict() | {"source": _around(texts[one.file], one.line, one.column)})
    return rows


def _lines(data: bytes) -> list[str]:
    try:
        return [] if not data or b"\0" in data else data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return []


def _around(lines: list[str], line: int, column: int) -> list[list[Any]]:
    if not 0 < line <= len(lines):
        return []
    numbers = range(max(line - _AROUND, 1), min(line + _AROUND, len(lines)) + 1)
    around = {n: lines[n - 1].rstrip().replace("\t", " ") for n in numbers}
    indent = min((len(text) - len(text.lstrip()) for text in around.values() if text), default=0)
    return [
        [n, _cut(text[indent:], column - indent if n == line else 0), n == line] for n, text in around.items()
    ]


def _cut(text: str, column: int) -> str:
    start = column - _BEFORE if column > _SEEN else 0
    end = start + _WIDTH
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
