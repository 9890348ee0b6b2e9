"""A brand's logo in the store: every size of it, what it was drawn from, and what it is shown as on dark grounds.

Files are stored before the transaction that names them; their addresses follow from their bytes, so twice the same is the same.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.assets.errors import FileGone
from app.assets.logo import Dressed, Logo, Picture
from app.assets.models import Asset, BrandProfile
from app.assets.palette import Facts
from app.assets.places import original_key, rendering_key
from app.assets.queries import asset_of, media_url
from app.assets.sizes import MAIL, THUMB
from app.assets.store import store
from app.assets.upload import label
from app.db import db, scoped
from app.tokens import BadToken, make_timed, read_timed, token_key

COLUMNS = (
    "logo_id", "logo_source_id", "logo_small_id", "logo_large_id", "dark_source_id", "dark_logo_id", "logo_plate", "logo_facts",
)  # fmt: skip
HELD = 12 * 3600  # seconds
_HELD = "logo that was found"
_PNG = "image/png"


def put_files(partner_pid: str, dressed: Dressed) -> None:
    """Store every picture of a logo. Call it outside a transaction: a store may be far away. Raises StoreFailed."""
    for picture, _ in _pictures(dressed):
        digest = _digest(picture)
        store().put(original_key(partner_pid, digest, "png"), picture.data, _PNG)
        for size in (MAIL, THUMB):  # a logo is small already: it is shown as it is
            store().put(rendering_key(_pid(partner_pid, digest), size, "png"), picture.data, _PNG)


def put(actor: Actor, brand: BrandProfile, dressed: Dressed) -> None:
    """Let the brand show a logo whose files are stored."""
    ids = {name: _row(actor, picture, name) for picture, name in _pictures(dressed)}
    brand.logo_source_id = ids[_named(dressed, "")]
    brand.logo_large_id = ids.get(_named(dressed, " large"), brand.logo_source_id)
    brand.logo_id = ids[_named(dressed, " 2x")]
    brand.logo_small_id = ids[_named(dressed, " 1x")]
    brand.dark_source_id = ids.get(_named(dressed, " for dark"))
    brand.dark_logo_id = ids.get(_named(dressed, " on dark"), brand.logo_id)
    brand.logo_plate = dressed.plate
    brand.logo_facts = dressed.logo.facts.stored()


def _pictures(dressed: Dressed) -> Iterator[tuple[Picture, str]]:
    """Everything of a logo that is stored, with the name it gets."""
    yield dressed.logo.source, _named(dressed, "")
    yield dressed.sharp, _named(dressed, " 2x")
    yield dressed.small, _named(dressed, " 1x")
    if dressed.plate:
        yield dressed.large, _named(dressed, " large")
    if dressed.dark_source:
        yield dressed.dark_source, _named(dressed, " for dark")
    if dressed.dark:
        yield dressed.dark, _named(dressed, " on dark")


def _named(dressed: Dressed, what: str) -> str:
    return label(f"{dressed.logo.name.rsplit('.', 1)[0]}{what}.png")


def _row(actor: Actor, picture: Picture, name: str) -> int:
    """The row of a stored picture, made where there is none; the library lists none of them."""
    digest, owner = _digest(picture), actor.organisation
    asset = _known(owner, digest)
    if asset is None:
        facts = {"width": picture.width, "height": picture.height, "size": len(picture.data)}
        asset = Asset(
            pid=_pid(owner.pid, digest), organisation_id=owner.id, name=name, key=original_key(owner.pid, digest, "png"),
            sha256=digest, source_sha256=digest, content_type=_PNG, size=len(picture.data), width=picture.width,
            height=picture.height, is_public=True, renderings={MAIL: facts, THUMB: facts}, listed=False,
            created_by=actor.person.id,
        )  # fmt: skip
        try:
            with db.session.begin_nested():
                db.session.add(asset)
        except IntegrityError:  # a colleague stored the same logo at the same moment
            asset = _known(owner, digest)
            if asset is None:
                raise
    if not asset.is_public:  # it came as a private file before: it is shown as it lies there
        asset.is_public, asset.renderings = True, None
    asset.deleted_at = asset.deleted_by = asset.kept_at = asset.replaced_by_id = None
    return asset.id


def _known(owner: Organisation, digest: str) -> Asset | None:
    return db.session.scalars(scoped(owner, Asset).where(Asset.sha256 == digest)).one_or_none()


def _digest(picture: Picture) -> str:
    return hashlib.sha256(picture.data).hexdigest()


def _pid(partner_pid: str, digest: str) -> str:
    """The public id that these bytes get at this partner, which nobody outside can guess."""
    mac = hmac.digest(token_key(), f"logo {partner_pid} {digest}".encode(), "sha256")
    return base64.urlsafe_b64encode(mac[:16]).rstrip(b"=").decode()


def remove(brand: BrandProfile) -> None:
    """No logo any more; the pictures stay for whatever was sent with them."""
    for name in COLUMNS:
        setattr(brand, name, None)


def is_kept(partner: Organisation, state: Mapping[str, Any]) -> bool:
    """Whether all pictures that a remembered state names are still there."""
    return all(
        asset_of(partner, state[name])
        for name in COLUMNS
        if name.endswith("_id") and state.get(name) is not None
    )


def hold(partner_pid: str, logo: Logo) -> str:
    """Keep a logo that was found somewhere until a person saves it, at most HELD seconds; returns the token that stands for it."""
    digest = _digest(logo.source)
    store().put(original_key(partner_pid, digest, "png"), logo.source.data, _PNG)
    size = [logo.source.width, logo.source.height]
    facts = {
        "partner": partner_pid,
        "sha256": digest,
        "size": size,
        "name": logo.name,
        "facts": logo.facts.stored(),
    }
    return make_timed(_HELD, facts)


def held(partner_pid: str, token: str) -> Logo | None:
    """The logo that a token of this partner's stands for; None where it is too old, or another's."""
    try:
        found = read_timed(_HELD, token, HELD)
        if found["partner"] != partner_pid:
            return None
        data = store().get(original_key(partner_pid, str(found["sha256"]), "png"))
    except (BadToken, FileGone):
        return None
    facts = Facts.read(found["facts"]) or Facts()
    return Logo(str(found["name"]), Picture(data, *(int(side) for side in found["size"])), facts)


def facts_of(brand: BrandProfile) -> Facts | None:
    """What was found in the brand's logo; None without one."""
    return Facts.read(brand.logo_facts)


def logo_fields(partner: Organisation, brand: BrandProfile) -> dict[str, Any]:
    """The logo as templates name it (see app.render.context.Partner); empty without one."""
    logo = asset_of(partner, brand.logo_id)
    if logo is None:
        return {}
    dark, large = (
        asset_of(partner, brand.dark_logo_id) or logo,
        asset_of(partner, brand.logo_large_id) or logo,
    )
    return {
        "logo_url": media_url(logo),
        "logo_alt": partner.name,
        "logo_dark_url": media_url(dark),
        "logo_large_url": media_url(large),
        "logo_width": (logo.width or 0) // 2,
        "logo_height": (logo.height or 0) // 2,
    }


def source_of(partner: Organisation, brand: BrandProfile) -> Logo | None:
    """The logo as it came, to be dressed anew; None where there is none."""
    facts, asset = facts_of(brand), asset_of(partner, brand.logo_source_id)
    return Logo(asset.name, _read(asset), facts) if facts and asset else None


def dark_source_of(partner: Organisation, brand: BrandProfile) -> Picture | None:
    """The second logo as it came, if there is one."""
    asset = asset_of(partner, brand.dark_source_id)
    return _read(asset) if asset else None


def _read(asset: Asset) -> Picture:
    return Picture(store().get(asset.key), asset.width or 0, asset.height or 0)
