"""The check of a kit: everything that would embarrass its vendor, a partner or a reader, with file, line, column and mend.

Pure: it reads the kit's files only. `check` takes a kit that could be read, `check_files` anything.
"""

from collections.abc import Mapping
from dataclasses import replace

from app.kits.archive import KitError
from app.kits.check_documents import check_documents
from app.kits.check_email import check_email
from app.kits.check_files import check_kit_files
from app.kits.check_page import check_page, check_words
from app.kits.check_slots import check_declared, check_template, default_trouble, used_slots
from app.kits.check_steps import check_steps
from app.kits.findings import Finding, Severity, finding, in_order, in_value
from app.kits.format import survey
from app.kits.locate import Lines
from app.kits.pieces import KitSource
from app.kits.table import FILE, TomlError

__all__ = ["Finding", "Severity", "check", "check_files", "finding_of", "has_errors"]


def has_errors(findings: list[Finding]) -> bool:
    """Whether anything stops publishing."""
    return any(f.severity is Severity.ERROR for f in findings)


def finding_of(error: KitError) -> Finding:
    """A reader's error as a finding."""
    column = error.column if isinstance(error, TomlError) else 0
    return finding(error.rule, error.file or FILE, error.line, column, error.plain, error.mend)


def check_files(files: Mapping[str, bytes]) -> tuple[KitSource | None, list[Finding]]:
    """Read and check a kit's files. The kit is None where kit.toml can't be read at all."""
    kit, errors = survey(files)
    if kit is None:
        return None, [finding_of(e) for e in errors]
    return kit, _check(kit, errors)


def check(kit: KitSource) -> list[Finding]:
    """Every finding, errors first, then by file, line and column."""
    return _check(kit, survey(kit.files)[1])


def _check(kit: KitSource, errors: list[KitError]) -> list[Finding]:
    found = [finding_of(e) for e in errors]
    lines = Lines(kit.files.get(FILE, b"").decode("utf-8", "replace"))
    used: set[str] = set()
    sound = _with_sound_defaults(kit)
    for at, email in enumerate(sound.emails):
        found += check_email(sound, email, lines, f"emails[{at}]", used)
    for at, page in enumerate(sound.pages):
        found += check_page(sound, page, lines, f"pages[{at}]", used)
    found += check_words(sound, lines, used) + check_documents(sound, lines)
    found += _tests(sound, lines, used) + check_steps(kit, lines)
    found += check_declared(kit, lines, used) + check_kit_files(kit)
    return in_order(found)


def _with_sound_defaults(kit: KitSource) -> KitSource:
    """The kit without defaults that break their slots' limits: those have a finding, and can't be put anywhere."""
    slots = (replace(slot, default=None) if default_trouble(slot) else slot for slot in kit.slots)
    return replace(kit, slots=tuple(slots))


def _tests(kit: KitSource, lines: Lines, used: set[str]) -> list[Finding]:
    found: list[Finding] = []
    for at, test in enumerate(kit.tests):
        email = kit.email(test.email)
        for row, (_, value) in enumerate(test.variants):
            used |= used_slots(kit, value)
            language = email.language if email else "en"
            _, problems = check_template(kit, value, kit.names(), language, markup=False)
            found += in_value(problems, FILE, lines, f"tests[{at}].variants[{row}]", "value")
    return found
