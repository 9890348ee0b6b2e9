"""What the check of a kit finds: one sentence with its place and its mend. Errors stop publishing, warnings don't."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

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


WARNINGS = frozenset(
    [
        "foreign-placeholder",
        "slot-unused",
        "asset-unused",
        "link-http",
        "link-dead",
        "image-remote",
        "image-heavy",
        "image-svg",
        "dark-mode",
        "remote-font",
        "text-part",
        "subject-long",
        "no-why",
        "no-vendor",
        "page-style",
        "page-heading",
        "contrast",
        "plain-preheader",
        "step-repeat",
        "email-unsent",
        "post-long",
    ]
)


def finding(rule: str, file: str, line: int, column: int, message: str, mend: str) -> Finding:
    """A finding with the severity of its rule."""
    severity = Severity.WARNING if rule in WARNINGS else Severity.ERROR
    return Finding(rule, severity, file, max(line, 1), column, message, mend)


def from_problems(problems: Iterable[Problem], file: str, source: str = "", line: int = 0) -> list[Finding]:
    """Findings from a template's problems. `line` is where the template stands if it is a value in kit.toml."""
    found = []
    lines = source.split("\n")
    for problem in problems:
        at = line or problem.line
        column = problem.column
        if not column and not line and 0 < at <= len(lines):
            column = max(lines[at - 1].find("{{"), lines[at - 1].find("{%")) + 1
        found.append(finding(problem.rule, file, at, column, problem.message, problem.mend))
    return found
