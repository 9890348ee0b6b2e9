"""What a campaign's mails lead to and show: every link and picture once, with the mails it stands in and where it is mended."""

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.flows.check import LaunchCheck, StepMail
from app.flows.probe import Kind
from app.kits.pieces import Slot

_PICTURE = re.compile(
    r"<img\b[^>]*?\ssrc=\"([^\"]+)\"|\bbackground=\"([^\"]+)\"|\burl\(['\"]?([^'\")]+)['\"]?\)", re.IGNORECASE
)


@dataclass(frozen=True)
class Target:
    """An address, the titles of the mails it stands in, and the field of the partner's that holds it (None: the kit's own)."""

    url: str
    kind: Kind
    mails: tuple[str, ...]
    slot: Slot | None


def targets(found: LaunchCheck) -> list[Target]:
    """Every web address in the mails as they would go out, links first; the landing page and tracked addresses are not among them."""
    places: dict[tuple[Kind, str], list[str]] = {}
    for mail in found.steps:
        for key in _addresses(mail):
            titles = places.setdefault(key, [])
            if mail.piece.title not in titles:
                titles.append(mail.piece.title)
    return [
        Target(url, kind, tuple(titles), _slot(found, url))
        for (kind, url), titles in sorted(places.items(), key=lambda item: item[0][0])
    ]


def _addresses(mail: StepMail) -> Iterator[tuple[Kind, str]]:
    for compiled in mail.versions:
        for link in compiled.links:
            if link.kind == "url":
                yield "link", link.url
        for match in _PICTURE.finditer(compiled.html):
            url = html.unescape(next(group for group in match.groups() if group)).strip()
            if url.lower().startswith(("http://", "https://")):
                yield "picture", url


def _slot(found: LaunchCheck, url: str) -> Slot | None:
    """The field whose words hold this address."""
    if found.made is None:
        return None
    for slot in found.made.kit.slots:
        value = found.made.slots.get(slot.name)
        if value and url in str(getattr(value, "url", value)):
            return slot
    return None


def fingerprint(found: LaunchCheck) -> str:
    """Of everything that is checked: it changes with every word, picture, address and version of the mails."""
    digest = hashlib.sha256()
    for mail in found.steps:
        for compiled in mail.versions:
            for text in (
                mail.piece.name,
                compiled.subject,
                compiled.html,
                compiled.text,
                repr(compiled.links),
            ):
                digest.update(text.encode() + b"\0")
    return digest.hexdigest()
