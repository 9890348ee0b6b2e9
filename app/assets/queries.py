"""Looking up stored files, and the addresses where public ones are served."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, or_, select

from app.accounts.models import Organisation
from app.assets.models import Asset, AssetTag
from app.assets.places import rendering_key
from app.assets.sizes import MAIL, THUMB, WIDTHS
from app.assets.store import store
from app.clock import today
from app.db import db, scoped
from app.errors import NotFound
from app.web.hosts import public_url_for
from app.web.paging import Page, offset_of

ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "application/pdf": "pdf",
}
PAGE = 24
RIGHTS_SOON = timedelta(days=30)


class Kind(StrEnum):
    """What the library can be narrowed down to."""

    ALL = "all"
    PICTURES = "pictures"
    DOCUMENTS = "documents"
    RIGHTS = "rights"  # the right to use it has ended, or ends within a month
    DELETED = "deleted"


class Order(StrEnum):
    """How the library can be sorted."""

    NEWEST = "newest"
    NAME = "name"
    LARGEST = "largest"


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for in the library."""

    text: str = ""
    kind: Kind = Kind.ALL
    tag: str = ""
    order: Order = Order.NEWEST
    page: int = 1


def media_url(asset: Asset, size: str = MAIL) -> str:
    """The absolute public address of an asset at one of its sizes, for mails by default; it answers only while the asset is public.

    Where a picture has no such size, that of the largest one. Works outside requests.
    """
    ending = ENDINGS[asset.content_type]
    if asset.renderings is None:  # from before sizes were made
        return public_url_for("media.file", pid=asset.pid, ending=ending)
    return media_address(asset.pid, ending, size if size in asset.renderings else MAIL)


def media_address(pid: str, ending: str, size: str = MAIL) -> str:
    """The absolute public address of the picture with this public id, from what a campaign keeps of it. Works outside requests."""
    address = store().public_url(rendering_key(pid, size, ending))
    if address:
        return address
    if size == MAIL:
        return public_url_for("media.file", pid=pid, ending=ending)
    return public_url_for("media.sized", pid=pid, size=size, ending=ending)


def srcset(asset: Asset) -> str:
    """The sizes of a public picture as an `img` lists them, so that a browser loads the one it shows; empty where there is but one."""
    made = asset.renderings or {}
    widths = {made[name]["width"]: name for name in WIDTHS if name in made}
    if len(widths) < 2:
        return ""
    return ", ".join(f"{media_url(asset, name)} {width}w" for width, name in sorted(widths.items()))


def thumb_url(asset: Asset) -> str | None:
    """The public address of the small picture; None where there is none."""
    made = asset.renderings or {}
    return media_url(asset, THUMB) if asset.is_public and THUMB in made else None


def public_asset(pid: str) -> Asset:
    """The public asset with this id, whoever owns it. Raises NotFound for private, deleted and unknown ones alike.

    A deleted one that stands in something that was sent goes on being shown.
    """
    query = select(Asset).where(  # unscoped: what mails and pages show is open to all
        Asset.pid == pid, Asset.is_public, or_(Asset.deleted_at.is_(None), Asset.kept_at.is_not(None))
    )
    asset = db.session.scalars(query).one_or_none()
    if asset is None:
        raise NotFound()
    return asset


def shared_asset(pid: str) -> Asset:
    """The asset that a signed link names. Raises NotFound once it is deleted."""
    query = select(Asset).where(Asset.pid == pid, Asset.deleted_at.is_(None))  # unscoped: the link is signed
    asset = db.session.scalars(query).one_or_none()
    if asset is None:
        raise NotFound()
    return asset


def asset_of(organisation: Organisation, asset_id: int | None) -> Asset | None:
    """The organisation's asset with this id; None for none."""
    if asset_id is None:
        return None
    return db.session.scalars(scoped(organisation, Asset).where(Asset.id == asset_id)).one_or_none()


def asset_by_pid(organisation: Organisation, pid: str) -> Asset | None:
    """The organisation's asset with this public id; None for none."""
    return db.session.scalars(scoped(organisation, Asset).where(Asset.pid == pid)).one_or_none()


def assets_of(organisation: Organisation) -> list[Asset]:
    """Everything the library shows, newest first."""
    return list(db.session.scalars(_current(organisation).order_by(Asset.id.desc())))


def find(organisation: Organisation, wanted: Wanted) -> Page[Asset]:
    """One page of what somebody looks for."""
    query = _narrowed(organisation, wanted)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    offset = offset_of(wanted.page, PAGE, total)
    rows = db.session.scalars(query.order_by(*_ORDERS[wanted.order]).limit(PAGE).offset(offset))
    return Page(list(rows), offset, PAGE, total)


def tags_of(organisation: Organisation) -> list[tuple[str, int]]:
    """The words that the library's files are found by, each with how many there are."""
    current = _current(organisation).with_only_columns(Asset.id)
    query = (
        scoped(organisation, AssetTag)
        .with_only_columns(AssetTag.name, func.count())
        .where(AssetTag.asset_id.in_(current))
        .group_by(AssetTag.name)
        .order_by(AssetTag.name)
    )
    return [(name, count) for name, count in db.session.execute(query)]


def tags_by_asset(organisation: Organisation, assets: Sequence[Asset]) -> dict[int, list[str]]:
    """The tags of these files, by id."""
    query = scoped(organisation, AssetTag).where(AssetTag.asset_id.in_([asset.id for asset in assets]))
    found: dict[int, list[str]] = {asset.id: [] for asset in assets}
    for tag in db.session.scalars(query.order_by(AssetTag.name)):
        found[tag.asset_id].append(tag.name)
    return found


def figures(organisation: Organisation) -> Mapping[str, int]:
    """How many files the library holds, their bytes, how many may soon no longer be used, how many can be put back."""
    current = _current(organisation).subquery()
    files, size = db.session.execute(select(func.count(), func.coalesce(func.sum(current.c.size), 0))).one()
    soon = _narrowed(organisation, Wanted(kind=Kind.RIGHTS)).subquery()
    gone = _deleted(organisation).subquery()
    return {
        "files": int(files),
        "size": int(size),
        "rights": db.session.scalar(select(func.count()).select_from(soon)) or 0,
        "deleted": db.session.scalar(select(func.count()).select_from(gone)) or 0,
    }


def versions_of(organisation: Organisation, asset: Asset) -> list[Asset]:
    """What a file replaced, the newest first: each of them is still there."""
    found: list[Asset] = []
    of = [asset.id]
    while of:
        query = scoped(organisation, Asset).where(Asset.replaced_by_id.in_(of))
        older = [row for row in db.session.scalars(query) if row not in found]
        found += older
        of = [row.id for row in older]
    return sorted(found, key=lambda row: (-row.version, -row.id))


def _current(organisation: Organisation) -> Select[Asset]:
    return scoped(organisation, Asset).where(Asset.listed, Asset.deleted_at.is_(None))


def _deleted(organisation: Organisation) -> Select[Asset]:
    return scoped(organisation, Asset).where(
        Asset.listed, Asset.deleted_at.is_not(None), Asset.replaced_by_id.is_(None)
    )


def _narrowed(organisation: Organisation, wanted: Wanted) -> Select[Asset]:
    query = _deleted(organisation) if wanted.kind is Kind.DELETED else _current(organisation)
    if wanted.kind is Kind.PICTURES:
        query = query.where(Asset.width.is_not(None))
    elif wanted.kind is Kind.DOCUMENTS:
        query = query.where(Asset.width.is_(None))
    elif wanted.kind is Kind.RIGHTS:
        query = query.where(Asset.rights_until <= today(organisation.timezone) + RIGHTS_SOON)
    if wanted.tag:
        tagged = scoped(organisation, AssetTag).where(AssetTag.name == wanted.tag)
        query = query.where(Asset.id.in_(tagged.with_only_columns(AssetTag.asset_id)))
    for word in wanted.text.split()[:5]:
        named = scoped(organisation, AssetTag).where(AssetTag.name.icontains(word, autoescape=True))
        columns = (Asset.name, Asset.alt, Asset.credit)
        query = query.where(
            or_(
                *(column.icontains(word, autoescape=True) for column in columns),
                Asset.id.in_(named.with_only_columns(AssetTag.asset_id)),
            )
        )
    return query


_ORDERS: dict[Order, tuple[Any, ...]] = {
    Order.NEWEST: (Asset.id.desc(),),
    Order.NAME: (func.lower(Asset.name), Asset.id),
    Order.LARGEST: (Asset.size.desc(), Asset.id),
}


def rights_ended(asset: Asset, on: date) -> bool:
    """Whether the right to use the file has ended before that day."""
    return asset.rights_until is not None and asset.rights_until < on
