"""Touchpoints: each meeting of a person and a campaign, recorded once by the room where it happens.

The thread runs by itself: nobody types an id, and a row that tells of it twice is one touch.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from app.attribution.records import TouchKind, Touchpoint
from app.db import db, is_sqlite, new_pid


def record(
    kind: TouchKind,
    partner_id: int,
    vendor_id: int,
    contact_id: int,
    campaign_id: int,
    at: datetime,
    source: int,
) -> bool:
    """Record a touch; `source` is the id of the delivery, tracked event or submission behind it, by kind.

    One statement in the caller's transaction. Returns whether it was new. Machines' events are never to be recorded here.
    """
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    result = db.session.execute(
        insert(Touchpoint)
        .values(
            pid=new_pid(),
            kind=kind,
            partner_id=partner_id,
            vendor_id=vendor_id,
            contact_id=contact_id,
            campaign_id=campaign_id,
            at=at,
            source_id=source,
        )
        .on_conflict_do_nothing(index_elements=["kind", "source_id"])
        .returning(Touchpoint.id)
    )
    return result.first() is not None


def withdraw(kind: TouchKind, sources: Collection[int]) -> None:
    """Take touches back whose events turned out to be a machine's, seconds after they were recorded."""
    if sources:
        db.session.execute(
            delete(Touchpoint).where(Touchpoint.kind == kind, Touchpoint.source_id.in_(sources))
        )
