"""What the check of a kit finds: one sentence with its place and its mend. Errors stop publishing, warnings don't.

`RULES` holds every rule there is; docs/kit-format.md says of each what it means and how to mend it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from app.kits.locate import Lines, Places
from app.render.errors import Problem


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One finding. Line and column count from 1; a column of 0 means the whole line."""

    rule: str
    severity: Severity
    file: str
    line: int
    column: int
    message: str
    mend: str

    def to_dict(self) -> dict[str, object]:
        """JSON-able, for the command and the database."""
        return asdict(self) | {"severity": self.severity.value}


ERRORS = (
    "archive", "kit", "toml", "toml-key", "toml-missing", "toml-type", "toml-value", "file-missing", "asset-missing",
    "slot-undeclared", "slot-type", "slot-default", "placeholder", "template-forbidden", "placeholder-spot", "contact-condition", "value",
    "mjml", "mjml-tag", "mjml-place", "mjml-attribute", "mj-include", "forbidden-tag", "event-handler", "link-scheme",
    "alt-text", "image-source", "no-unsubscribe", "no-address", "size", "line-length", "form", "page-title", "form-label",
    "step-email", "step-first", "step-order", "step-late", "step-condition", "step-test",
    "document", "document-unsafe", "picture", "panel-page", "panel-outside",
)  # fmt: skip
WARNINGS = (
    "slot-unused", "slot-choice", "slot-limits", "foreign-placeholder", "mjml-value", "mjml-class", "mjml-text", "mjml-twice", "html",
    "asset-unused", "file-unused", "image-remote", "image-svg", "image-heavy", "image-size", "link-http", "link-dead",
    "link-gone", "link-text", "no-why", "no-vendor", "contrast", "contrast-brand", "contrast-dark", "dark-mode",
    "remote-font", "size-filled", "text-part", "subject-long", "plain-preheader", "page-heading", "page-language",
    "page-style", "page-tag", "step-repeat", "email-unsent", "post-long",
)  # fmt: skip
RULES: Mapping[str, Severity] = dict.fromkeys(ERRORS, Severity.ERROR) | dict.fromkeys(
    WARNINGS, Severity.WARNING
)


def finding(rule: str, file: str, line: int, column: int, message: str, mend: str) -> Finding:
    """A finding with the severity of its rule."""
    return Finding(rule, RULES.get(rule, Severity.ERROR), file, max(line, 1), column, message, mend)


@dataclass
class Report:
    """Collects the findings of one file by their offsets in it."""

    path: str
    places: Places
    findings: list[Finding] = field(default_factory=list)

    def add(self, rule: str, offset: int, message: str, mend: str) -> None:
        """One more finding, at this offset (from 0)."""
        self.findings.append(finding(rule, self.path, *self.places.at(offset), message, mend))


def from_problems(problems: Iterable[Problem], file: str) -> list[Finding]:
    """Findings from what the renderer found wrong with a file."""
    return [finding(p.rule, file, p.line, p.column, p.message, p.mend) for p in problems]


def in_file(found: Iterable[Finding], file: str) -> list[Finding]:
    """Findings of a template that is a whole file."""
    return [replace(f, file=file) for f in found]


def in_value(found: Iterable[Finding], file: str, lines: Lines, address: str, key: str) -> list[Finding]:
    """Findings of a template that is a value in a TOML file, at their place in that file."""
    placed = []
    for f in found:
        line, column = lines.inside(address, key, f.line, f.column)
        placed.append(replace(f, file=file, line=max(line, 1), column=column))
    return placed


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """Each once: errors first, then by file, line and column."""
    once = dict.fromkeys(found)
    return sorted(once, key=lambda f: (f.severity is not Severity.ERROR, f.file, f.line, f.column))


def excerpt(files: Mapping[str, bytes], found: Finding) -> tuple[str, int]:
    """The line of the source that a finding is about, without its end, and the column (from 0) of the caret; or ("", 0)."""
    lines = files.get(found.file, b"").decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    if not found.column or not 0 < found.line <= len(lines) or "\0" in lines[found.line - 1]:
        return "", 0
    return lines[found.line - 1], found.column - 1
