"""The check of the finished mail: that it can be made at all, its size, its text part, its footer with every slot left empty."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace

from markupsafe import Markup as Safe

from app.kits.check_markup import Markup
from app.kits.findings import Finding, Report, finding, from_problems
from app.kits.locate import Lines
from app.kits.pieces import EmailPiece, KitSource, Slot, SlotType
from app.kits.samples import CONTACT, PARTNER, VENDOR, WHY, sample_slots
from app.kits.slots import filled
from app.kits.table import FILE
from app.render.compiled import preview_text
from app.render.email import MAX_HTML, CompiledEmail, EmailSource, compile_email, preview_line
from app.render.errors import RenderError
from app.render.places import PlaceKind

_SAID = 60  # characters of a mail's own words, under which its text part says nothing
_SHORT = 78  # characters of a subject; longer ones are cut everywhere
_FONT = re.compile(r"<link[^>]+fonts?\.|@import", re.IGNORECASE)
_FOREIGN_FONT = re.compile(
    r"<mj-font\b|@import|\b(?:Open Sans|Droid Sans|Lato|Roboto|Ubuntu)\b", re.IGNORECASE
)


def check_made(
    kit: KitSource, email: EmailPiece, markup: Markup, lines: Lines, address: str
) -> list[Finding]:
    """What shows only in the finished mail."""
    report = Report(email.path, markup.places)
    said = ""
    try:
        full, least = sample_slots(kit), _bare(kit)
        compiled = _made(kit, email, full)
        said = "With its optional slots left empty the mail can’t be made. "
        differs = any(full[name] != least[name] and f"slot.{name}" in email.source for name in full)
        bare = _made(kit, email, least) if differs else compiled
    except RenderError as error:
        found = _placed(from_problems(error.problems, email.path), markup)
        mend = "Give the slot a default, or put {% if slot.… %} around the place."
        return [replace(f, message=said + f.message, mend=mend if said else f.mend) for f in found]
    except RecursionError:
        report.add("mjml", 0, "The components are nested too deep.", "Make it simpler.")
        return report.findings
    _footer(bare, markup, report)
    _size(kit, email, compiled, report)
    _dark(markup, report)
    _font(compiled, markup, report)
    _text(compiled, markup, report)
    return report.findings + _subject(email, compiled, lines, address)


def _made(kit: KitSource, email: EmailPiece, slots: Mapping[str, object]) -> CompiledEmail:
    assets = {name: f"https://media.example/{name}" for name in kit.files if name.startswith("assets/")}
    source = EmailSource(email.source, email.subject, email.preheader, assets)
    return compile_email(source, slots, PARTNER, VENDOR, WHY, email.language)


def _placed(found: list[Finding], markup: Markup) -> list[Finding]:
    """Findings about the whole mail stand at its first tag."""
    first = markup.at(markup.top[0].start) if markup.top else (1, 1)
    return [f if f.column else finding(f.rule, f.file, *first, f.message, f.mend) for f in found]


def _bare(kit: KitSource) -> dict[str, object]:
    """Slots as a partner leaves them who fills in what is required and nothing else."""
    full = sample_slots(kit, pictures=False)
    empty = filled(kit, {})
    return {slot.name: full[slot.name] if slot.required else empty[slot.name] for slot in kit.slots}


def _footer(bare: CompiledEmail, markup: Markup, report: Report) -> None:
    """The way out and the address have to be there whatever the partner leaves empty."""
    source = markup.source
    ways_out = [
        f"{bare.mark}{at}z" for at, place in enumerate(bare.places) if place.kind is PlaceKind.UNSUBSCRIBE
    ]
    if not any(way in bare.html for way in ways_out):
        at = max(source.find("link.unsubscribe"), 0)
        message = "In some mails nobody can unsubscribe: the link stands inside an if."
        report.add("no-unsubscribe", at, message, "Take it out of the if.")
    if PARTNER.postal_address.casefold() not in " ".join(bare.text.split()).casefold():
        at = max(source.find("partner.postal_address"), 0)
        message = "In some mails the postal address can’t be seen: it stands inside an if, or where nobody reads it."
        report.add("no-address", at, message, "Put it into text, outside of any if.")


def _size(kit: KitSource, email: EmailPiece, compiled: CompiledEmail, report: Report) -> None:
    if compiled.size > MAX_HTML:
        message = f"The mail has {compiled.size / 1024:.0f} KB; Gmail cuts it off at 102 KB, unsubscribe link included."
        report.add("size", 0, message, "Shorten it, or split it in two.")
        return
    pictures = sample_slots(kit)
    longest = {s.name: _longest(s, pictures[s.name]) for s in kit.slots}
    most = sum(email.source.count(f"slot.{name}") * _weight(value) for name, value in longest.items())
    if compiled.size + most <= MAX_HTML:
        return
    try:
        size = _made(kit, email, longest).size
    except RenderError:
        return  # texts that long can't be put there at all; whoever writes them is told so
    if size > MAX_HTML:
        message = f"With every slot filled to its limit the mail has {size / 1024:.0f} KB; Gmail cuts it off at 102 KB."
        report.add("size-filled", 0, message, "Lower max_length or max_items of its longest slots.")


def _weight(value: object) -> int:
    """Bytes that one use of a value may add; each entry of a list may bring a row of its own with it."""
    return sum(len(str(v)) + 2_000 for v in value) if isinstance(value, tuple) else len(str(value))


def _longest(slot: Slot, picture: object) -> object:
    """The longest value the slot takes."""
    words = ("Ihre Sicherheit zählt. " * (slot.max_length // 20 + 1))[: slot.max_length]
    values: dict[SlotType, object] = {
        SlotType.TEXT: words,
        SlotType.RICH: Safe(f"<p>{words}</p>"),  # noqa: S704 - words of our own
        SlotType.LIST: (words,) * slot.max_items,
        SlotType.URL: "https://harbour-it.example/" + "a" * (max(slot.max_length, 200) - 27),
        SlotType.CHOICE: max(slot.choices, key=len, default=""),
        SlotType.COLOUR: "#15324b",
        SlotType.DATE: slot.latest or dt.date(2026, 9, 23),
    }
    return values.get(slot.type, picture)


def _dark(markup: Markup, report: Report) -> None:
    if "color-scheme" not in markup.source:
        message = "The mail has no dark colours of its own; in dark mode it is shown in ones made from its light ones."
        mend = (
            "Look at it in the dark preview. To choose them, add "
            '<mj-raw><meta name="color-scheme" content="light dark"></mj-raw> and dark rules in mj-style.'
        )
        head = next((e for e in markup.elements() if e.tag in ("mj-head", "mjml")), None)
        report.add("dark-mode", head.start if head else 0, message, mend)


def _font(compiled: CompiledEmail, markup: Markup, report: Report) -> None:
    if _FONT.search(compiled.html):
        found = _FOREIGN_FONT.search(markup.masked)
        message = "Reading this mail fetches a font from somebody else’s server, which learns who opens it."
        mend = "Set font-family to fonts people have, as in mj-all."
        report.add("remote-font", found.start() if found else 0, message, mend)


def _text(compiled: CompiledEmail, markup: Markup, report: Report) -> None:
    """Whether the text part says more than the footer does."""
    text = " ".join(preview_text(compiled, CONTACT).split())
    for said in (" ".join(WHY.split()), PARTNER.postal_address, "[unsubscribe link]"):
        text = text.replace(said, "")
    words = re.sub(r"https?://\S+|\[link \d+\]", "", text)
    if sum(c.isalnum() for c in words) < _SAID:
        body = next((e.start for e in markup.elements() if e.tag == "mj-body"), 0)
        mend = "Write words, not only pictures: some people read nothing else, and filters look for them."
        report.add("text-part", body, "The mail has no plain text to speak of.", mend)


def _subject(email: EmailPiece, compiled: CompiledEmail, lines: Lines, address: str) -> list[Finding]:
    found = []
    subject, _ = preview_line(compiled, CONTACT)
    if len(subject) > _SHORT:
        message = f"The subject can reach {len(subject)} characters; phones show about 40."
        found.append(finding("subject-long", FILE, *lines.value(address, "subject"), message, "Shorten it."))
    if not email.preheader:
        mend = "Add preheader = …: the line after the subject."
        found.append(finding("plain-preheader", FILE, *lines.where(address), "There is no preheader.", mend))
    return found
