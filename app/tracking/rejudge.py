"""Judging stored events again: all that is known of a mail is looked at together, and what comes out otherwise is changed.

The same code judges the neighbours of a new event and replays old ones by the present rules.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, bindparam, select, update

from app.db import db
from app.tracking.machines import RULES, Judgement, Seen, judge
from app.tracking.models import EventKind, TrackedEvent
from app.tracking.sources import Source, of_deliveries

COLUMNS = (
    TrackedEvent.id,
    TrackedEvent.delivery_id,
    TrackedEvent.contact_id,
    TrackedEvent.kind,
    TrackedEvent.number,
    TrackedEvent.method,
    TrackedEvent.agent,
    TrackedEvent.at,
    TrackedEvent.is_machine,
    TrackedEvent.reason,
    TrackedEvent.score,
    TrackedEvent.signals,
    TrackedEvent.rules,
)
_TABLE: Table = TrackedEvent.__table__  # type: ignore[assignment]
_MOST = 5_000  # events that are read of one lot of mails: a flood on one link must not fill the memory

Stored = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Meeting:
    """An event of a known person: their touchpoint is recorded, or taken back where a machine did it."""

    event_id: int
    kind: EventKind
    at: datetime
    partner_id: int
    vendor_id: int
    campaign_id: int
    contact_id: int
    is_machine: bool


@dataclass(frozen=True)
class Change:
    """A stored event whose judgement comes out otherwise than it stands there."""

    row: Stored
    judgement: Judgement

    @property
    def flips(self) -> bool:
        """Whether a person becomes a machine, or the reverse; else only score and signs differ."""
        return bool(self.row.is_machine) != self.judgement.is_machine


def seen(row: Stored) -> Seen:
    """What the rules look at."""
    return Seen(row.kind, row.method, row.agent, row.at, row.number)


def values_of(judgement: Judgement) -> dict[str, object]:
    """A judgement as columns."""
    return {
        "is_machine": judgement.is_machine,
        "reason": judgement.reason,
        "score": judgement.score,
        "signals": judgement.signals,
        "rules": RULES,
    }


def meeting(event_id: int, kind: EventKind, at: datetime, source: Source, is_machine: bool) -> Meeting | None:
    """The meeting behind an event; None where nobody knows the person."""
    if source.contact_id is None or source.vendor_id is None:
        return None
    return Meeting(
        event_id,
        kind,
        at,
        source.partner_id,
        source.vendor_id,
        source.campaign_id,
        source.contact_id,
        is_machine,
    )


def of_mails(delivery_ids: Collection[int], since: datetime | None = None) -> dict[int, list[Stored]]:
    """The stored events of some mails from `since` on, by mail, in the order of their rows."""
    if not delivery_ids:
        return {}
    query = select(*COLUMNS).where(TrackedEvent.delivery_id.in_(delivery_ids))  # unscoped: of some mails
    if since is not None:
        query = query.where(TrackedEvent.at >= since)
    found: dict[int, list[Stored]] = defaultdict(list)
    for row in db.session.execute(query.order_by(TrackedEvent.id.desc()).limit(_MOST)):
        found[row.delivery_id].append(row)
    return {delivery_id: rows[::-1] for delivery_id, rows in found.items()}


def changes(rows: Sequence[Stored]) -> list[Change]:
    """What the present rules say otherwise of these rows, each looked at together with all events of its mail."""
    mails = of_mails({row.delivery_id for row in rows if row.delivery_id})
    sources = of_deliveries(mails)
    asked = {row.id for row in rows}
    lots = [(mails[key], sources[key].delivered_at) for key in mails if key in sources]
    lots += [([row], None) for row in rows if not row.delivery_id]
    found = []
    for lot, delivered_at in lots:
        for row, judgement in zip(lot, judge([seen(row) for row in lot], delivered_at), strict=True):
            if row.id in asked and differs(row, judgement):
                found.append(Change(row, judgement))
    return found


def differs(row: Stored, judgement: Judgement) -> bool:
    """Whether what stands there is not what the present rules say."""
    return any(getattr(row, name) != value for name, value in values_of(judgement).items())


def apply(found: Iterable[Change], sources: Mapping[int, Source] | None = None) -> list[Meeting]:
    """Write new judgements over old ones; returns the meetings of those that flip."""
    todo = list(found)
    if not todo:
        return []
    db.session.connection().execute(
        update(_TABLE).where(_TABLE.c.id == bindparam("event")),
        [{"event": change.row.id, **values_of(change.judgement)} for change in todo],
    )
    flips = [change for change in todo if change.flips and change.row.delivery_id]
    known = sources if sources is not None else of_deliveries({change.row.delivery_id for change in flips})
    met = [
        meeting(row.id, row.kind, row.at, known[row.delivery_id], change.judgement.is_machine)
        for change in flips
        for row in (change.row,)
    ]
    return [each for each in met if each is not None]
