"""A brand on the kits that are open to its partner: real renderings with sample words, and the weakest contrast of each.

Colours may be ones that nobody has saved yet, so that a person sees what they would do before choosing them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from app import tokens
from app.accounts.models import Organisation
from app.assets.brand import brand_by_id
from app.assets.colors import contrast, mended
from app.assets.models import BrandProfile
from app.campaigns.prepare import Prepared, as_partner, as_vendor, email, prepared
from app.db import db
from app.errors import NotFound
from app.kits.contrast import Pair, pairs
from app.kits.models import KitVersion
from app.kits.queries import OpenKit, kit_source, open_kits
from app.kits.samples import CONTACT, sample_slots
from app.render.context import Partner
from app.render.email import preview_html
from app.render.errors import RenderError
from app.render.filters import readable_on
from app.render.page import PageSource, brand_css, render_page
from app.web.hosts import public_url_for

MOST = 3
MAX_AGE = 3600  # seconds
_PURPOSE = "look of a brand"


@dataclass(frozen=True)
class Look:
    """One piece of a kit in the brand: where its frame is, its weakest pair of colours (None where it shows no text).

    `mends` are the brand's colours that can't be read in it, each with the neighbour that can: {"#f0c040": "#947200"}.
    """

    kit: str
    title: str
    is_mail: bool
    frame: str
    weakest: Pair | None
    mends: Mapping[str, str]


def looks(partner: Organisation, brand: BrandProfile, colors: tuple[str, str]) -> list[Look]:
    """The first mail of each open kit and the first page, MOST pieces in all, drawn in these colours (main, call)."""
    dressed = _dressed(partner, brand, colors)
    found: list[Look] = []
    for kit, kind, name in _pieces(open_kits(partner)):
        facts = {
            "version": kit.version.pid, "kind": kind, "name": name, "partner": partner.id, "brand": brand.id, "colors": list(colors),
        }  # fmt: skip
        frame = public_url_for("brand_looks.piece", token=tokens.make_timed(_PURPOSE, facts))
        made = _made(kit.version, dressed)
        try:
            shown = _pairs(made, kind, name)
        except RenderError:
            continue  # a kit that can't be drawn with sample words says so where it is checked
        title = (
            next((e.title for e in kit.source.emails if e.name == name), "")
            if kind == "email"
            else "Landing page"
        )
        weakest = min(shown, key=lambda pair: pair.ratio / pair.needed, default=None)
        found.append(Look(kit.source.name, title, kind == "email", frame, weakest, _mends(shown, colors)))
    return found


def show(token: str) -> str:
    """The document in a frame. Raises BadToken for a token that is forged or too old, NotFound, RenderError."""
    facts = tokens.read_timed(_PURPOSE, token, MAX_AGE)
    made = _read(facts)
    if facts["kind"] == "email":
        return _mail(made, str(facts["name"]))
    page = made.kit.page(str(facts["name"]))
    if page is None:
        raise NotFound()
    sheets = (
        public_url_for("static", filename="landing.css"),
        public_url_for("brand_looks.colors", token=token),
    )
    return render_page(
        PageSource(page.source, page.title, page.description, made.assets, page.language),
        made.slots, made.partner, made.vendor, page.form, "#", stylesheets=sheets, mark_missing=True,
    )  # fmt: skip


def stylesheet(token: str) -> str:
    """The colours of a page in a frame."""
    return brand_css(_read(tokens.read_timed(_PURPOSE, token, MAX_AGE)).partner)


def _pieces(kits: Sequence[OpenKit]) -> list[tuple[OpenKit, str, str]]:
    mails = [(kit, "email", kit.source.emails[0].name) for kit in kits if kit.source.emails]
    pages = [(kit, "page", kit.source.pages[0].name) for kit in kits if kit.source.pages]
    return [*mails[:1], *pages[:1], *mails[1:], *pages[1:]][:MOST]


def _read(facts: Mapping[str, Any]) -> Prepared:
    partner = db.session.get(Organisation, int(facts["partner"]))
    query = select(KitVersion).where(
        KitVersion.pid == str(facts["version"])
    )  # unscoped: the token was signed for whoever may see it
    version = db.session.scalars(query).one_or_none()
    if partner is None or version is None:
        raise NotFound()
    main, call = (str(color) for color in facts["colors"])
    brand = brand_by_id(partner, facts["brand"]) or BrandProfile(**_EMPTY)
    return _made(version, _dressed(partner, brand, (main, call)))


_EMPTY = dict.fromkeys(("legal_name", "postal_address", "phone", "website", "sender_name", "reply_to"), "")


def _dressed(partner: Organisation, brand: BrandProfile, colors: tuple[str, str]) -> Partner:
    shown = replace(as_partner(brand, partner), primary_color=colors[0], call_color=colors[1])
    return shown if shown.postal_address else replace(shown, postal_address="Your postal address")


def _made(version: KitVersion, partner: Partner) -> Prepared:
    kit = kit_source(version)
    vendor = db.session.get_one(Organisation, version.vendor_id)
    return prepared(version, kit, sample_slots(kit, pictures=False), partner, as_vendor(vendor))


def _mail(made: Prepared, name: str) -> str:
    piece = made.kit.email(name)
    if piece is None:
        raise NotFound()
    return preview_html(email(made, piece, mark_missing=True), CONTACT)


def _pairs(made: Prepared, kind: str, name: str) -> list[Pair]:
    if kind == "email":
        return list(pairs(_mail(made, name)))
    # A page's styles are the product's own: these are the pairs that they make of a brand's colours.
    main, call = str(readable_on(made.partner.primary_color)), str(readable_on(made.partner.call_color))
    grounds = (("#ffffff", call, "the button"), (main, "#faf7f2", "headings"), ("#dce6ee", main, "the band"))
    return [Pair(text, ground, contrast(text, ground), where) for text, ground, where in grounds]


def _mends(shown: Sequence[Pair], colors: tuple[str, str]) -> dict[str, str]:
    """A neighbour for each of the brand's colours that stands in a pair which can't be read."""
    found: dict[str, str] = {}
    for pair in shown:
        if pair.is_readable:
            continue
        for own, other in ((pair.text, pair.ground), (pair.ground, pair.text)):
            if own in colors and other not in colors:
                found.setdefault(own, mended(own, other, pair.needed))
    return found
