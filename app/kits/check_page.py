"""The check of landing pages, posts and playbooks: placeholders, the form's place, language, headings, pictures, what would be dropped."""

import re
from collections.abc import Iterator

from app.kits.check_links import check_links
from app.kits.check_markup import VALUE, Element, Markup, read_markup
from app.kits.check_slots import check_template, used_slots
from app.kits.findings import Finding, Report, finding, from_problems, in_file, in_value
from app.kits.locate import Lines
from app.kits.pieces import FormSpec, KitSource, PagePiece
from app.kits.samples import PARTNER, VENDOR, sample_slots
from app.kits.table import FILE
from app.render import unsafe
from app.render.errors import RenderError
from app.render.page import ATTRIBUTES, FORM, TAGS, PageSource, compile_page, page_names
from app.render.post import words_names

_LEVEL = re.compile(r"h[1-6]")


def check_page(kit: KitSource, page: PagePiece, lines: Lines, address: str, used: set[str]) -> list[Finding]:
    """Findings of one landing page; adds the slots it uses to `used`."""
    found = _texts(kit, page, lines, address, used) + _language(kit, page, lines, address)
    if not page.source:
        return found
    # Of the same length, so that places stay: the form is no value of the template language.
    plain = FORM.sub(lambda form: " " * len(form[0]), page.source)
    markup = read_markup(plain)
    report = Report(page.path, markup.places)
    _form(page, markup, report)
    used |= used_slots(kit, page.source)
    names = page_names(sample_slots(kit), page.form, thanks=False)
    _, problems = check_template(kit, plain, names, page.language, markup=True)
    found += in_file(problems, page.path)
    found += from_problems(unsafe.problems(markup.masked), page.path)
    check_links(kit, markup, report, is_page=True)
    _kept(markup, report)
    _headings(markup, report)
    _pictures(markup, report)
    found += report.findings
    if not any(f.severity == "error" for f in found):
        found += _compiled(kit, page)
    return found


def _texts(kit: KitSource, page: PagePiece, lines: Lines, address: str, used: set[str]) -> list[Finding]:
    """The templates in kit.toml that belong to the page."""
    found: list[Finding] = []
    for where, key, text, thanks in _templates(page, address):
        names = page_names(sample_slots(kit), page.form, thanks=thanks)
        used |= used_slots(kit, text)
        _, problems = check_template(kit, text, names, page.language, markup=False)
        found += in_value(problems, FILE, lines, where, key)
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


def _language(kit: KitSource, page: PagePiece, lines: Lines, address: str) -> list[Finding]:
    if lines.has(address, "language") or lines.has("", "languages"):
        return []
    message = (
        f"Nothing says which language the page “{page.name}” is in, so that it is read aloud as English."
    )
    mend = 'Add languages = ["en"] at the top of the file, or language = "en" here.'
    return [finding("page-language", FILE, *lines.where(address), message, mend)]


def _form(page: PagePiece, markup: Markup, report: Report) -> None:
    places = [form.start() for form in FORM.finditer(page.source)]
    if not places:
        end = len(page.source.rstrip())
        report.add(
            "form", end, "The page doesn’t say where its form stands.", "Write {{ form }} there, once."
        )
    for extra in places[1:]:
        report.add("form", extra, "The form stands on the page twice.", "Write {{ form }} once.")


def _kept(markup: Markup, report: Report) -> None:
    """What the product leaves out of a page: it would vanish without a word."""
    for fault in markup.faults:
        report.add("page-tag", fault.start, fault.message, fault.mend)
    for element in markup.elements():
        if element.tag == "style" or "style" in element.attributes:
            at = element.attributes["style"].start if "style" in element.attributes else element.start
            message = "Pages take their looks from the product’s stylesheet; this style would be dropped."
            report.add("page-style", at, message, "Use the classes named in the guide.")
        elif element.tag not in TAGS and element.tag not in unsafe.BANNED:
            message = f"<{element.tag}> can’t be part of a page and would be dropped."
            report.add("page-tag", element.start, message, _instead(element.tag))
        for name, attribute in element.attributes.items():
            kept = ATTRIBUTES["*"] | ATTRIBUTES.get(element.tag, set())
            if element.tag in TAGS and name.lower() not in kept | {"style"} and not name.startswith("on"):
                message = f"“{name[:40]}” can’t be part of <{element.tag}> on a page and would be dropped."
                report.add("page-tag", attribute.start, message, "Remove it.")


def _instead(tag: str) -> str:
    if tag in ("input", "select", "textarea", "button", "label", "fieldset"):
        return "Declare the form’s fields in kit.toml, each with its label."
    if tag in ("html", "head", "body", "main", "title", "meta", "link"):
        return "The product draws the frame of the page: write only what stands inside."
    return "Use plain HTML, such as <div>, <section> or <p>."


def _headings(markup: Markup, report: Report) -> None:
    found = [element for element in markup.elements() if _LEVEL.fullmatch(element.tag)]
    main = [element for element in found if element.tag == "h1"]
    if not main:
        report.add("page-heading", 0, "The page has no main heading.", "Give it one <h1>.")
    for extra in main[1:]:
        report.add("page-heading", extra.start, "The page has a second main heading.", "Make it <h2>.")
    level = 0
    for element in found:
        now = int(element.tag[1])
        if level and now > level + 1:
            message = f"After <h{level}> comes <{element.tag}>: a level is left out."
            report.add("page-heading", element.start, message, f"Make it <h{level + 1}>.")
        if not _named(element, markup):
            report.add(
                "page-heading", element.start, "This heading is empty.", "Write something, or remove it."
            )
        level = now


def _pictures(markup: Markup, report: Report) -> None:
    for element in markup.elements():
        if element.tag == "img" and not {"width", "height"} <= set(element.attributes):
            message = "This picture has no size: the page jumps when it arrives."
            report.add("image-size", element.start, message, "Add width and height in pixels.")
        if element.tag == "a" and "href" in element.attributes and not _named(element, markup):
            message = "This link has no words: nobody who listens to the page learns where it leads."
            report.add("link-text", element.start, message, "Write where it leads.")


def _named(element: Element, markup: Markup) -> bool:
    """Whether there is something to read aloud: text, a placeholder, or a picture's description."""
    described = (e.attributes.get(name) for e in element.walk() for name in ("alt", "aria-label", "title"))
    text = markup.text(element)
    return VALUE in text or bool(text.strip()) or any(a is not None and a.value.strip() for a in described)


def _compiled(kit: KitSource, page: PagePiece) -> list[Finding]:
    assets = {name: f"https://media.example/{name}" for name in kit.files if name.startswith("assets/")}
    source = PageSource(page.source, page.title, page.description, assets, page.language)
    try:
        compile_page(source, sample_slots(kit), PARTNER, VENDOR, page.form)
    except RenderError as error:
        return from_problems(error.problems, page.path)
    return []


def check_words(kit: KitSource, lines: Lines, used: set[str]) -> list[Finding]:
    """Findings of posts and the playbook."""
    found: list[Finding] = []
    pieces = [(p.path, p.source) for p in kit.posts]
    pieces += [(kit.playbook.path, kit.playbook.source)] if kit.playbook else []
    for path, source in pieces:
        used |= used_slots(kit, source)
        language = kit.languages[0] if kit.languages else "en"
        _, problems = check_template(kit, source, words_names(sample_slots(kit)), language, markup=False)
        found += in_file(problems, path)
    for at, post in enumerate(kit.posts):
        if post.image and not post.alt:
            message = f"The picture of “{post.name}” has no description."
            mend = "Add alt = …: what it shows, in a few words."
            found.append(finding("alt-text", FILE, *lines.value(f"posts[{at}]", "image"), message, mend))
    return found
