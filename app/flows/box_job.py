"""The work of a box: its pieces are made one by one into a file, the file is put into the store, and the row says so."""

import tempfile
import time

import structlog
from flask import Flask

from app.assets.store import store
from app.campaigns.box_files import Box, File, files, fingerprint
from app.campaigns.box_zip import write
from app.campaigns.models import Campaign
from app.campaigns.records import BoxState, CampaignBox
from app.clock import now
from app.db import db
from app.errors import AppError
from app.flows import box
from app.queue import JobName, ring
from app.settings import current

log = structlog.get_logger(__name__)

_NOTE_EVERY = 0.5  # seconds
_IN_MEMORY = 2 * 1024 * 1024


def make_box(box_id: int) -> None:
    """Make a campaign's box (needs an application context). Commits before, between and after; what changed meanwhile ends it."""
    row = box.claim(box_id)
    if row is None:
        db.session.rollback()
        return
    attempt, wanted = row.attempts, row.fingerprint
    made = box.of(db.session.get_one(Campaign, row.campaign_id))  # unscoped: the job's own row
    if fingerprint(made) != wanted:
        _failed(row, attempt, "Something was changed while it was made. Make it again.")
        return
    db.session.commit()
    began = time.perf_counter()
    try:
        listed = files(made)
        db.session.commit()  # from here on the pieces need no database
        key, size, count = _stored(row, attempt, made, listed)
    except AppError as error:
        db.session.rollback()
        _failed(row, attempt, error.message[:300])
        return
    old = row.key
    mine = box.note(
        row.id, attempt, state=BoxState.DONE, done=count, total=count, key=key, size=size, finished_at=now()
    )
    db.session.commit()
    for gone in {old, key} - {key if mine else old}:
        if gone:
            store().delete(gone)
    log.info(
        "box.done", box_id=box_id, files=count, bytes=size, seconds=round(time.perf_counter() - began, 2)
    )


def _stored(row: CampaignBox, attempt: int, made: Box, listed: list[File]) -> tuple[str, int, int]:
    """The zip in the store: its key, bytes and number of files."""
    last = time.monotonic()

    def note(done: int, total: int) -> None:
        nonlocal last
        if done == 1 or time.monotonic() - last > _NOTE_EVERY:
            last = time.monotonic()
            box.note(row.id, attempt, done=done, total=total)
            db.session.commit()

    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        count = write(made, listed, file, note)
        size = file.tell()
        file.seek(0)
        key = f"boxes/{row.pid}/{row.fingerprint[:32]}-{attempt}.zip"
        store().put(key, file, "application/zip")  # type: ignore[arg-type]
    return key, size, count


def _failed(row: CampaignBox, attempt: int, why: str) -> None:
    box.note(row.id, attempt, state=BoxState.FAILED, failure=why, finished_at=now())
    db.session.commit()


def wake_boxes(app: Flask) -> int:
    """Ring for the boxes that wait, from the database alone; returns how many."""
    with app.app_context():
        ids = box.to_ring()
        db.session.commit()
        if ids:
            ring(current(), [(JobName.MAKE_BOX, (box_id,)) for box_id in ids])
        return len(ids)


def purge_boxes(app: Flask) -> int:
    """Take boxes away that nobody has asked for in a month, row first; returns how many."""
    with app.app_context():
        rows = box.too_old()
        keys = [row.key for row in rows if row.key]
        for row in rows:
            db.session.delete(row)
        db.session.commit()
        for key in keys:
            store().delete(key)
        return len(rows)
