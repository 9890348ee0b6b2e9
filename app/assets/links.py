"""Signed links to private files: readable by nobody but whoever was given one, and only for a while."""

from dataclasses import dataclass

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.assets.models import Asset
from app.assets.queries import shared_asset
from app.assets.store import LINK_PURPOSE, check_key
from app.clock import now
from app.errors import Conflict, Invalid
from app.tokens import BadToken, make_timed, read_timed
from app.web.hosts import public_url_for

DAYS = (1, 7, 30)
"""For how many days a person may make a link."""
_PURPOSE = "asset link"
_LONGEST = max(DAYS) * 86_400


@dataclass(frozen=True)
class StoredFile:
    """What an address signed by the store on disk leads to."""

    key: str
    name: str
    content_type: str


def share(actor: Actor, asset: Asset, days: int) -> str:
    """An address by which anybody can download the file for so many days, or until it is deleted. Raises Invalid."""
    if asset.deleted_at is not None:
        raise Conflict("This file is not in the library any more.")
    if days not in DAYS:
        raise Invalid("Choose for how long the link works: 1, 7 or 30 days.")
    record(actor, "asset.shared", asset, days=days)
    facts = {"asset": asset.pid, "until": int(now().timestamp()) + days * 86_400}
    return public_url_for("media.link", token=make_timed(_PURPOSE, facts))


def linked_asset(token: str) -> Asset:
    """The file that a person's link leads to. Raises NotFound for a forged or expired one, and for a deleted file."""
    facts = read_timed(_PURPOSE, token, max_age=_LONGEST)
    _still(facts["until"])
    return shared_asset(str(facts["asset"]))


def stored_file(token: str) -> StoredFile:
    """The file that an address of the store on disk leads to. Raises NotFound for a forged or expired one."""
    facts = read_timed(LINK_PURPOSE, token, max_age=_LONGEST)
    _still(facts["until"])
    return StoredFile(check_key(str(facts["key"])), str(facts["name"]), str(facts["type"]))


def _still(until: int) -> None:
    if now().timestamp() >= until:
        raise BadToken()
