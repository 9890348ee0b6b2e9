"""Touchpoints: each meeting of a person and a campaign, recorded once by the room where it happens.

The thread runs by itself: nobody types an id, and a row that tells of it twice is one touch.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.attribution.records import Credit, TouchKind, Touchpoint
from app.db import db, is_sqlite, new_pid

_TABLE: Table = Touchpoint.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Touch:
    """One meeting; `source_id` is the id of the delivery, tracked event or submission behind it, by kind."""

    kind: TouchKind
    partner_id: int
    vendor_id: int
    contact_id: int
    campaign_id: int
    at: datetime
    source_id: int


def record(
    kind: TouchKind,
    partner_id: int,
    vendor_id: int,
    contact_id: int,
    campaign_id: int,
    at: datetime,
    source: int,
) -> bool:
    """Record one touch in the caller's transaction; returns whether it was new. Machines' events are never to be recorded here."""
    touch = Touch(kind, partner_id, vendor_id, contact_id, campaign_id, at, source)
    return db.session.execute(_insert().returning(Touchpoint.id), _values(touch)).first() is not None


def record_all(touches: Sequence[Touch]) -> None:
    """Record touches in the caller's transaction; those that are on record already stay as they are."""
    if touches:
        db.session.connection().execute(_insert(), [_values(touch) for touch in touches])


def _insert() -> Any:
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    return insert(_TABLE).on_conflict_do_nothing(index_elements=["kind", "source_id"])


def _values(touch: Touch) -> dict[str, object]:
    return {"pid": new_pid(), **vars(touch)}


@dataclass(frozen=True)
class Taken:
    """How many touches were taken back, and how many stay, since the credit of a won deal rests on them."""

    withdrawn: int
    credited: int


def withdraw(kind: TouchKind, sources: Collection[int]) -> Taken:
    """Take touches back whose events turned out to be a machine's. What a deal was won by is booked, and stays."""
    if not sources:
        return Taken(0, 0)
    mine = (Touchpoint.kind == kind, Touchpoint.source_id.in_(sources))
    booked = (
        select(Credit.id).where(Credit.touchpoint_id == Touchpoint.id).exists()
    )  # unscoped: by its events
    gone = db.session.execute(delete(Touchpoint).where(*mine, ~booked))
    left = db.session.scalars(select(Touchpoint.id).where(*mine)).all()  # unscoped: by its events
    return Taken(gone.rowcount, len(left))  # type: ignore[attr-defined]
