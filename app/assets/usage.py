"""Where a file is used, asked before it is replaced or deleted. Each room that points to files registers who finds its own.

A finder takes an organisation and some of its files and gives the uses by file id; a mover lets a room's open things take a
file's successor. Rooms register in their module `uses`, which the application imports when it starts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.assets.models import Asset
from app.db import db


@dataclass(frozen=True)
class Use:
    """One place where a file stands. `kind` in words ("Campaign"), `url` where one sees it.

    `blocks`: taking the file away would leave a hole there. `keeps`: it was sent or published with it, so it goes on being served.
    """

    kind: str
    name: str
    url: str | None
    blocks: bool
    keeps: bool = False


Uses = Mapping[int, Sequence[Use]]
Finder = Callable[[Organisation, Sequence[Asset]], Uses]
Mover = Callable[[Actor, Asset, Asset], int]

_finders: dict[str, tuple[Finder, bool]] = {}
_movers: dict[str, Mover] = {}


def register(room: str, find: Finder, move: Mover | None = None, quick: bool = True) -> None:
    """Ask `find` where files are used in `room`. `move(actor, was, becomes)` puts a successor into what is still open and returns in how many places.

    A finder that isn't `quick` (it reads what was sent) is asked about one file, never about a page of them.
    """
    _finders[room] = (find, quick)
    if move is not None:
        _movers[room] = move


def used_by(asset: Asset) -> list[Use]:
    """Every place where a file is used, those that would be left with a hole first."""
    organisation = db.session.get_one(Organisation, asset.organisation_id)
    found: dict[tuple[str, str, str | None], Use] = {}
    for find, _ in _finders.values():
        for use in find(organisation, [asset]).get(asset.id, ()):
            key = (use.kind, use.name, use.url)
            was = found.get(key)
            found[key] = _both(was, use) if was else use
    return sorted(found.values(), key=lambda use: (not use.blocks, use.kind, use.name))


def counts(organisation: Organisation, assets: Sequence[Asset]) -> dict[int, int]:
    """In how many places each of these files stands now, by id: for lists. What was sent long ago is not looked through."""
    places: dict[int, set[tuple[str, str, str | None]]] = {asset.id: set() for asset in assets}
    for find, quick in _finders.values():
        if quick and assets:
            for asset_id, uses in find(organisation, assets).items():
                places[asset_id] |= {(use.kind, use.name, use.url) for use in uses}
    return {asset_id: len(found) for asset_id, found in places.items()}


def move(actor: Actor, was: Asset, becomes: Asset) -> int:
    """Let everything that is still open take `becomes` where it had `was`; returns in how many places."""
    return sum(mover(actor, was, becomes) for mover in _movers.values())


def _both(one: Use, other: Use) -> Use:
    return Use(one.kind, one.name, one.url, one.blocks or other.blocks, one.keeps or other.keeps)
