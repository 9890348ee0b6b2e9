"""The small picture of a kit: its first mail, or page, really rendered in the partner's own brand, shown in a frame without a session.

Its address stays the same for a day, so that a browser asks once; it says which version and which brand, and nobody can forge it.
"""

import datetime as dt

from app import tokens
from app.accounts.models import Organisation
from app.assets.brand import default_brand
from app.campaigns import prepare
from app.campaigns.prepare import Prepared
from app.campaigns.preview import in_order
from app.clock import now
from app.db import db
from app.errors import NotFound
from app.kits.models import KitVersion
from app.kits.pieces import KitSource
from app.kits.queries import kit_source, version_by_id
from app.kits.samples import sample_slots
from app.kits.slots import filled
from app.render.compiled import preview_html
from app.render.page import PageSource, brand_css, render_page
from app.tokens import BadToken
from app.web.hosts import public_url_for

_PURPOSE = "kit thumb"
_DAYS = 2  # a page that was left open over midnight still finds its pictures
_PERSON = {
    "first_name": "Sanne",
    "last_name": "Willems",
    "company": "Van Dijk Logistiek",
    "job_title": "IT manager",
}


def address(version: KitVersion, partner: Organisation) -> str:
    """Where a frame finds the picture of this version in the partner's brand. Whoever calls has checked that the partner may see it."""
    brand = default_brand(partner)
    mark = int(brand.updated_at.timestamp()) if brand is not None else 0
    number = version.id << 40 | partner.id << 16 | _day()
    return f"{public_url_for('thumbs.show', token=tokens.make(_PURPOSE, number))}?brand={mark}"


def show(token: str) -> str:
    """The document that a token stands for. Raises BadToken for one that is forged or too old, RenderError."""
    version, partner = _read(token)
    made = _prepared(version, partner)
    emails = in_order(made.kit)
    if emails:
        return preview_html(prepare.email(made, emails[0]), _PERSON)
    if not made.kit.pages:
        raise NotFound(kind="KitVersion")
    page = made.kit.pages[0]
    sheets = (
        public_url_for("static", filename="landing.css"),
        public_url_for("thumbs.colors", token=token),
    )
    source = PageSource(page.source, page.title, page.description, made.assets, page.language)
    return render_page(source, made.slots, made.partner, made.vendor, page.form, "#", stylesheets=sheets)


def stylesheet(token: str) -> str:
    """The partner's colours on a page."""
    return brand_css(_prepared(*_read(token)).partner)


def _read(token: str) -> tuple[KitVersion, Organisation]:
    number = tokens.read(_PURPOSE, token)
    if not 0 <= _day() - (number & 0xFFFF) < _DAYS:
        raise BadToken()
    partner = db.session.get(Organisation, number >> 16 & 0xFFFFFF)
    if partner is None:
        raise NotFound(kind="Organisation")
    return version_by_id(number >> 40), partner


def _prepared(version: KitVersion, partner: Organisation) -> Prepared:
    kit = kit_source(version)
    brand = default_brand(partner)
    vendor = db.session.get_one(Organisation, version.vendor_id)
    return prepare.prepared(
        version,
        kit,
        _words(kit),
        prepare.as_partner(brand, partner),
        prepare.as_vendor(vendor),
        brand,
    )


def _words(kit: KitSource) -> dict[str, object]:
    """The kit's own words, and likely ones where a partner is to fill something in."""
    return {**filled(kit, {}), **sample_slots(kit, pictures=False)}


def _day() -> int:
    return (now().date() - dt.date(2026, 1, 1)).days
