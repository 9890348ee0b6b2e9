"""How `throughline kit check` says what it found: for people with the line of the source and a caret, for programs as JSON."""

import json
from collections.abc import Mapping, Sequence

import click

from app.kits.findings import Finding, Severity, excerpt

_WIDTH = 120
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def as_json(findings: Sequence[Finding]) -> str:
    """One object: the counts and every finding."""
    errors = _errors(findings)
    report = {
        "errors": errors,
        "warnings": len(findings) - errors,
        "findings": [f.to_dict() for f in findings],
    }
    return json.dumps(report, ensure_ascii=False)


def lines(found: Finding, files: Mapping[str, bytes], *, rich: bool) -> list[str]:
    """A finding in one line; if `rich`, coloured, with the source and its mend on lines of their own."""
    column = f":{found.column}" if found.column else ""
    where = f"{_plain(found.file)}:{found.line}{column}"
    message, mend = _plain(found.message), _plain(found.mend)
    if not rich:
        return [f"{where}: {found.severity.value} [{found.rule}] {message} {mend}".rstrip()]
    kind = click.style(found.severity.value, fg=_COLOURS[found.severity], bold=True)
    said = [f"{click.style(where, bold=True)}: {kind} {click.style(f'[{found.rule}]', dim=True)} {message}"]
    said += _source(found, files)
    return [*said, f"    {click.style('mend:', fg='green')} {mend}", ""]


def summary(name: str, findings: Sequence[Finding]) -> str:
    """The last line."""
    errors = _errors(findings)
    return f"{_plain(name)}: {_many(errors, 'error')}, {_many(len(findings) - errors, 'warning')}."


def _source(found: Finding, files: Mapping[str, bytes]) -> list[str]:
    text, caret = excerpt(files, found)
    if not text:
        return []
    cut = max(caret - _WIDTH // 2, 0) if len(text) > _WIDTH else 0
    shown = _plain(text[cut : cut + _WIDTH].replace("\t", " "))
    number = str(found.line)
    bar = click.style("|", dim=True)
    pointer = click.style("^", fg=_COLOURS[found.severity], bold=True)
    return [f"    {number} {bar} {shown}", f"    {' ' * len(number)} {bar} {' ' * (caret - cut)}{pointer}"]


def _plain(text: str) -> str:
    """Without characters that would move a terminal's cursor or change its colours: names and lines are other people's."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _errors(findings: Sequence[Finding]) -> int:
    return sum(f.severity is Severity.ERROR for f in findings)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
