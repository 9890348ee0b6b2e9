"""Pieces as people will see them: of a kit with sample words, of a campaign with its own, marks where words are missing.

Shown on the public origin, where no session is; a signed, dated token says which piece, so nobody can ask for another's.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from app import tokens
from app.accounts.models import Organisation
from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared, as_vendor, email, prepared, source
from app.campaigns.subject_test import Subject
from app.db import db
from app.errors import NotFound
from app.kits.models import KitVersion
from app.kits.pieces import EmailPiece, KitSource
from app.kits.queries import kit_source
from app.kits.slots import filled
from app.render.context import Partner
from app.render.email import CompiledEmail, preview_html, preview_line, preview_text
from app.render.errors import RenderError
from app.render.page import PageSource, brand_css, render_page
from app.render.post import render_words
from app.web.hosts import public_url_for

MAX_AGE = 12 * 3600
_PURPOSE = "preview"
_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_LIGHT = re.compile(r"\(\s*prefers-color-scheme\s*:\s*light\s*\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"

SAMPLE_PARTNER = Partner(
    name="Your company",
    legal_name="Your company",
    postal_address="Your street 1, your city",
    phone="your phone number",
    website="https://your-company.example",
    email="you@your-company.example",
    sender_name="Your company",
)
PEOPLE: dict[str, Mapping[str, str]] = {
    "known": {
        "first_name": "Sanne",
        "last_name": "Willems",
        "company": "Van Dijk Logistiek",
        "job_title": "IT manager",
        "email": "sanne@example.com",
    },
    "unknown": {"email": "info@example.com"},
}
PEOPLE_LABELS = {"known": "Sanne Willems", "unknown": "No first name"}


@dataclass(frozen=True)
class Piece:
    """One thing to look at: an email or a landing page, by the kit's name for it."""

    kind: Literal["email", "page"]
    name: str
    title: str

    @property
    def key(self) -> str:
        """As it stands in addresses: `email/invitation`."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Inbox:
    """An email beside its frame: what the inbox shows, and the plain text."""

    sender: str
    subject: str
    preheader: str
    text: str
    size: int


def pieces(kit: KitSource) -> list[Piece]:
    """Everything of a kit that a frame can show: its emails as they go out, then its pages."""
    return [Piece("email", e.name, e.title) for e in in_order(kit)] + [
        Piece("page", p.name, p.title) for p in kit.pages
    ]


def in_order(kit: KitSource) -> list[EmailPiece]:
    """The emails of a kit in the order of its steps; those that no step sends come last."""
    order = {step.email: number for number, step in reversed(list(enumerate(kit.sequence)))}
    return sorted(kit.emails, key=lambda email: order.get(email.name, len(order)))


def chosen(kit: KitSource, key: str | None) -> Piece | None:
    """The piece with this key, else the first one; None for a kit that has nothing to show."""
    found = pieces(kit)
    return next((piece for piece in found if piece.key == key), found[0] if found else None)


def address(of: Campaign | KitVersion, piece: Piece, *, dark: bool = False, person: str = "known") -> str:
    """Where a frame finds the piece, for MAX_AGE seconds. Whoever calls has checked that the actor may see it."""
    kind = "campaign" if isinstance(of, Campaign) else "version"
    facts = {
        "of": kind,
        "pid": of.pid,
        "piece": piece.key,
        "dark": dark,
        "person": person if person in PEOPLE else "known",
    }
    return public_url_for("previews.piece", token=tokens.make_timed(_PURPOSE, facts))


def kit_prepared(version: KitVersion) -> Prepared:
    """A kit version with its defaults and a partner made up for the occasion."""
    kit = kit_source(version)
    vendor = db.session.get(Organisation, version.vendor_id)
    if vendor is None:
        raise NotFound()
    return prepared(version, kit, filled(kit, {}), SAMPLE_PARTNER, as_vendor(vendor))


def inbox(made: Prepared, name: str, person: str = "known") -> Inbox:
    """How one email looks beside its frame. Raises RenderError where it can't be rendered."""
    compiled = _compiled(made, name)
    fields = PEOPLE.get(person, PEOPLE["known"])
    subject, preheader = preview_line(compiled, fields)
    return Inbox(
        made.partner.sender_name or made.partner.name,
        subject,
        preheader,
        preview_text(compiled, fields),
        compiled.size,
    )


def subjects(made: Prepared, name: str, versions: Sequence[Subject], person: str = "known") -> list[str]:
    """Versions of a subject line as this person would read them; one that can't be rendered shows as it was written."""
    piece = made.kit.email(name)
    return [_subject(made, piece, version, PEOPLE.get(person, PEOPLE["known"])) for version in versions]


def _subject(made: Prepared, piece: EmailPiece | None, version: Subject, fields: Mapping[str, str]) -> str:
    if piece is None:
        return version.text
    try:
        return preview_line(email(made, piece, version, mark_missing=True), fields)[0]
    except RenderError:
        return version.text


def words_of(version: KitVersion, template: str) -> str:
    """A playbook or a post of the kit as Markdown, with the kit's default words in it. Raises RenderError."""
    made = kit_prepared(version)
    here = "the address of your page"
    return render_words(
        template, made.slots, made.partner, made.vendor, here, made.language, mark_missing=True
    )


def show(token: str) -> str:
    """The document that a token stands for. Raises BadToken for a token that is forged or too old, RenderError."""
    facts = tokens.read_timed(_PURPOSE, token, MAX_AGE)
    made = _prepared(facts)
    kind, _, name = str(facts["piece"]).partition("/")
    if kind == "page":
        return _page(made, name, token)
    html = preview_html(_compiled(made, name), PEOPLE[str(facts["person"])])
    return _scheme(html, dark=bool(facts["dark"]))


def stylesheet(token: str) -> str:
    """The colours of a page that is previewed."""
    return brand_css(_prepared(tokens.read_timed(_PURPOSE, token, MAX_AGE)).partner)


def _prepared(facts: Mapping[str, Any]) -> Prepared:
    if facts["of"] == "campaign":
        query = select(Campaign).where(
            Campaign.pid == str(facts["pid"])
        )  # unscoped: the token was signed for whoever may see it
        campaign = db.session.scalars(query).one_or_none()
        if campaign is None:
            raise NotFound()
        return source(campaign)
    version = db.session.scalars(
        select(KitVersion).where(KitVersion.pid == str(facts["pid"]))
    ).one_or_none()  # unscoped: as above
    if version is None:
        raise NotFound()
    return kit_prepared(version)


def _compiled(made: Prepared, name: str) -> CompiledEmail:
    piece = made.kit.email(name)
    if piece is None:
        raise NotFound()
    return email(made, piece, mark_missing=True)


def _page(made: Prepared, name: str, token: str) -> str:
    page = made.kit.page(name)
    if page is None:
        raise NotFound()
    return render_page(
        PageSource(page.source, page.title, page.description, made.assets, page.language),
        made.slots, made.partner, made.vendor, page.form, "#",
        stylesheets=(public_url_for("static", filename="landing.css"), public_url_for("previews.colors", token=token)),
        mark_missing=True,
    )  # fmt: skip


def _scheme(html: str, *, dark: bool) -> str:
    """The mail as a dark or a light screen shows it, whatever the screen of whoever looks."""
    return _LIGHT.sub(_NEVER if dark else _ALWAYS, _DARK.sub(_ALWAYS if dark else _NEVER, html))
