"""What a rule finds by itself in a campaign under review: computed from the pieces as they would be sent, never guessed.

What breaks a rule needs a reason to be approved; what is only worth a look doesn't.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.campaigns.prepare import Prepared, email
from app.campaigns.review_content import Snapshot
from app.campaigns.review_diff import Change, Comparison, as_words
from app.kits.contrast import trouble
from app.kits.pieces import SlotType
from app.render.email import MAX_HTML, preview_html
from app.render.errors import RenderError
from app.web.filters import size

_HREF = re.compile(r"href=[\"']([^\"']+)[\"']", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_MONEY = r"(?:€|£|\$|EUR|GBP|USD|CHF|NOK|SEK|DKK|PLN)"
_PRICE = re.compile(rf"{_MONEY}\s?\d[\d.,’']*|\d[\d.,’']*\s?(?:{_MONEY}(?!\w)|%)")


@dataclass(frozen=True)
class Mark:
    """One thing a rule found. `about` is what it was found in, as comments name it; `broken`: it needs a reason to be approved."""

    about: str
    text: str
    broken: bool = False


def marks(made: Prepared, content: Snapshot, found: Comparison) -> list[Mark]:
    """Everything the rules find: in the changed words, in the brand, in each mail as it would be sent."""
    known = _hosts_of_kit(made)
    by_slot = [
        mark for change in found.changed if change.kind for mark in _words(made, content, change, known)
    ]
    return [*by_slot, *_mails(made)]


def _words(made: Prepared, content: Snapshot, change: Change, known: set[str]) -> list[Mark]:
    raw = content["slots"].get(change.slot)
    if raw is None or isinstance(raw, dict):
        return []
    text = " ".join(map(str, raw)) if isinstance(raw, list) else str(raw)
    marks = [
        Mark(
            change.about, f"Leads to {host}, which is neither {made.partner.name}’s website nor in your kit."
        )
        for host in _hosts(_links(change.kind, text))
        if not _within(host, known)
    ]
    before = set(_PRICE.findall(change.was_text))
    named = [price for price in dict.fromkeys(_PRICE.findall(change.text)) if price not in before]
    if named:
        listed = ", ".join(f"“{price.strip()}”" for price in named[:3])
        marks.append(Mark(change.about, f"Names a price or a share that your words don’t: {listed}."))
    return marks


def _links(kind: SlotType | None, text: str) -> list[str]:
    if kind is SlotType.URL:
        return [text]
    return _HREF.findall(text) + _ADDRESS.findall(text)


def _hosts(addresses: Iterable[str]) -> list[str]:
    found = []
    for address in addresses:
        try:
            host = urlsplit(address).hostname
        except ValueError:
            continue
        if host and host not in found:
            found.append(host)
    return found


def _within(host: str, known: set[str]) -> bool:
    return any(host == other or host.endswith(f".{other}") for other in known)


def _hosts_of_kit(made: Prepared) -> set[str]:
    """Where a link may lead without a word: the partner's website, the vendor's, and what the kit itself names."""
    kit = made.kit
    texts = [e.source for e in kit.emails] + [p.source for p in kit.pages] + [p.source for p in kit.posts]
    texts += [as_words(slot, slot.default) for slot in kit.slots if slot.default is not None]
    addresses = [made.partner.website, made.vendor.website, *(a for t in texts for a in _ADDRESS.findall(t))]
    return {host.removeprefix("www.") for host in _hosts(addresses)}


def _mails(made: Prepared) -> list[Mark]:
    found = []
    for piece in made.kit.emails:
        about = f"email/{piece.name}"
        try:
            compiled = email(made, piece)
        except RenderError as error:
            found.append(Mark(about, f"“{piece.title}” can’t be made. {error.message}", broken=True))
            continue
        if compiled.size > MAX_HTML:
            text = f"“{piece.title}” has {size(compiled.size)}; Gmail cuts what is over {size(MAX_HTML)}."
            found.append(Mark(about, text, broken=True))
        found += [
            Mark(
                about,
                f"“{piece.title}”: “{pair.sample}” is hard to read, {pair.text} on {pair.ground} has {pair.ratio:.1f} to 1 "
                f"of the {pair.needed:g} it needs.",
                broken=True,
            )
            for pair in trouble(preview_html(compiled, {}))
            if not pair.is_over_picture
        ]
    return found
