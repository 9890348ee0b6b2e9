"""What workers do for the audience: bring files in, find imports that stand still, delete uploaded files after 30 days."""

from datetime import timedelta

import structlog
from flask import Flask
from sqlalchemy import and_, or_, select

from app.audience import importing, noes_upload, refused
from app.audience.models import ContactImport, ImportStatus
from app.clock import now
from app.db import db
from app.queue import JobName, ring
from app.settings import current

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)
_ENDED = (ImportStatus.FINISHED, ImportStatus.FAILED, ImportStatus.CANCELLED)


def import_contacts(import_id: int) -> None:
    """Read an import on from where it stands; it rings for the next turn itself."""
    importing.run(import_id)


def add_suppressions(upload_id: int) -> None:
    """Read a list of noes on from where it stands; it rings for the next turn itself."""
    noes_upload.run(upload_id)


def wake_suppressions(app: Flask) -> int:
    """Ring for every list of noes that waits, or whose worker is gone, from the database alone; returns how many."""
    with app.app_context():
        due = noes_upload.due()
        db.session.rollback()
        if due:
            ring(current(), [(JobName.ADD_SUPPRESSIONS, (upload_id,)) for upload_id in due])
        return len(due)


def wake_imports(app: Flask) -> int:
    """Ring for every import that waits, or whose worker is gone, from the database alone; returns how many."""
    with app.app_context():
        stale = and_(
            ContactImport.status == ImportStatus.IMPORTING,
            or_(ContactImport.lease_until.is_(None), ContactImport.lease_until < now()),
        )
        query = select(ContactImport.id).where(  # unscoped: the beat looks at all
            or_(ContactImport.status == ImportStatus.WAITING, stale)
        )
        due = list(db.session.scalars(query.order_by(ContactImport.id).limit(50)))
        db.session.rollback()
        if due:
            ring(current(), [(JobName.IMPORT_CONTACTS, (import_id,)) for import_id in due])
        return len(due)


def purge_files(app: Flask) -> int:
    """Delete uploaded files and refused rows 30 days after their import ended or was left; returns how many."""
    before = now() - KEPT
    ended = and_(ContactImport.status.in_(_ENDED), ContactImport.finished_at < before)
    left = and_(ContactImport.status == ImportStatus.MAPPING, ContactImport.created_at < before)
    with app.app_context():
        query = select(ContactImport).where(
            ContactImport.purged_at.is_(None), or_(ended, left)
        )  # unscoped: the beat looks at all
        due = list(db.session.scalars(query.limit(50)))
        for imp in due:
            refused.delete(imp)
            imp.purged_at = now()
        db.session.commit()
    if due:
        log.info("imports.purged", count=len(due))
    return len(due)
