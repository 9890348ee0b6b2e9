"""Pieces as people will see them: of a kit with sample words, of a campaign with its own, marks where words are missing.

Shown on the public origin, where no session is; a signed, dated token says which piece, so nobody can ask for another's.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from app import tokens
from app.accounts.models import Organisation
from app.campaigns.example_people import PEOPLE as PEOPLE
from app.campaigns.example_people import PEOPLE_LABELS as PEOPLE_LABELS
from app.campaigns.example_people import fields_for
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

MAX_AGE = 12 * 3600  # seconds; a kit with sample words
DRAFT_AGE = 3600  # a campaign, and what it shows of a contact
_PURPOSE, _DRAFT = "preview", "preview of a draft"
_KEPT = 32
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
    """Where a frame finds the piece, for MAX_AGE seconds (a campaign's: DRAFT_AGE). Whoever calls has checked that the actor may
    see it, and that a person who isn't an example is a contact of the campaign's partner.
    """
    draft = isinstance(of, Campaign)
    facts = {"pid": of.pid, "piece": piece.key, "dark": dark, "person": person}
    token = tokens.make_timed(_DRAFT if draft else _PURPOSE, facts)
    return public_url_for("previews.piece", token=f"{'c' if draft else 'k'}{token}")


def looks(made: Prepared, piece: Piece, fields: Mapping[str, str]) -> str:
    """A short mark of what the frames show: the same where nothing that can be seen has changed."""
    facts = (made.version.pid, piece.key, dict(made.slots), made.partner, made.vendor, dict(fields))
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def kit_prepared(version: KitVersion) -> Prepared:
    """A kit version with its defaults and a partner made up for the occasion."""
    kit = kit_source(version)
    vendor = db.session.get(Organisation, version.vendor_id)
    if vendor is None:
        raise NotFound()
    return prepared(version, kit, filled(kit, {}), SAMPLE_PARTNER, as_vendor(vendor))


def inbox(made: Prepared, name: str, fields: Mapping[str, str] = PEOPLE["known"]) -> Inbox:
    """How one email looks beside its frame, to a person of whom this is known. Raises RenderError where it can't be rendered."""
    compiled = _compiled(made, name)
    subject, preheader = preview_line(compiled, fields)
    return Inbox(
        made.partner.sender_name or made.partner.name,
        subject,
        preheader,
        preview_text(compiled, fields),
        compiled.size,
    )


def subjects(
    made: Prepared, name: str, versions: Sequence[Subject], fields: Mapping[str, str] = PEOPLE["known"]
) -> list[str]:
    """Versions of a subject line as this person would read them; one that can't be rendered shows as it was written."""
    piece = made.kit.email(name)
    return [_subject(made, piece, version, fields) for version in versions]


def _subject(made: Prepared, piece: EmailPiece | None, version: Subject, fields: Mapping[str, str]) -> str:
    if piece is None:
        return version.text
    try:
        return preview_line(_rendered(made, piece, version), fields)[0]
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
    facts, made, partner = _read(token)
    kind, _, name = str(facts["piece"]).partition("/")
    if kind == "page":
        return _page(made, name, token)
    person = str(facts["person"])
    fields = fields_for(partner, person) if partner else PEOPLE.get(person, PEOPLE["known"])
    return _scheme(preview_html(_compiled(made, name), fields), dark=bool(facts["dark"]))


def stylesheet(token: str) -> str:
    """The colours of a page that is previewed."""
    return brand_css(_read(token)[1].partner)


def _read(token: str) -> tuple[dict[str, Any], Prepared, Organisation | None]:
    """What a token says, the piece's sources, and for a campaign its partner."""
    if token[:1] != "c":
        facts = tokens.read_timed(_PURPOSE, token[1:], MAX_AGE)
        version = db.session.scalars(
            select(KitVersion).where(KitVersion.pid == str(facts["pid"]))
        ).one_or_none()  # unscoped: the token was signed for whoever may see it
        if version is None:
            raise NotFound()
        return facts, kit_prepared(version), None
    facts = tokens.read_timed(_DRAFT, token[1:], DRAFT_AGE)
    query = select(Campaign).where(Campaign.pid == str(facts["pid"]))  # unscoped: as above
    campaign = db.session.scalars(query).one_or_none()
    if campaign is None:
        raise NotFound()
    return facts, source(campaign), db.session.get_one(Organisation, campaign.partner_id)


def _compiled(made: Prepared, name: str) -> CompiledEmail:
    piece = made.kit.email(name)
    if piece is None:
        raise NotFound()
    return _rendered(made, piece)


def _rendered(made: Prepared, piece: EmailPiece, subject: Subject | None = None) -> CompiledEmail:
    """The mail with marks where words are missing; what was shown a moment ago is kept, since page and frames show the same."""
    facts = (
        made.version.pid, piece.name, subject, dict(made.slots), made.partner, made.vendor, made.why, dict(made.assets)
    )  # fmt: skip
    key = hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).digest()
    found = _shown.get(key)
    if found is None:
        found = _shown[key] = email(made, piece, subject, mark_missing=True)
        while len(_shown) > _KEPT:
            _shown.popitem(last=False)
    return found


_shown: OrderedDict[bytes, CompiledEmail] = OrderedDict()


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
