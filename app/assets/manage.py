"""What people do with a file of the library: name it, replace it, delete it, put it back, and decide who may see it.

Bytes never change under a key: what was sent keeps the picture it was sent with, and whatever is still open takes the new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.assets import usage
from app.assets.images import CleanImage
from app.assets.models import Asset, AssetTag
from app.assets.places import rendering_key, thumb_key
from app.assets.queries import ENDINGS
from app.assets.sizes import thumb_of
from app.assets.store import store
from app.assets.upload import File, label, put_sizes, take
from app.clock import now
from app.db import db, get_or_404, scoped
from app.errors import Conflict, Invalid, Refused

MAX_TAGS = 12
KEPT = timedelta(days=30)
"""For how long a deleted file can be put back."""
LIMITS = {"name": 200, "alt": 300, "credit": 200, "tag": 40}


@dataclass(frozen=True)
class Details:
    """What a person may write about a file. `tags` as typed: words between commas."""

    name: str
    alt: str = ""
    credit: str = ""
    rights_until: date | None = None
    tags: str = ""


@dataclass(frozen=True)
class Replaced:
    """The file that is current now, in how many places it stands already, and the places that stay with the old one."""

    asset: Asset
    moved: int
    stays: Sequence[usage.Use]


def describe(actor: Actor, asset: Asset, given: Details) -> None:
    """Store name, words, rights and tags. Raises Invalid with a sentence for each field that is wrong, nothing stored."""
    _must_be_there(asset)
    tags = _tags(given.tags)
    wrong = {
        name: f"At most {most} characters."
        for name, most in LIMITS.items()
        if len(getattr(given, name, "")) > most
    }
    if not label(given.name.strip()) or not given.name.strip():
        wrong["name"] = "Give the file a name."
    if len(tags) > MAX_TAGS:
        wrong["tags"] = f"{MAX_TAGS} tags at most."
    elif any(len(tag) > LIMITS["tag"] for tag in tags):
        wrong["tags"] = f"A tag has at most {LIMITS['tag']} characters."
    if wrong:
        raise Invalid("Nothing is saved yet: mend the marked fields.", wrong)
    asset.name, asset.alt, asset.credit = label(given.name), _line(given.alt), _line(given.credit)
    asset.rights_until = given.rights_until
    _set_tags(actor, asset, tags)
    record(actor, "asset.changed", asset)


def replace(actor: Actor, asset: Asset, file: File) -> Replaced:
    """Put another file in this one's place. Raises Invalid for a file that can't be taken, is the same, or is of another kind.

    What is still open takes the new one; what was scheduled, sent or published stays with the old one, which stays served.
    """
    _must_be_there(asset)
    pid, is_picture = asset.pid, asset.width is not None
    if (file.data[:5] == b"%PDF-") is is_picture:
        kind = "picture" if is_picture else "PDF"
        raise Invalid(
            "Nothing is replaced yet.", {"file": f"Choose a {kind}: that is what stands in its places."}
        )
    (outcome,) = take(actor, [file])
    asset = get_or_404(actor.organisation, Asset, pid)
    if outcome.asset is None:
        raise Invalid("Nothing is replaced yet.", {"file": outcome.reason})
    if outcome.asset.id == asset.id:
        raise Invalid("Nothing is replaced yet.", {"file": "This is the same file. Choose another."})
    return _supersede(actor, asset, outcome.asset)


def use_again(actor: Actor, asset: Asset, older: Asset) -> Replaced:
    """Take back a replacement: an earlier version of `asset` is current again."""
    _must_be_there(asset)
    if older.id == asset.id or older.replaced_by_id is None:
        raise Conflict("This version is the current one already.")
    return _supersede(actor, asset, older)


def delete(actor: Actor, asset: Asset) -> None:
    """Take a file out of the library; it can be put back for 30 days. Raises Refused while something would be left with a hole."""
    _must_be_there(asset)
    uses = usage.used_by(asset)
    blocking = [use for use in uses if use.blocks]
    if blocking:
        first = f"{blocking[0].kind} “{blocking[0].name}”"
        more = f" and {len(blocking) - 1} more" if len(blocking) > 1 else ""
        raise Refused(f"{asset.name} is in use: {first}{more}. Take it out there, or replace the file.")
    asset.deleted_at, asset.deleted_by = now(), actor.person.id
    asset.kept_at = asset.deleted_at if any(use.keeps for use in uses) else None
    record(actor, "asset.deleted", asset, kept=asset.kept_at is not None)


def put_back(actor: Actor, asset: Asset) -> None:
    """Undo a deletion. Raises Conflict for a file that isn't deleted, or was replaced."""
    if asset.deleted_at is None or asset.replaced_by_id is not None:
        raise Conflict("This file is in the library already.")
    asset.deleted_at = asset.deleted_by = asset.kept_at = None
    record(actor, "asset.put_back", asset)


def open_up(actor: Actor, asset: Asset) -> None:
    """Let mails and pages show a picture: its sizes are stored where everybody may load them. Ends the transaction before it stores."""
    _must_be_there(asset)
    if asset.width is None:
        raise Refused("A document stays private. Make a link to it instead.")
    pid, key = asset.pid, asset.key
    image = _image(asset)
    db.session.rollback()
    facts = put_sizes(pid, _with_data(image, store().get(key)))
    asset = get_or_404(actor.organisation, Asset, pid)
    asset.is_public, asset.renderings = True, facts
    record(actor, "asset.opened", asset)


def close_up(actor: Actor, asset: Asset) -> None:
    """Make a picture private again. Raises Refused where anything shows it. Ends the transaction before it touches the store."""
    _must_be_there(asset)
    if not asset.is_public:
        raise Refused("This file is private already.")
    uses = usage.used_by(asset)
    if any(use.blocks or use.keeps for use in uses):
        raise Refused(f"{asset.name} stands in {len(uses)} places that people see. It can’t become private.")
    pid, ending, sizes = asset.pid, ENDINGS[asset.content_type], list(asset.renderings or {})
    key, owner, digest, image = asset.key, actor.organisation.pid, asset.sha256, _image(asset)
    db.session.rollback()
    small = thumb_of(_with_data(image, store().get(key)))
    store().put(thumb_key(owner, digest, ending), small.data, small.content_type)
    for name in sizes:
        store().delete(rendering_key(pid, name, ending))
    asset = get_or_404(actor.organisation, Asset, pid)
    asset.is_public, asset.renderings = False, None
    record(actor, "asset.closed", asset)


def _supersede(actor: Actor, was: Asset, becomes: Asset) -> Replaced:
    for name in ("alt", "credit", "rights_until"):
        if not getattr(becomes, name):
            setattr(becomes, name, getattr(was, name))
    becomes.listed = True
    becomes.deleted_at = becomes.deleted_by = becomes.kept_at = becomes.replaced_by_id = None
    becomes.version = was.version + 1
    if not _names(actor, becomes):
        _set_tags(actor, becomes, _names(actor, was))
    moved = usage.move(actor, was, becomes)
    db.session.flush()
    stays = usage.used_by(was)
    was.replaced_by_id = becomes.id
    was.deleted_at, was.deleted_by = now(), actor.person.id
    was.kept_at = was.deleted_at if any(use.blocks or use.keeps for use in stays) else None
    record(actor, "asset.replaced", becomes, was=was.id, moved=moved, stays=len(stays))
    return Replaced(becomes, moved, stays)


def _must_be_there(asset: Asset) -> None:
    if asset.deleted_at is not None:
        raise Conflict("This file is not in the library any more.")


def _image(asset: Asset) -> CleanImage:
    ending = ENDINGS[asset.content_type]
    return CleanImage(b"", ending, asset.content_type, asset.width or 0, asset.height or 0, asset.frames)


def _with_data(image: CleanImage, data: bytes) -> CleanImage:
    return CleanImage(data, image.ending, image.content_type, image.width, image.height, image.frames)


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _tags(raw: str) -> list[str]:
    return list(dict.fromkeys(filter(None, (_line(part).lower() for part in raw.split(",")))))


def _names(actor: Actor, asset: Asset) -> list[str]:
    query = scoped(actor.organisation, AssetTag).where(AssetTag.asset_id == asset.id)
    return [tag.name for tag in db.session.scalars(query)]


def _set_tags(actor: Actor, asset: Asset, names: Sequence[str]) -> None:
    query = scoped(actor.organisation, AssetTag).where(AssetTag.asset_id == asset.id)
    held = {tag.name: tag for tag in db.session.scalars(query)}
    for name in set(held) - set(names):
        db.session.delete(held[name])
    for name in names:
        if name not in held:
            db.session.add(AssetTag(organisation_id=actor.organisation.id, asset_id=asset.id, name=name))
