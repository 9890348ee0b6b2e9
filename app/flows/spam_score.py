"""SpamAssassin's opinion of a finished mail, where it is installed on the worker's machine: local rules only, nothing leaves.

Where it is not installed there is no opinion, and nothing is said to people about it.
"""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

SECONDS = 25.0
# Program, and how it reads a message from standard input: -L asks no network, -t always reports, -x writes no preferences.
_PROGRAMS = (("spamassassin", ("-L", "-t", "-x")), ("spamc", ("-R",)))
_TOTAL = re.compile(r"\(\s*(-?\d+(?:\.\d+)?) points, (\d+(?:\.\d+)?) required\)")
_LINE = re.compile(r"^\s{0,2}\*?\s*(-?\d+\.\d)\s+([A-Z][A-Z0-9_]+)\s+(\S.*)$")
_PREFIX = re.compile(r"^(?:BODY|URI|RBL|RAW|HEADER|META):\s+")


@dataclass(frozen=True)
class SpamScore:
    """Points, the number from which on it counts as spam, and the rules that cost most: (points, why)."""

    points: float
    limit: float
    reasons: tuple[tuple[float, str], ...]


def program() -> tuple[str, ...] | None:
    """The command to run; None where SpamAssassin is not installed."""
    for name, options in _PROGRAMS:
        found = shutil.which(name)
        if found:
            return (found, *options)
    return None


def score(message: bytes, command: tuple[str, ...], seconds: float = SECONDS) -> SpamScore | None:
    """Have a message judged; None where the program fails, takes too long, or says nothing that can be read."""
    with tempfile.TemporaryDirectory() as home:
        try:
            done = subprocess.run(
                command,
                input=message,
                capture_output=True,
                timeout=seconds,
                check=False,
                env={"HOME": home, "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            log.warning("spam_score.failed", error=type(error).__name__)
            return None
    return parse(done.stdout.decode(errors="replace"))


def parse(report: str) -> SpamScore | None:
    """Read SpamAssassin's report: the total, and the table of rules under it (points, name, description)."""
    total = _TOTAL.search(report)
    if total is None or not float(total.group(2)):
        return None
    found: list[tuple[float, str]] = []
    for line in report[total.end() :].splitlines():
        rule = _LINE.match(line)
        if rule and float(rule.group(1)) > 0:
            found.append((float(rule.group(1)), _PREFIX.sub("", rule.group(3).strip())))
    found.sort(reverse=True)
    return SpamScore(float(total.group(1)), float(total.group(2)), tuple(found[:3]))
