"""Where brands use files: every column of a brand that points to one."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.assets.models import Asset, BrandProfile
from app.assets.usage import Use, Uses, register
from app.db import db, scoped
from app.web.hosts import app_url_for

_COLUMNS = [
    column.name
    for column in BrandProfile.__table__.columns
    if any(key.column.table is Asset.__table__ for key in column.foreign_keys)
]


def in_brands(organisation: Organisation, assets: Sequence[Asset]) -> Uses:
    """The brands whose logo a file is, at any size."""
    found: dict[int, list[Use]] = defaultdict(list)
    wanted = {asset.id for asset in assets}
    for brand in _brands(organisation, wanted):
        use = Use("Logo of the brand", brand.name, app_url_for("brand.edit"), blocks=True)
        for asset_id in {getattr(brand, name) for name in _COLUMNS} & wanted:
            found[asset_id].append(use)
    return found


def move(actor: Actor, was: Asset, becomes: Asset) -> int:
    """Brands that show the file as it is take its successor. A logo that sizes were drawn from is changed on the brand page, where they are drawn anew."""
    moved = 0
    for brand in _brands(actor.organisation, {was.id}):
        if becomes.width is not None and [n for n in _COLUMNS if getattr(brand, n) is not None] == [
            "logo_id"
        ]:
            brand.logo_id = becomes.id
            moved += 1
    return moved


def _brands(organisation: Organisation, wanted: set[int]) -> list[BrandProfile]:
    if str(organisation.kind) not in BrandProfile.__tenant__:
        return []
    columns: list[Any] = [getattr(BrandProfile, name).in_(wanted) for name in _COLUMNS]
    return list(db.session.scalars(scoped(organisation, BrandProfile).where(or_(*columns))))


register("brands", in_brands, move)
