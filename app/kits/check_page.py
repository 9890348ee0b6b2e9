"""The check of landing pages, posts and playbooks: placeholders, the form's place, headings, pictures, forbidden parts."""

import re
from collections.abc import Iterator

from app.kits.check_email import ASSET
from app.kits.findings import Finding, finding, from_problems
from app.kits.locate import Lines
from app.kits.pieces import FormSpec, KitSource, PagePiece
from app.kits.samples import PARTNER, VENDOR, sample_slots
from app.kits.table import FILE
from app.render import unsafe
from app.render.errors import RenderError
from app.render.page import FORM, PageSource, compile_page, page_names
from app.render.places import Places
from app.render.post import words_names
from app.render.template import inspect


def check_page(kit: KitSource, page: PagePiece, lines: Lines, address: str, used: set[str]) -> list[Finding]:
    """Findings of one landing page; adds the slots it uses to `used`."""
    found = _texts(kit, page, lines, address, used)
    if not page.source:
        return found
    if len(FORM.findall(page.source)) != 1:
        message = "The page has to say once where its form stands."
        found.append(finding("form", page.path, 1, 0, message, "Write {{ form }} there, once."))
    names = page_names(_slots(kit), page.form, thanks=False)
    parsed, problems = inspect(
        FORM.sub("", page.source), names, places=Places("tlcheck"), language=page.language
    )
    used |= parsed.slots if parsed else set()
    found += from_problems(problems, page.path, page.source)
    found += from_problems(unsafe.problems(page.source), page.path)
    found += _markup(kit, page)
    if not any(f.severity == "error" for f in found):
        found += _compiled(kit, page)
    return found


def _slots(kit: KitSource) -> dict[str, object]:
    return sample_slots(kit)


def _texts(kit: KitSource, page: PagePiece, lines: Lines, address: str, used: set[str]) -> list[Finding]:
    """The templates in kit.toml that belong to the page."""
    found: list[Finding] = []
    for where, key, text, thanks in _templates(page, address):
        names = page_names(_slots(kit), page.form, thanks=thanks)
        parsed, problems = inspect(
            text, names, places=Places("tlcheck"), markup=False, language=page.language
        )
        used |= parsed.slots if parsed else set()
        found += from_problems(problems, FILE, line=lines.of(where, key) or page.line)
    return found


def _templates(page: PagePiece, address: str) -> Iterator[tuple[str, str, str, bool]]:
    form: FormSpec = page.form
    inside = f"{address}.form"
    yield address, "title", page.title, False
    yield address, "description", page.description, False
    for key in ("title", "intro", "button", "note"):
        yield inside, key, str(getattr(form, key)), False
    for at, consent in enumerate(form.consents):
        yield f"{inside}.consents[{at}]", "text", consent.text, False
    yield f"{inside}.thanks", "title", form.thanks.title, True
    yield f"{inside}.thanks", "text", form.thanks.text, True
    for at, step in enumerate(form.thanks.steps):
        yield f"{inside}.thanks.steps[{at}]", "when", step.when, True
        yield f"{inside}.thanks.steps[{at}]", "text", step.text, True


def _markup(kit: KitSource, page: PagePiece) -> list[Finding]:
    found: list[Finding] = []
    source = unsafe.COMMENT.sub(lambda c: re.sub(r"[^\n]", " ", c.group()), page.source)
    for tag in unsafe.TAG.finditer(source):
        where = unsafe.position(source, tag.start())
        name = tag.group("tag").lower()
        given = {key: value for key, value, _ in unsafe.attributes(tag.group("rest"))}
        if name == "img" and "alt" not in given:
            mend = 'Describe what it tells; if it is only decoration, write alt="".'
            found.append(finding("alt-text", page.path, *where, "This picture has no description.", mend))
        if "style" in given or name == "style":
            message = "Pages take their looks from the product’s stylesheet; this style would be dropped."
            found.append(
                finding("page-style", page.path, *where, message, "Use the classes named in the guide.")
            )
        if given.get("href", "").startswith("http://") or given.get("src", "").startswith("http://"):
            found.append(
                finding("link-http", page.path, *where, "This address is not encrypted.", "Use https://.")
            )
    for asset in ASSET.finditer(source):
        if asset.group() not in kit.files:
            where = unsafe.position(source, asset.start())
            found.append(
                finding(
                    "asset-missing",
                    page.path,
                    *where,
                    f"There is no file {asset.group()}.",
                    "Add it, or mend the path.",
                )
            )
    headings = len(re.findall(r"<h1\b", source, re.IGNORECASE))
    if headings != 1:
        message = f"The page has {headings} main headings."
        found.append(finding("page-heading", page.path, 1, 0, message, "Give it one <h1>."))
    return found


def _compiled(kit: KitSource, page: PagePiece) -> list[Finding]:
    assets = {name: f"https://media.example/{name}" for name in kit.files if name.startswith("assets/")}
    source = PageSource(page.source, page.title, page.description, assets, page.language)
    try:
        compile_page(source, _slots(kit), PARTNER, VENDOR, page.form)
    except RenderError as error:
        return from_problems(error.problems, page.path)
    return []


def check_words(kit: KitSource, used: set[str]) -> list[Finding]:
    """Findings of posts and the playbook."""
    found: list[Finding] = []
    pieces = [(p.path, p.source) for p in kit.posts] + (
        [(kit.playbook.path, kit.playbook.source)] if kit.playbook else []
    )
    for path, source in pieces:
        parsed, problems = inspect(source, words_names(_slots(kit)), places=Places("tlcheck"), markup=False)
        used |= parsed.slots if parsed else set()
        found += from_problems(problems, path, source)
    for post in kit.posts:
        if post.image and not post.alt:
            message = f"The picture of “{post.name}” has no description."
            found.append(
                finding(
                    "alt-text", FILE, post.line, 0, message, "Add alt = …: what it shows, in a few words."
                )
            )
    return found
