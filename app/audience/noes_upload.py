"""A file of addresses that are never to be mailed: kept until it is read, hashed in chunks by a job that goes on after a kill, then deleted.

What was pasted goes the same way in one piece, without ever being stored.
"""

import io
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import PurePath
from typing import BinaryIO, cast

import structlog
from sqlalchemy import and_, or_, select

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.assets.errors import FileGone
from app.assets.store import store
from app.audience import noes
from app.audience.decode import transcode
from app.audience.models import UPLOAD, SuppressionUpload, UploadStatus
from app.audience.noes import Holder, holder_of
from app.audience.noes_file import Batch, batches
from app.clock import now
from app.db import db, new_pid, scoped
from app.errors import Conflict, Invalid
from app.queue import JobName, enqueue

log = structlog.get_logger(__name__)

MOST_PASTED = 2_000  # lines
LEASE = timedelta(seconds=60)
KEPT_FINDINGS = 200
_IN_MEMORY = 4 * 1024 * 1024
_OPEN = (UploadStatus.WAITING, UploadStatus.READING)


class _Lost(Exception):
    """Another worker has the upload now."""


def start(actor: Actor, filename: str, source: BinaryIO) -> SuppressionUpload:
    """Take a file (seekable) as it is, recognise its encoding, keep it and ring for the job. Raises Unreadable with the line."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spooled:
        plain = cast(BinaryIO, spooled)
        transcode(source, plain)
        size = plain.tell()
        upload = _row(actor, PurePath(filename.replace("\\", "/")).name[-120:] or "addresses.csv", size)
        upload.key = f"suppressions/{upload.pid}.txt"
        plain.seek(0)
        store().put(upload.key, plain, "text/plain; charset=utf-8")
    db.session.flush()
    enqueue(JobName.ADD_SUPPRESSIONS, upload.id)
    return upload


def paste(actor: Actor, text: str) -> SuppressionUpload:
    """Add pasted addresses, one a line, at once. Raises Invalid for none and for too many."""
    data = text.encode()
    lines = sum(1 for line in text.splitlines() if line.strip())
    if not lines:
        raise Invalid("Write at least one address.", {"addresses": "Write at least one address."})
    if lines > MOST_PASTED:
        message = f"{lines:,} lines: up to {MOST_PASTED:,} fit here. Upload them as a file."
        raise Invalid(message, {"addresses": message})
    upload = _row(actor, "Typed in", len(data))
    UPLOAD.move(upload, UploadStatus.READING)
    for batch in batches(io.BytesIO(data)):
        _count(upload, batch, noes.add(_holder(upload), batch.emails, upload.created_at))
    _finish(upload)
    return upload


def _row(actor: Actor, name: str, size: int) -> SuppressionUpload:
    upload = SuppressionUpload(
        pid=new_pid(),
        organisation_id=actor.organisation.id,
        scope=holder_of(actor.organisation).scope,
        name=name,
        size=size,
        created_by=actor.person.id,
    )
    db.session.add(upload)
    db.session.flush()
    return upload


def _holder(upload: SuppressionUpload) -> Holder:
    return Holder(upload.scope, upload.organisation_id)


def run(upload_id: int, seconds: float = 20.0) -> bool:
    """The job: hash on from the committed line for about `seconds`; True when nothing is left to do. Commits itself."""
    upload = _claim(upload_id)
    if upload is None:
        return True
    worker, key, until = upload.worker or "", upload.key or "", time.monotonic() + seconds
    position, line = upload.position, upload.line
    db.session.commit()
    try:
        with closing(store().open(key, position)) as stream:
            for batch in batches(stream, position, line):
                _write(upload_id, worker, batch)
                if time.monotonic() > until:
                    _mine(upload_id, worker).lease_until = None
                    enqueue(JobName.ADD_SUPPRESSIONS, upload_id)
                    db.session.commit()
                    return False
    except _Lost:
        db.session.rollback()
        return True
    except FileGone as error:
        db.session.rollback()
        row = _mine(upload_id, worker)
        UPLOAD.move(row, UploadStatus.FAILED)
        row.reason, row.key, row.finished_at = error.message[:300], None, now()
        db.session.commit()
        return True
    _finish(_mine(upload_id, worker))
    db.session.commit()
    store().delete(key)
    return True


def take_back(actor: Actor, upload: SuppressionUpload) -> int:
    """Take back what a finished upload added; a no that the person said themselves meanwhile stays. Returns how many."""
    if upload.status in _OPEN:
        raise Conflict("It is still being read. Take it back when it is done.")
    UPLOAD.move(upload, UploadStatus.TAKEN_BACK)
    gone = noes.take_back_all(_holder(upload), upload.created_at)
    record(actor, "noes.upload_taken_back", upload, people=gone)
    return gone


def uploads(actor: Actor, most: int = 50) -> list[SuppressionUpload]:
    """The organisation's uploads, the newest first."""
    query = scoped(actor.organisation, SuppressionUpload).order_by(SuppressionUpload.id.desc())
    return list(db.session.scalars(query.limit(most)))


def due() -> list[int]:
    """The uploads that wait, or whose worker is gone."""
    stale = or_(SuppressionUpload.lease_until.is_(None), SuppressionUpload.lease_until < now())
    query = select(SuppressionUpload.id).where(  # unscoped: the beat looks at all
        or_(
            SuppressionUpload.status == UploadStatus.WAITING,
            and_(SuppressionUpload.status == UploadStatus.READING, stale),
        )
    )
    return list(db.session.scalars(query.order_by(SuppressionUpload.id).limit(20)))


def _claim(upload_id: int) -> SuppressionUpload | None:
    row = db.session.get(
        SuppressionUpload, upload_id, with_for_update=True, populate_existing=True
    )  # unscoped: a job has an id, no tenant
    held = row is not None and row.lease_until is not None and row.lease_until > now()
    if row is None or held or row.status not in _OPEN:
        db.session.rollback()
        return None
    if row.status is UploadStatus.WAITING:
        UPLOAD.move(row, UploadStatus.READING)
    row.worker, row.lease_until = new_pid(), now() + LEASE
    return row


def _mine(upload_id: int, worker: str) -> SuppressionUpload:
    row = db.session.get_one(
        SuppressionUpload, upload_id, with_for_update=True, populate_existing=True
    )  # unscoped: the job’s own row
    if row.worker != worker or row.status is not UploadStatus.READING:
        raise _Lost
    return row


def _write(upload_id: int, worker: str, batch: Batch) -> None:
    """One batch and the place where the next begins, in one commit."""
    row = _mine(upload_id, worker)
    _count(row, batch, noes.add(_holder(row), batch.emails, row.created_at))
    row.lease_until = now() + LEASE
    db.session.commit()


def _count(row: SuppressionUpload, batch: Batch, added: int) -> None:
    row.read += batch.read
    row.added += added
    row.known += len(batch.emails) - added
    row.refused += len(batch.refused)
    found = [*row.findings, *({"line": line, "reason": reason} for line, reason in batch.refused)]
    row.findings = found[:KEPT_FINDINGS]
    row.position, row.line = batch.position, batch.line


def _finish(row: SuppressionUpload) -> None:
    UPLOAD.move(row, UploadStatus.FINISHED)
    row.finished_at, row.worker, row.lease_until, row.key = now(), None, None, None
    record(None, "noes.added", row, organisation_id=row.organisation_id, added=row.added, refused=row.refused)
    log.info("noes.added", upload_id=row.id, added=row.added, refused=row.refused)
