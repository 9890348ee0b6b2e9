"""Noted events become rows: each with its source, judged together with what else is known of its mail.

A new event can change what earlier ones of the same mail look like (the first links of a burst); those are judged again at once.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Table, insert

from app.db import db
from app.delivery.finish import arrived
from app.tracking.machines import BURST, REACH, Judgement, Seen, judge
from app.tracking.models import EventKind, TrackedEvent
from app.tracking.rejudge import Change, Meeting, Stored, apply, differs, meeting, of_mails, seen, values_of
from app.tracking.sources import Source, sources_of
from app.tracking.spool import Noted

AGENT_LENGTH = 300
_ARRIVED = "Its link was followed or its picture loaded: it arrived"
_TABLE: Table = TrackedEvent.__table__  # type: ignore[assignment]
_KINDS = {kind.value: kind for kind in EventKind}

Pair = tuple[Noted, Source]


@dataclass
class Settled:
    """What became of a batch: rows written, events whose mail is not on record, and meetings that are new or judged anew."""

    stored: int = 0
    unknown: int = 0
    meetings: list[Meeting] = field(default_factory=list)


def settle(batch: Sequence[Noted]) -> Settled:
    """Write a batch of events and judge them, in the caller's transaction."""
    sources = sources_of(batch)
    pairs = [(_clean(noted), source) for noted, source in zip(batch, sources, strict=True) if source]
    done = Settled(len(pairs), len(batch) - len(pairs))
    if not pairs:
        return done
    judgements, changed = _judge(pairs)
    values = [_values(pair, judgement) for pair, judgement in zip(pairs, judgements, strict=True)]
    statement = insert(_TABLE).returning(_TABLE.c.id, sort_by_parameter_order=True)
    ids = db.session.connection().scalars(statement, values)
    for event_id, (noted, source), judgement in zip(ids, pairs, judgements, strict=True):
        if not judgement.is_machine:
            met = meeting(event_id, _KINDS[noted.kind], _at(noted), source, False)
            done.meetings += [met] if met else []
    known = {source.delivery_id: source for _, source in pairs if source.delivery_id}
    done.meetings += apply(changed, known)
    for delivery_id in [key for key, source in known.items() if source.is_uncertain]:
        arrived(delivery_id, _ARRIVED)
    return done


def _clean(noted: Noted) -> Noted:
    """As the database can hold it: no NUL, no half of a character, nothing longer than its column."""
    agent = noted.agent.replace("\0", "").encode("utf-8", "replace").decode()
    return noted._replace(agent=agent[:AGENT_LENGTH], method=noted.method[:8])


def _at(noted: Noted) -> datetime:
    return datetime.fromtimestamp(noted.at, UTC)


def _seen(noted: Noted) -> Seen:
    return Seen(_KINDS[noted.kind], noted.method, noted.agent, _at(noted), noted.number or None)


def _judge(pairs: Sequence[Pair]) -> tuple[list[Judgement], list[Change]]:
    """A judgement for each new event, and what changes for stored ones."""
    by_mail: dict[int, list[int]] = defaultdict(list)
    found: dict[int, Judgement] = {}
    for place, (noted, source) in enumerate(pairs):
        if source.delivery_id:
            by_mail[source.delivery_id].append(place)
        else:
            found[place] = judge([_seen(noted)])[0]
    changed: list[Change] = []
    first = min((pairs[place][0].at for places in by_mail.values() for place in places), default=0.0)
    stored = of_mails(by_mail, datetime.fromtimestamp(first, UTC) - REACH)
    for delivery_id, places in by_mail.items():
        rows = stored.get(delivery_id, [])
        events = [seen(row) for row in rows] + [_seen(pairs[place][0]) for place in places]
        judgements = judge(events, pairs[places[0]][1].delivered_at)
        found.update(zip(places, judgements[len(rows) :], strict=True))
        oldest = min(_seen(pairs[place][0]).at for place in places)
        changed += _changed(rows, judgements, oldest)
    return [found[place] for place in range(len(pairs))], changed


def _changed(rows: Sequence[Stored], judgements: Sequence[Judgement], oldest: datetime) -> list[Change]:
    # What lies further back was judged with more before it than was read now, and no new event can change it.
    return [
        Change(row, judgement)
        for row, judgement in zip(rows, judgements, strict=False)
        if row.at >= oldest - BURST and differs(row, judgement)
    ]


def _values(pair: Pair, judgement: Judgement) -> dict[str, object]:
    noted, source = pair
    return {
        "partner_id": source.partner_id,
        "campaign_id": source.campaign_id,
        "send_id": source.send_id,
        "variant_id": source.variant_id,
        "delivery_id": source.delivery_id,
        "contact_id": source.contact_id,
        "page_id": noted.page or None,
        "kind": _KINDS[noted.kind],
        "number": noted.number or None,
        "method": noted.method,
        "agent": noted.agent,
        "at": _at(noted),
        **values_of(judgement),
    }
