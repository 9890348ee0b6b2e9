"""What workers do for the library: deleted files go after 30 days, files that nothing names go after a day, older pictures get their sizes."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

import structlog
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app.assets import usage
from app.assets.errors import FileGone
from app.assets.images import CleanImage
from app.assets.manage import KEPT
from app.assets.models import Asset, AssetTag
from app.assets.places import INCOMING, ORIGINALS
from app.assets.queries import ENDINGS
from app.assets.store import PUBLIC, Stored, store
from app.assets.upload import put_sizes
from app.clock import now
from app.db import db
from app.queue import JobName, ring
from app.settings import current

log = structlog.get_logger(__name__)

UNNAMED = timedelta(days=1)
"""For how long a file may lie in the store without a row: an upload that is under way needs seconds."""
_AT_ONCE = 500


def wake_library(app: Flask) -> int:
    """Ring for a worker to look after the library; returns 1."""
    with app.app_context():
        ring(current(), [(JobName.TEND_LIBRARY, ())])
    return 1


def tend_library() -> None:
    """Look after every library: what was deleted goes, what nothing names is swept, what lacks its sizes gets them."""
    purge_deleted()
    sweep_files()
    make_missing_sizes()


def purge_deleted() -> int:
    """Forget files that were deleted 30 days ago, those that something sent still shows left out; returns how many. Their bytes go with `sweep_files`."""
    query = select(Asset).where(  # unscoped: the job looks at all
        Asset.deleted_at < now() - KEPT, Asset.kept_at.is_(None)
    )
    gone = 0
    for asset in list(db.session.scalars(query.order_by(Asset.id).limit(_AT_ONCE))):
        gone += _forget(asset)
        db.session.commit()
    if gone:
        log.info("library.purged", count=gone)
    return gone


def sweep_files() -> int:
    """Delete files of the library that no row names: uploads that broke off, sizes of what was forgotten or made private; returns how many."""
    before, gone = now() - UNNAMED, 0
    db.session.rollback()  # nothing is held while the store is asked
    for prefix, named in ((INCOMING, None), (ORIGINALS, _named_originals), (PUBLIC, _named_sizes)):
        for some in _portions(file for file in store().files(prefix) if file.modified < before):
            kept = named(some) if named else set()
            gone += sum(_delete(file.key, before) for file in some if file.key not in kept)
    if gone:
        log.info("library.swept", count=gone)
    return gone


def make_missing_sizes(most: int = 500) -> int:
    """Make the sizes of at most so many public pictures that have none, from before sizes were made; returns how many."""
    query = select(Asset).where(  # unscoped: the job looks at all
        Asset.is_public, Asset.width.is_not(None), Asset.renderings.is_(None)
    )
    due = list(db.session.scalars(query.order_by(Asset.id).limit(most)))
    db.session.commit()  # nothing is held while pictures are drawn and stored
    for asset in due:
        facts = _sizes(asset)
        db.session.execute(
            update(Asset).where(Asset.id == asset.id, Asset.renderings.is_(None)).values(renderings=facts)
        )
        db.session.commit()
    return len(due)


def _forget(asset: Asset) -> bool:
    """Whether a deleted file's row is gone. One that something points to, or shows, stays and goes on being served."""
    if usage.used_by(asset):
        asset.kept_at = now()
        return False
    try:
        with db.session.begin_nested():
            db.session.execute(delete(AssetTag).where(AssetTag.asset_id == asset.id))
            db.session.execute(
                update(Asset)
                .where(Asset.replaced_by_id == asset.id)
                .values(replaced_by_id=None, listed=False)
            )
            db.session.execute(delete(Asset).where(Asset.id == asset.id))
    except IntegrityError:  # a room points to it that names no use
        asset.kept_at = now()
        return False
    return True


def _named_originals(files: list[Stored]) -> set[str]:
    """Which of these files a row names, as its own or as the small one of it."""
    own = {file.key: file.key.replace("-thumb.", ".") for file in files}
    query = select(Asset.key).where(Asset.key.in_(own.values()))  # unscoped: the job looks at all
    held = set(db.session.scalars(query))
    db.session.rollback()
    return {key for key, original in own.items() if original in held}


def _named_sizes(files: list[Stored]) -> set[str]:
    """Which of these files are sizes of a picture that is still public."""
    pids = {file.key: file.key.removeprefix(PUBLIC).partition("/")[0] for file in files}
    query = select(Asset.pid).where(  # unscoped: the job looks at all
        Asset.pid.in_(pids.values()), Asset.is_public
    )
    held = set(db.session.scalars(query))
    db.session.rollback()
    return {key for key, pid in pids.items() if pid in held}


def _delete(key: str, before: datetime) -> bool:
    """Whether the file is gone. Looked at once more: the same bytes may have come again since it was listed."""
    try:
        if store().find(key).modified >= before:
            return False
    except FileGone:
        return False
    store().delete(key)
    return True


def _sizes(asset: Asset) -> dict[str, dict[str, int]]:
    ending = ENDINGS[asset.content_type]
    try:
        data = store().get(asset.key)
    except FileGone:
        return {}
    return put_sizes(
        asset.pid,
        CleanImage(data, ending, asset.content_type, asset.width or 0, asset.height or 0, asset.frames),
    )


def _portions(files: Iterable[Stored]) -> Iterator[list[Stored]]:
    rest = iter(files)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
