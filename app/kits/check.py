"""The check of a kit: everything that would embarrass its vendor, a partner or a reader, with file, line and mend.

Pure: it reads the kit's files only. `check` takes a kit that could be read, `check_files` anything.
"""

from collections.abc import Mapping

from app.kits.archive import KitError
from app.kits.check_documents import check_documents
from app.kits.check_email import check_email
from app.kits.check_page import check_page, check_words
from app.kits.check_steps import check_steps
from app.kits.findings import Finding, Severity, finding, from_problems
from app.kits.format import survey
from app.kits.locate import Lines
from app.kits.pieces import KitSource
from app.kits.table import FILE
from app.render.places import Places
from app.render.template import inspect

__all__ = ["Finding", "Severity", "check", "check_files", "finding_of", "has_errors"]

_HEAVY = 1_000_000


def has_errors(findings: list[Finding]) -> bool:
    """Whether anything stops publishing."""
    return any(f.severity is Severity.ERROR for f in findings)


def finding_of(error: KitError) -> Finding:
    """A reader's error as a finding."""
    return finding(error.rule, error.file or FILE, error.line, 0, error.plain, error.mend)


def check_files(files: Mapping[str, bytes]) -> tuple[KitSource | None, list[Finding]]:
    """Read and check a kit's files. The kit is None where kit.toml can't be read at all."""
    kit, errors = survey(files)
    if kit is None:
        return None, [finding_of(e) for e in errors]
    return kit, check(kit)


def check(kit: KitSource) -> list[Finding]:
    """Every finding, errors first, then by file and line."""
    found = [finding_of(e) for e in survey(kit.files)[1]]
    lines = Lines(kit.files.get(FILE, b"").decode("utf-8", "replace"))
    used: set[str] = set()
    for at, email in enumerate(kit.emails):
        found += check_email(kit, email, lines, f"emails[{at}]", used)
    for at, page in enumerate(kit.pages):
        found += check_page(kit, page, lines, f"pages[{at}]", used)
    found += check_words(kit, used) + check_documents(kit, lines)
    found += _tests(kit, lines, used) + check_steps(kit, lines)
    found += _slots(kit, used) + _assets(kit)
    seen = dict.fromkeys(found)
    return sorted(seen, key=lambda f: (f.severity is not Severity.ERROR, f.file, f.line, f.column))


def _tests(kit: KitSource, lines: Lines, used: set[str]) -> list[Finding]:
    found: list[Finding] = []
    for at, test in enumerate(kit.tests):
        for row, (_, value) in enumerate(test.variants):
            address = f"tests[{at}].variants[{row}]"
            parsed, problems = inspect(value, kit.names(), places=Places("tlcheck"), markup=False)
            used |= parsed.slots if parsed else set()
            found += from_problems(problems, FILE, line=lines.of(address, "value"))
    return found


def _slots(kit: KitSource, used: set[str]) -> list[Finding]:
    found = []
    for slot in kit.slots:
        if slot.name and slot.name not in used:
            message = f"The slot “{slot.name}” is declared and used nowhere."
            mend = "Partners would be asked for something that nobody sees. Remove it, or use it."
            found.append(finding("slot-unused", FILE, slot.line, 0, message, mend))
    return found


def _assets(kit: KitSource) -> list[Finding]:
    found = []
    texts = [e.source for e in kit.emails] + [p.source for p in kit.pages] + [p.image for p in kit.posts]
    texts += [p.source for p in kit.posts] + [kit.playbook.source if kit.playbook else ""]
    for name, data in kit.files.items():
        if not name.startswith("assets/"):
            continue
        if not any(name in text for text in texts):
            found.append(
                finding("asset-unused", name, 1, 0, "No piece uses this file.", "Remove it, or use it.")
            )
        if len(data) > _HEAVY:
            message = f"This file has {len(data) // 1000:,} KB; phones wait for it."
            found.append(finding("image-heavy", name, 1, 0, message, "Save it smaller, under 1 MB."))
    return found
