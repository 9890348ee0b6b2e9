"""A compiled mail, and how it looks to one contact in a preview."""

import html as html_module
import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.render import places
from app.render.places import Place, PlaceKind


@dataclass(frozen=True)
class LinkTarget:
    """Where a tracked link leads. `kind` is "landing" (the campaign's own page, `url` empty) or "url"."""

    number: int
    kind: str
    url: str = ""


@dataclass(frozen=True)
class CompiledEmail:
    """A mail ready for MIME: all but the recipient's own is in place. `mark` and `places` say how to find what is open."""

    html: str
    text: str
    subject: str
    preheader: str
    links: tuple[LinkTarget, ...]
    mark: str
    places: tuple[Place, ...]

    @property
    def size(self) -> int:
        """Bytes of the HTML part; Gmail clips mails beyond 102 KB."""
        return len(self.html.encode())


def preview_html(
    compiled: CompiledEmail, fields: Mapping[str, str], links: Mapping[int, str] | None = None
) -> str:
    """The HTML as this contact would see it, for a sandboxed frame: no pixel, links to `links[number]` or nowhere."""
    urls = {t.number: t.url for t in compiled.links if t.url} | dict(links or {})

    def value(place: Place) -> str:
        if place.kind is PlaceKind.FIELD:
            return html_module.escape(field_value(place, fields))
        return (
            html_module.escape(urls.get(place.number, "#"))
            if place.kind is PlaceKind.CLICK
            else _nowhere(place)
        )

    return places.fill(compiled.html, compiled.mark, compiled.places, value)


def preview_text(
    compiled: CompiledEmail, fields: Mapping[str, str], links: Mapping[int, str] | None = None
) -> str:
    """The text part as this contact would read it."""
    urls = {t.number: t.url for t in compiled.links if t.url} | dict(links or {})

    def value(place: Place) -> str:
        if place.kind is PlaceKind.FIELD:
            return field_value(place, fields)
        return (
            urls.get(place.number, f"[link {place.number}]")
            if place.kind is PlaceKind.CLICK
            else "[unsubscribe link]"
        )

    return places.fill(compiled.text, compiled.mark, compiled.places, value)


def preview_line(compiled: CompiledEmail, fields: Mapping[str, str]) -> tuple[str, str]:
    """Subject and preheader as this contact would see them in the inbox."""

    def value(place: Place) -> str:
        return field_value(place, fields)

    subject = places.fill(compiled.subject, compiled.mark, compiled.places, value)
    return subject, places.fill(compiled.preheader, compiled.mark, compiled.places, value)


def field_value(place: Place, fields: Mapping[str, str]) -> str:
    """The contact's field in one line without control characters, or the place's default."""
    return clean_field(fields.get(place.name) or "") or place.default


def clean_field(raw: str) -> str:
    """One line, no control or bidi-override characters, at most 100 characters."""
    if raw.isprintable() and len(raw) <= 100 and "  " not in raw:
        return raw.strip()  # nothing that isn't printable: no control, bidi or separator but single spaces
    text = " ".join(_UNSEEN.sub(" ", raw).split())
    return text if len(text) <= 100 else text[:99] + "…"


_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def _nowhere(place: Place) -> str:
    return "#unsubscribe" if place.kind is PlaceKind.UNSUBSCRIBE else ""
