"""Looking up stored files, and the address where a public one is served."""

from sqlalchemy import select

from app.accounts.models import Organisation
from app.assets.models import Asset
from app.db import db, scoped
from app.errors import NotFound
from app.web.hosts import public_url_for

ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "application/pdf": "pdf",
}


def media_url(asset: Asset) -> str:
    """The absolute public address of an asset; it answers only while the asset is public. Works outside requests."""
    return public_url_for("media.file", pid=asset.pid, ending=ENDINGS[asset.content_type])


def public_asset(pid: str) -> Asset:
    """The public asset with this id, whoever owns it. Raises NotFound for private and unknown ones alike."""
    query = select(Asset).where(
        Asset.pid == pid, Asset.is_public
    )  # unscoped: what mails and pages show is open to all
    asset = db.session.scalars(query).one_or_none()
    if asset is None:
        raise NotFound()
    return asset


def asset_of(organisation: Organisation, asset_id: int | None) -> Asset | None:
    """The organisation's asset with this id; None for none."""
    if asset_id is None:
        return None
    return db.session.scalars(scoped(organisation, Asset).where(Asset.id == asset_id)).one_or_none()


def assets_of(organisation: Organisation) -> list[Asset]:
    """The library, newest first."""
    return list(db.session.scalars(scoped(organisation, Asset).order_by(Asset.id.desc())))
