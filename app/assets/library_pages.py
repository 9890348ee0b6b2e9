"""What the library's pages show, gathered: a page of files with their figures, and all there is to know of one."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from app.accounts.actor import Actor
from app.assets import usage
from app.assets.forms import DetailsForm, ReplaceForm
from app.assets.links import DAYS
from app.assets.manage import KEPT
from app.assets.models import Asset
from app.assets.queries import (
    Kind,
    Order,
    Wanted,
    asset_by_pid,
    figures,
    find,
    media_url,
    rights_ended,
    srcset,
    tags_by_asset,
    tags_of,
    thumb_url,
    versions_of,
)
from app.assets.store import store
from app.clock import now, today
from app.web.paging import wanted as wanted_page

E = TypeVar("E", bound=StrEnum)

KINDS = (
    ("All", Kind.ALL),
    ("Pictures", Kind.PICTURES),
    ("Documents", Kind.DOCUMENTS),
    ("Rights", Kind.RIGHTS),
    ("Deleted", Kind.DELETED),
)
ORDERS = (("Newest first", Order.NEWEST), ("By name", Order.NAME), ("Largest first", Order.LARGEST))


def listing(actor: Actor, given: Mapping[str, str]) -> dict[str, Any]:
    """The library as somebody asked for it by the address; what can't be read there counts as not asked for."""
    organisation = actor.organisation
    wanted = Wanted(
        text=given.get("q", "").strip()[:100],
        kind=_member(Kind, given.get("kind"), Kind.ALL),
        tag=given.get("tag", "").strip().lower()[:40],
        order=_member(Order, given.get("sort"), Order.NEWEST),
        page=wanted_page(given.get("page")),
    )
    page = find(organisation, wanted)
    day = today(organisation.timezone)
    return {
        "page": page,
        "wanted": wanted,
        "tiles": [_tile(asset, day) for asset in page.items],
        "uses": usage.counts(organisation, page.items),
        "tags": tags_of(organisation),
        "figures": figures(organisation),
        "kinds": KINDS,
        "orders": ORDERS,
        "direct": store().direct,
        "gone": _gone(actor, given.get("gone")),
    }


def one_page(actor: Actor, asset: Asset) -> dict[str, Any]:
    """One file with its uses, its versions and its forms."""
    organisation = actor.organisation
    tags = tags_by_asset(organisation, [asset])[asset.id]
    picture = asset.width is not None and asset.is_public
    return {
        "asset": asset,
        "uses": usage.used_by(asset),
        "versions": versions_of(organisation, asset),
        "tags": tags,
        "form": DetailsForm(obj=asset, tags=", ".join(tags)),
        "replacing": ReplaceForm(),
        "url": media_url(asset) if picture else None,
        "shown": media_url(asset, "640") if picture else None,
        "srcset": srcset(asset) if picture else "",
        "ended": rights_ended(asset, today(organisation.timezone)),
        "days_left": _days_left(asset),
        "link_days": DAYS,
    }


def _tile(asset: Asset, day: date) -> dict[str, Any]:
    return {
        "asset": asset,
        "thumb": thumb_url(asset),
        "ended": rights_ended(asset, day),
        "days_left": _days_left(asset),
    }


def _days_left(asset: Asset) -> int | None:
    """For how many days more a deleted file can be put back, at least one; None where it isn't deleted."""
    return None if asset.deleted_at is None else max(1, (asset.deleted_at + KEPT - now()).days)


def _gone(actor: Actor, pid: str | None) -> Asset | None:
    """The file that was deleted just now, for the way back."""
    asset = asset_by_pid(actor.organisation, pid) if pid else None
    return asset if asset and asset.deleted_at is not None and asset.replaced_by_id is None else None


def _member(kind: type[E], raw: str | None, otherwise: E) -> E:
    return next((one for one in kind if one == raw), otherwise)
