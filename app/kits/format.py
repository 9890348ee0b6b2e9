"""The reader of the kit format: a folder, a zip file or its bytes become one `KitSource`, or errors with line and mend.

docs/kit-format.md holds the schema in words; `app.kits.pieces` the same as types.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from app.kits.archive import KitError, read_folder, read_zip
from app.kits.format_form import no_twins, read_form
from app.kits.format_outputs import read_document, read_post
from app.kits.format_steps import read_steps
from app.kits.locate import Lines
from app.kits.pieces import (
    Consent,
    Document,
    EmailPiece,
    FieldType,
    FormField,
    FormSpec,
    KitSource,
    NextStep,
    PagePiece,
    Playbook,
    Post,
    ReviewRule,
    Slot,
    SlotType,
    Step,
    StepAct,
    TestSpec,
    Thanks,
)
from app.kits.table import FILE, Problems, Table, TomlError

__all__ = [
    "Consent", "Document", "EmailPiece", "FieldType", "FormField", "FormSpec", "KitError", "KitSource", "NextStep",
    "PagePiece", "Playbook", "Post", "ReviewRule", "Slot", "SlotType", "Step", "StepAct", "TestSpec", "Thanks", "read_files", "read_kit",
    "survey",
]  # fmt: skip

_VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){0,2}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_RATIO = re.compile(r"[1-9]\d{0,3}:[1-9]\d{0,3}")


def read_files(source: Path | bytes) -> dict[str, bytes]:
    """Every file of a kit by its path, from a folder, the path of a zip, or a zip's bytes. Raises KitError."""
    if isinstance(source, bytes):
        return read_zip(source)
    if source.is_dir():
        return read_folder(source)
    if source.is_file():
        return read_zip(source.read_bytes())
    raise KitError(
        "There is no kit here.", source.name, mend="Give the folder that holds kit.toml, or its zip."
    )


def read_kit(source: Path | bytes) -> KitSource:
    """The kit in a folder or zip. Raises KitError for the first thing that keeps it from being read."""
    kit, problems = survey(read_files(source))
    if kit is None or problems:
        raise problems[0]
    return kit


def survey(files: Mapping[str, bytes]) -> tuple[KitSource | None, list[KitError]]:
    """Read a kit from its files and report everything that is wrong with its shape, not only the first thing."""
    try:
        text = files[FILE].decode("utf-8")
        data = tomllib.loads(text)
    except KeyError:
        return None, [
            KitError("There is no kit.toml.", FILE, mend="Put it on the top level of the kit.", rule="toml")
        ]
    except UnicodeDecodeError:
        return None, [KitError("This file is not UTF-8.", FILE, 1, "Save it as UTF-8.", "toml")]
    except (ValueError, RecursionError) as error:  # also numbers and nesting beyond what Python takes
        return None, [_unreadable(error, text)]
    problems = Problems(Lines(text))
    kit = _kit(Table(data, "", problems), files)
    return kit, problems.found


def _unreadable(error: Exception, text: str) -> KitError:
    """What keeps kit.toml from being read at all, in words, at its place."""
    found = re.fullmatch(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
    message = found[1] if found else str(error)
    lines = text.rstrip().replace("\r\n", "\n").split("\n")
    line = int(found[2]) if found and found[2] else len(lines)
    column = int(found[3]) if found and found[3] else len(lines[-1])
    mend = "Texts stand in quotes, dates don’t, and each key stands once in its table."
    return TomlError(f"This can’t be read as TOML: {message}.", line, max(column, 1), mend, "toml")


def _kit(top: Table, files: Mapping[str, bytes]) -> KitSource:
    top.number("format", 1, 1, 1)
    languages = top.texts("languages", ("en",))
    kit = KitSource(
        name=top.text("name", required=True, longest=120),
        slug=top.text("slug", required=True, longest=80),
        version=top.text("version", required=True, longest=20),
        summary=top.text("summary", required=True),
        goal=top.text("goal"),
        languages=languages,
        tiers=top.texts("tiers"),
        regions=top.texts("regions", longest=80),
        valid_from=top.date("valid_from"),
        valid_until=top.date("valid_until"),
        review=top.choice("review", ReviewRule, ReviewRule.NEVER),
        slots=tuple(_slot(t) for t in top.tables("slots")),
        emails=tuple(_email(t, files, languages) for t in top.tables("emails", 20)),
        pages=tuple(_page(t, files, languages) for t in top.tables("pages", 20)),
        posts=tuple(_post(t, files) for t in top.tables("posts", 50)),
        documents=tuple(read_document(t, files) for t in top.tables("documents", 50)),
        playbook=_playbook(top.table("playbook"), files) if "playbook" in top.data else None,
        tests=tuple(_test(t) for t in top.tables("tests", 20)),
        steps=read_steps(top),
        files=dict(files),
    )
    _shape(top, kit)
    top.done()
    return kit


def _shape(top: Table, kit: KitSource) -> None:
    """What the top level and the pieces together have to obey."""
    if kit.slug and not _SLUG.fullmatch(kit.slug):
        top.wrong("slug", "“slug” is no slug.", "Use small letters, digits and single hyphens.")
    if kit.version and not _VERSION.fullmatch(kit.version):
        top.wrong("version", "“version” is no version.", 'Write it like "2.1".')
    for language in kit.languages:
        if not _LANGUAGE.fullmatch(language):
            top.wrong("languages", f"“{language[:20]}” is no language.", 'Write it like "en" or "nl-BE".')
    if kit.valid_from and kit.valid_until and kit.valid_from > kit.valid_until:
        top.wrong("valid_until", "The kit ends before it begins.", "Swap the dates.")
    if not kit.emails and not kit.pages:
        top.wrong(
            "", "The kit has no email and no landing page.", "Declare one with [[emails]] or [[pages]]."
        )
    for key in ("slots", "emails", "pages", "posts", "documents", "tests"):
        no_twins(top, key, [piece.name for piece in getattr(kit, key)])
    for at, test in enumerate(kit.tests):
        if test.email and kit.email(test.email) is None:
            mend = "Use one of: " + ", ".join(e.name for e in kit.emails) + "."
            top.problems.add(f"There is no email “{test.email}”.", mend, f"tests[{at}]", "email")


def _slot(table: Table) -> Slot:
    kind = table.choice("type", SlotType, SlotType.TEXT)
    default = table.texts("default") if kind is SlotType.LIST else table.text("default") or None
    if (
        kind is SlotType.DATE
        and not isinstance(table.raw("default"), str)
        and table.raw("default") is not None
    ):
        table.wrong("default", "A date slot’s default is text.", 'Write it in quotes, like "2026-06-12".')
    slot = Slot(
        name=table.name(),
        type=kind,
        label=table.text("label", required=True, longest=80),
        help=table.text("help", longest=300),
        group=table.text("group", longest=80),
        missing=table.text("missing", longest=80),
        default=default or None,
        required=table.flag("required"),
        max_length=table.number("max_length", 2_000 if kind is SlotType.RICH else 200, 1, 10_000),
        multiline=table.flag("multiline"),
        choices=table.texts("choices"),
        earliest=table.date("earliest"),
        latest=table.date("latest"),
        min_width=table.number("min_width", 0, 0, 10_000),
        min_height=table.number("min_height", 0, 0, 10_000),
        ratio=table.text("ratio"),
        max_items=table.number("max_items", 10, 1, 50),
        line=table.line,
    )
    if kind is SlotType.CHOICE and len(slot.choices) < 2:
        table.wrong("choices", "A choice needs at least two choices.", 'Write choices = ["one", "two"].')
    if slot.ratio and not _RATIO.fullmatch(slot.ratio):
        table.wrong("ratio", "“ratio” is no ratio.", 'Write it like "16:9".')
    table.done()
    return slot


def _source(
    table: Table, files: Mapping[str, bytes], folder: str, endings: tuple[str, ...]
) -> tuple[str, str]:
    """The path a piece names and the text of that file."""
    path = table.text("file", required=True, longest=200)
    if not path:
        return path, ""
    if not path.startswith(folder) or not path.endswith(endings):
        table.wrong(
            "file",
            f"“{path[:80]}” is in the wrong place.",
            f"It belongs to {folder} and ends in {endings[0]}.",
        )
        return path, ""
    if path not in files:
        table.wrong("file", f"There is no file {path}.", "Add it, or mend the path.", "file-missing")
        return path, ""
    try:
        return path, files[path].decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        table.wrong("file", f"{path} is not UTF-8.", "Save it as UTF-8.")
        return path, ""


def _language(table: Table, languages: tuple[str, ...]) -> str:
    first = languages[0] if languages else "en"
    language = table.text("language", first)
    if language not in languages:
        table.wrong(
            "language",
            f"“{language[:20]}” is not among the kit’s languages.",
            "Add it there, or mend it here.",
        )
        return first
    return language


def _email(table: Table, files: Mapping[str, bytes], languages: tuple[str, ...]) -> EmailPiece:
    path, source = _source(table, files, "emails/", (".mjml",))
    email = EmailPiece(
        name=table.name(),
        title=table.text("title", required=True, longest=80),
        path=path,
        subject=table.text("subject", required=True, longest=300),
        preheader=table.text("preheader", longest=300),
        source=source,
        language=_language(table, languages),
        after_days=table.number("after_days", 0, 0, 365),
        line=table.line,
    )
    table.done()
    return email


def _page(table: Table, files: Mapping[str, bytes], languages: tuple[str, ...]) -> PagePiece:
    path, source = _source(table, files, "landing/", (".html",))
    if "form" not in table.data:
        mend = "Add [pages.form] with [[pages.form.fields]]."
        table.wrong("", "The page declares no form.", mend, "form")
    page = PagePiece(
        name=table.name(),
        title=table.text("title", required=True, longest=120, rule="page-title"),
        description=table.text("description", required=True, longest=300),
        path=path,
        form=read_form(table.table("form")),
        source=source,
        language=_language(table, languages),
        line=table.line,
    )
    table.done()
    return page


def _post(table: Table, files: Mapping[str, bytes]) -> Post:
    return read_post(table, files, *_source(table, files, "social/", (".md",)))


def _playbook(table: Table, files: Mapping[str, bytes]) -> Playbook:
    path, source = _source(table, files, "playbook", (".md",))
    table.done()
    return Playbook(path, source)


def _test(table: Table) -> TestSpec:
    variants = []
    for row in table.tables("variants", 5):
        variants.append(
            (row.text("label", required=True, longest=60), row.text("value", required=True, longest=300))
        )
        row.done()
    test = TestSpec(
        table.name(),
        table.text("email", required=True),
        tuple(variants),
        table.text("field", "subject"),
        table.line,
    )
    if test.field not in ("subject", "preheader"):
        table.wrong("field", "A test changes the subject or the preheader.", 'Write field = "subject".')
    if len(variants) < 2 or len({label for label, _ in variants}) < len(variants):
        table.wrong("variants", "A test needs two variants with different labels.", "Add [[tests.variants]].")
    table.done()
    return test
