"""The check of one email: its tags, pictures, links and placeholders, what the law wants in it, and how it compiles."""

import difflib
import re

from app.kits.findings import Finding, finding, from_problems
from app.kits.locate import Lines
from app.kits.mjml_tags import KNOWN, UNSUPPORTED, VOID
from app.kits.pieces import EmailPiece, KitSource
from app.kits.samples import CONTACT, PARTNER, VENDOR, WHY, sample_slots
from app.kits.table import FILE
from app.render import unsafe
from app.render.email import MAX_HTML, EmailSource, compile_email, preview_line
from app.render.errors import RenderError
from app.render.filters import contrast
from app.render.places import Places
from app.render.template import inspect

_FOREIGN = re.compile(
    r"\{% raw %\}\{\{\{% endraw %\}.{0,60}?\}\}|\*\|[\w:.]{1,60}\|\*|\[\[[\w .:-]{1,60}\]\]|%%[\w .:-]{1,60}%%"
)
_HEX = re.compile(r"#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3}")
_NOT_TAGS = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_DEFAULTS = re.compile(r"<mj-attributes\b.*?</mj-attributes\s*>", re.DOTALL)
_PICTURES = ("mj-image", "img", "mj-carousel-image")
ASSET = re.compile(r"(?<=[\"'(])assets/[\w./@+-]+(?=[\"')])")


def check_email(
    kit: KitSource, email: EmailPiece, lines: Lines, address: str, used: set[str]
) -> list[Finding]:
    """Findings of one email; adds the slots it uses to `used`."""
    if not email.source:
        return []
    found = _placeholders(kit, email, lines, address, used)
    found += from_problems(unsafe.problems(email.source), email.path)
    found += _tags(email) + _pictures_and_links(kit, email) + _foreign(email)
    if any(f.rule not in _SURVIVABLE for f in found):
        return found
    return found + _compiled(kit, email, lines, address)


_SURVIVABLE = frozenset(
    [
        "alt-text",
        "foreign-placeholder",
        "link-http",
        "link-dead",
        "image-remote",
        "image-svg",
        "contrast",
        "no-address",
        "no-unsubscribe",
        "no-why",
        "no-vendor",
    ]
)


def _placeholders(
    kit: KitSource, email: EmailPiece, lines: Lines, address: str, used: set[str]
) -> list[Finding]:
    names = kit.names()
    found: list[Finding] = []
    for key, text in (("subject", email.subject), ("preheader", email.preheader)):
        parsed, problems = inspect(
            text, names, places=Places("tlcheck"), markup=False, language=email.language
        )
        used |= parsed.slots if parsed else set()
        found += from_problems(problems, FILE, line=lines.of(address, key))
    parsed, problems = inspect(email.source, names, places=Places("tlcheck"), language=email.language)
    found += from_problems(problems, email.path, email.source)
    if parsed is None:
        return found
    used |= parsed.slots
    end = email.source.count("\n") + 1
    for rule, mention, message, mend in _MUST_MENTION:
        if mention not in parsed.mentions:
            found.append(finding(rule, email.path, end, 0, message, mend))
    return found


_MUST_MENTION = (
    ("no-unsubscribe", "link.unsubscribe", "Nobody can unsubscribe from this mail.",
     'Add <a href="{{ link.unsubscribe }}">Unsubscribe with one click</a>.'),
    ("no-address", "partner.postal_address", "The mail names no postal address, which the law wants.",
     "Add {{ partner.postal_address }} to the footer."),
    ("no-why", "why", "The mail doesn’t say why one gets it.", "Add {{ why }} to the footer."),
    ("no-vendor", "vendor.name", "The mail doesn’t say who stands behind it.", "Add “together with {{ vendor.name }}”."),
)  # fmt: skip


def _tags(email: EmailPiece) -> list[Finding]:
    """Unknown and unsupported components, and tags that are not closed."""
    found: list[Finding] = []
    source = _blank(_NOT_TAGS, email.source)
    stack: list[tuple[str, int, int]] = []
    for tag in unsafe.TAG.finditer(source):
        name = tag.group("tag").lower()
        line, column = unsafe.position(source, tag.start())
        if name.startswith("mj") and name not in KNOWN and not tag.group("close"):
            found.append(
                finding("mjml-tag", email.path, line, column, f"<{name}> is no MJML component.", _near(name))
            )
        if name in UNSUPPORTED and not tag.group("close"):
            message = f"<{name}> can’t be compiled here."
            found.append(
                finding("mjml-tag", email.path, line, column, message, "Write the attributes directly.")
            )
        if tag.group("rest").endswith("/") or name in VOID:
            continue
        if not tag.group("close"):
            stack.append((name, line, column))
        elif stack and stack[-1][0] == name:
            stack.pop()
        else:
            return [*found, _unclosed(email, stack, name, line, column)]
    if stack:
        name, line, column = stack[-1]
        found.append(
            finding("mjml", email.path, line, column, f"<{name}> is never closed.", f"Add </{name}>.")
        )
    return found


def _unclosed(
    email: EmailPiece, stack: list[tuple[str, int, int]], name: str, line: int, column: int
) -> Finding:
    if not stack:
        return finding("mjml", email.path, line, column, f"</{name}> closes nothing.", "Remove it.")
    opened, at, _ = stack[-1]
    message = f"</{name}> stands where <{opened}> from line {at} is still open."
    return finding("mjml", email.path, line, column, message, f"Add </{opened}> before it.")


def _near(name: str) -> str:
    near = difflib.get_close_matches(name, KNOWN, 1)
    return f"Did you mean <{near[0]}>?" if near else "See the list of MJML’s components."


def _pictures_and_links(kit: KitSource, email: EmailPiece) -> list[Finding]:
    found: list[Finding] = []
    source = _blank(unsafe.COMMENT, email.source)
    for tag in unsafe.TAG.finditer(_blank(_DEFAULTS, source)):
        if tag.group("close"):
            continue
        name = tag.group("tag").lower()
        where = unsafe.position(source, tag.start())
        given = {key: value for key, value, _ in unsafe.attributes(tag.group("rest"))}
        found += [finding(*f[:1], email.path, *where, *f[1:]) for f in _tag_findings(kit, name, given)]
    for asset in ASSET.finditer(source):
        if asset.group() not in kit.files:
            where = unsafe.position(source, asset.start())
            found.append(
                finding(
                    "asset-missing",
                    email.path,
                    *where,
                    f"There is no file {asset.group()}.",
                    "Add it, or mend the path.",
                )
            )
    return found


def _blank(pattern: re.Pattern[str], source: str) -> str:
    """The source with matches turned to spaces, so that positions stay."""
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), source)


def _foreign(email: EmailPiece) -> list[Finding]:
    """Placeholders of other systems, which would reach people as they stand."""
    found = []
    for place in _FOREIGN.finditer(email.source):
        where = unsafe.position(email.source, place.start())
        shown = re.sub(r"\{%.*?%\}", "", place.group())
        message = f"{shown} is a placeholder of another system and would be sent as it stands."
        found.append(
            finding(
                "foreign-placeholder",
                email.path,
                *where,
                message,
                "Replace it with one of ours, or with words.",
            )
        )
    return found


def _tag_findings(kit: KitSource, name: str, given: dict[str, str]) -> list[tuple[str, str, str]]:
    """Rule, message and mend for what one tag says about itself."""
    found = []
    source = given.get("src", "") or given.get("background-url", "")
    if name in _PICTURES and "alt" not in given:
        found.append(
            (
                "alt-text",
                "This picture has no description.",
                'Describe what it tells; if it is only decoration, write alt="".',
            )
        )
    if source.startswith(("http://", "https://")):
        found.append(
            (
                "image-remote",
                f"This picture lies on somebody else’s server: {source[:80]}",
                "Put it into assets/ of the kit.",
            )
        )
    if source.startswith("http://") or given.get("href", "").startswith("http://"):
        found.append(("link-http", "This address is not encrypted.", "Use https://."))
    if source.lower().endswith(".svg"):
        found.append(("image-svg", "Most mail programs show no SVG.", "Use PNG or JPEG."))
    if name in ("a", "mj-button", "mj-navbar-link") and given.get("href", "").strip() in ("", "#"):
        found.append(("link-dead", "This link leads nowhere.", "Give it an address, or {{ link.landing }}."))
    back, front = given.get("background-color", ""), given.get("color", "")
    if name == "mj-button" and _HEX.fullmatch(back) and _HEX.fullmatch(front) and contrast(back, front) < 4.5:
        ratio = f"{contrast(back, front):.1f}"
        found.append(
            (
                "contrast",
                f"{front} on {back} reaches {ratio} to 1; text needs 4.5 to 1.",
                "Choose a darker or lighter colour.",
            )
        )
    return found


def _compiled(kit: KitSource, email: EmailPiece, lines: Lines, address: str) -> list[Finding]:
    """What shows only in the finished mail."""
    assets = {name: f"https://media.example/{name}" for name in kit.files if name.startswith("assets/")}
    source = EmailSource(email.source, email.subject, email.preheader, assets)
    try:
        compiled = compile_email(source, sample_slots(kit), PARTNER, VENDOR, WHY, email.language)
    except RenderError as error:
        return from_problems(error.problems, email.path)
    found = []
    subject, _ = preview_line(compiled, CONTACT)
    if compiled.size > MAX_HTML:
        message = f"The mail has {compiled.size / 1024:.0f} KB; Gmail cuts it off at 102 KB, unsubscribe link included."
        found.append(finding("size", email.path, 1, 0, message, "Shorten it, or split it in two."))
    if "color-scheme" not in compiled.html:
        message = "The mail says nothing about dark mode; programs will invent colours."
        mend = (
            'Add <mj-raw><meta name="color-scheme" content="light dark"></mj-raw> and dark rules in mj-style.'
        )
        found.append(finding("dark-mode", email.path, 1, 0, message, mend))
    if re.search(r"<link[^>]+fonts?\.|@import", compiled.html):
        message = "Reading this mail fetches a font from somebody else’s server, which learns who opens it."
        found.append(
            finding(
                "remote-font",
                email.path,
                1,
                0,
                message,
                "Set font-family to fonts people have, as in mj-all.",
            )
        )
    if len(compiled.text) < 200:
        message = "The plain text says almost nothing."
        found.append(finding("text-part", email.path, 1, 0, message, "Write words, not only pictures."))
    if len(subject) > 78:
        message = f"The subject can reach {len(subject)} characters; phones show about 40."
        found.append(finding("subject-long", FILE, lines.of(address, "subject"), 0, message, "Shorten it."))
    if not email.preheader:
        found.append(
            finding(
                "plain-preheader",
                FILE,
                lines.of(address),
                0,
                "There is no preheader.",
                "Add preheader = …: the line after the subject.",
            )
        )
    return found
