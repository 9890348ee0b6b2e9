"""The lines of a kit's files around a finding, cut to what fits a page: kept with the finding, since the files lie in the store."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.kits.findings import Finding

_AROUND = 1
_WIDTH = 160
_BEFORE = 60  # characters of a long line shown before the column


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
        return [] if b"\0" in data else data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return []


def _around(lines: list[str], line: int, column: int) -> list[list[Any]]:
    if not 0 < line <= len(lines):
        return []
    numbers = range(max(line - _AROUND, 1), min(line + _AROUND, len(lines)) + 1)
    return [[n, _cut(lines[n - 1], column if n == line else 0), n == line] for n in numbers]


def _cut(text: str, column: int) -> str:
    text = text.rstrip().replace("\t", "  ")
    if len(text) <= _WIDTH:
        return text
    start = max(min(column - _BEFORE, len(text) - _WIDTH), 0)
    end = start + _WIDTH
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
