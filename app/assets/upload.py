"""Taking files from people into the library: pictures drawn anew, documents checked by their content.

The same bytes are kept once per organisation; the name a person gave is only a label.
"""

import hashlib
from collections.abc import Collection
from pathlib import PurePath

from sqlalchemy.exc import IntegrityError

from app.accounts.actor import Actor
from app.assets.images import clean_image
from app.assets.models import Asset
from app.assets.store import store
from app.db import db, scoped
from app.errors import Invalid

MAX_FILE_BYTES = 20 * 1024 * 1024
PDF = "application/pdf"
_IMAGES = {"image/png", "image/jpeg", "image/webp"}


def add_image(actor: Actor, name: str, data: bytes, public: bool = True) -> Asset:
    """Store a picture drawn anew; `public` ones may stand in mails and pages. Raises Invalid with the mend."""
    image = clean_image(name, data)
    asset = Asset(
        content_type=image.content_type,
        size=len(image.data),
        width=image.width,
        height=image.height,
        is_public=public,
    )
    return _keep(actor, name, image.data, image.ending, asset)


def add_file(actor: Actor, name: str, data: bytes, allowed: Collection[str] = frozenset({PDF})) -> Asset:
    """Store a private file of an allowed content type: a PDF as it is, a picture drawn anew. Raises Invalid with the mend."""
    if not data:
        raise Invalid("This file is empty. Choose another.")
    if len(data) > MAX_FILE_BYTES:
        raise Invalid(f"This file has {len(data) / 1024 / 1024:.1f} MB; 20 MB is the most.")
    if PDF in allowed and data.startswith(b"%PDF-") and PurePath(name).suffix.lower() == ".pdf":
        if b"%%EOF" not in data[-2048:]:
            raise Invalid("This PDF is cut off. Save it again and choose it once more.")
        return _keep(actor, name, data, "pdf", Asset(content_type=PDF, size=len(data), is_public=False))
    if _IMAGES.intersection(allowed) and not data.startswith(b"%PDF-"):
        asset = add_image(actor, name, data, public=False)
        if asset.content_type in allowed:
            return asset
    raise Invalid(f"This file can’t be taken. Choose a {_choices(allowed)}.")


def _keep(actor: Actor, name: str, data: bytes, ending: str, asset: Asset) -> Asset:
    organisation = actor.organisation
    digest = hashlib.sha256(data).hexdigest()
    known = _same(actor, digest)
    if known is None:
        asset.organisation_id = organisation.id
        asset.name = _label(name)
        asset.sha256 = digest
        asset.key = f"assets/{organisation.pid}/{digest}.{ending}"
        asset.created_by = actor.person.id
        store().put(asset.key, data, asset.content_type)
        try:
            with db.session.begin_nested():
                db.session.add(asset)
            return asset
        except IntegrityError:  # a colleague stored the same bytes at the same moment
            known = _same(actor, digest)
            if known is None:
                raise
    known.is_public = known.is_public or asset.is_public
    return known


def _same(actor: Actor, digest: str) -> Asset | None:
    query = scoped(actor.organisation, Asset).where(Asset.sha256 == digest)
    return db.session.scalars(query).one_or_none()


def _label(name: str) -> str:
    """The file's own name without folders and control characters, short enough for a list."""
    plain = "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable()).strip()
    return plain[-200:] or "file"


def _choices(allowed: Collection[str]) -> str:
    names = {PDF: "PDF", "image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP"}
    return " or ".join(names.get(kind, kind) for kind in sorted(allowed))
