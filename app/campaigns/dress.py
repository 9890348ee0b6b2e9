"""A campaign's brand as pictures and documents wear it: the logo's bytes, who hands it out, and files of the kit out of the store."""

from sqlalchemy import select

from app.assets.errors import FileGone
from app.assets.models import Asset
from app.assets.store import store
from app.campaigns import documents
from app.campaigns.posts_picture import Dress
from app.campaigns.prepare import Prepared
from app.db import db
from app.errors import NotFound
from app.kits.pieces import Document


def of(made: Prepared) -> Dress:
    """What a post's picture wears."""
    logo = _logo(made)
    return Dress(made.partner.name, made.partner.primary_color, logo[0] if logo else None)


def card(made: Prepared) -> documents.Card:
    """What a document's panel says."""
    partner = made.partner
    logo, kind = _logo(made) or (None, "image/png")
    return documents.Card(
        partner.name, partner.primary_color, logo, kind, partner.postal_address, partner.phone, partner.email, partner.website
    )  # fmt: skip


def logo_mark(made: Prepared) -> str:
    """Changes with the logo; empty where there is none."""
    asset = _asset(made)
    return asset.sha256 if asset else ""


def kit_file(made: Prepared, path: str) -> str | None:
    """The store's key of a file of the kit; None where the version doesn't serve it."""
    facts = made.version.media.get(path)
    return str(facts["key"]) if facts else None


def document(made: Prepared, piece: Document, who: documents.Card) -> bytes:
    """A document as this partner hands it out: with the panel, where the kit has a place for it. Asks no database. Raises NotFound."""
    key = kit_file(made, piece.path)
    if key is None:
        raise NotFound(kind="Document")
    data = store().get(key)
    return documents.panelled(data, piece.panel, who) if piece.panel else data


def _logo(made: Prepared) -> tuple[bytes, str] | None:
    asset = _asset(made)
    try:
        return (store().get(asset.key), asset.content_type) if asset else None
    except FileGone:  # the name stands there instead
        return None


def _asset(made: Prepared) -> Asset | None:
    brand = made.brand
    wanted = (brand.logo_large_id or brand.logo_id) if brand else None
    if brand is None or wanted is None:
        return None
    query = select(Asset).where(  # unscoped: the brand's own logo, of the brand's own owner
        Asset.id == wanted, Asset.organisation_id == brand.partner_id
    )
    return db.session.scalars(query).one_or_none()
