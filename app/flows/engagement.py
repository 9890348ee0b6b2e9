"""Engagement worked out from what the rooms know: messages, clicks and opens of people, filled forms, deals that were won.

Always all of a contact anew, so that doing it twice changes nothing and an event that is judged otherwise comes right. Sends do not write
here while they run: the beat looks at their messages in turns.
"""

import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from app.audience.engagement import Fact, done, due, write
from app.audience.models import Contact, Deed, Engagement, EngagementTurn
from app.clock import now
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus
from app.landing.models import Submission
from app.leads.models import Deal, DealStatus
from app.tracking.models import EventKind, TrackedEvent

WINDOW = 1_000  # contacts or messages in one transaction: some 30 ms on SQLite
TURN = 0.5  # seconds that one wake may take: the beat has other things to do
AGAIN = timedelta(minutes=1)  # between two looks at a send that is under way
SETTLED = timedelta(
    days=30
)  # so long after its end a send is looked at once a day: uncertain messages are settled late

_RUNNING = (SendStatus.SENDING, SendStatus.PAUSED)
_OVER = (SendStatus.FINISHED, SendStatus.CANCELLED)


def work_out(contact_ids: Collection[int]) -> None:
    """Write anew what is known of these contacts."""
    ids = sorted(contact_ids)
    present = select(Contact.id).where(Contact.id.in_(ids), Contact.erased_at.is_(None))  # unscoped: a job
    known = list(db.session.scalars(present))
    facts = [
        Fact(row.contact_id, row.partner_id, deed, row.campaign_id, row.times, row.last_at)
        for deed, query in _sources(known).items()
        for row in db.session.execute(query)
    ]
    write(ids, facts)


def _sources(ids: list[int]) -> dict[Deed, Select[Any]]:
    """For each deed the rows (contact, partner, campaign, how often, when last) of these contacts."""
    sent = and_(Delivery.contact_id.in_(ids), Delivery.state == DeliveryState.ACCEPTED)
    filled = and_(Submission.contact_id.in_(ids), Submission.held_reason.is_(None))
    bought = and_(Deal.contact_id.in_(ids), Deal.status == DealStatus.WON, Deal.closed_at.is_not(None))
    return {
        Deed.SENT: _grouped(Delivery, Delivery.decided_at).where(sent, Delivery.decided_at.is_not(None)),
        Deed.OPENED: _met(ids, EventKind.OPEN),
        Deed.CLICKED: _met(ids, EventKind.CLICK),
        Deed.SUBMITTED: _grouped(Submission, Submission.at).where(filled),
        Deed.BOUGHT: _grouped(Deal, Deal.closed_at).where(bought),
    }


def _grouped(model: Any, at: Any, contact: Any = None) -> Select[Any]:
    who = model.contact_id if contact is None else contact
    columns = (who, model.partner_id, model.campaign_id)
    figures = (func.count().label("times"), func.max(at, type_=at.type).label("last_at"))
    return select(*columns, *figures).group_by(*columns)  # unscoped: a job, by contacts


def _met(ids: list[int], kind: EventKind) -> Select[Any]:
    """Events of people: known by name only where they agreed to tracking, found through the messages, which are indexed by contact."""
    query = _grouped(TrackedEvent, TrackedEvent.at, Delivery.contact_id)
    return query.join(Delivery, Delivery.id == TrackedEvent.delivery_id).where(
        Delivery.contact_id.in_(ids),
        TrackedEvent.contact_id == Delivery.contact_id,
        TrackedEvent.kind == kind,
        TrackedEvent.is_machine.is_(False),
    )


def tend() -> int:
    """The beat's turn: who was marked, then messages of sends. Each window is a transaction of its own; returns how many contacts."""
    until, written = time.monotonic() + TURN, 0
    while time.monotonic() < until:
        marks, people = due(WINDOW)
        if not marks:
            break
        work_out(people)
        done(marks)
        db.session.commit()
        written += len(people)
    while time.monotonic() < until:
        turn = _next_turn()
        if turn is None:
            break
        written += _window_of(*turn)
        db.session.commit()
    return written


def _next_turn() -> tuple[int, EngagementTurn | None] | None:
    """A send to look at, one that was begun first."""
    query = select(Send.id, EngagementTurn).outerjoin(
        EngagementTurn, EngagementTurn.send_id == Send.id
    )  # unscoped: a job
    found = db.session.execute(query.where(_is_due(now())).order_by(Send.id).limit(1)).first()
    return (found[0], found[1]) if found else None


def _is_due(moment: datetime) -> Any:
    at = EngagementTurn.begun_at
    finished = and_(
        Send.status.in_(_OVER),
        or_(
            at <= Send.finished_at,
            and_(Send.finished_at > moment - SETTLED, at < moment - timedelta(days=1)),
        ),
    )
    return and_(
        Send.status.in_((*_RUNNING, *_OVER)),
        or_(
            at.is_(None),
            EngagementTurn.cursor > 0,
            and_(Send.status.in_(_RUNNING), at < moment - AGAIN),
            finished,
        ),
    )


def _window_of(send_id: int, turn: EngagementTurn | None) -> int:
    """The next messages of a send's turn: people of whom its last message isn't known yet are worked out."""
    if turn is None:
        turn = EngagementTurn(send_id=send_id, begun_at=now(), cursor=0)
        db.session.add(turn)
    elif turn.cursor == 0:
        turn.begun_at = now()
    accepted = (
        select(Delivery.id, Delivery.contact_id, Delivery.campaign_id, Delivery.decided_at)
        .where(
            Delivery.send_id == send_id,
            Delivery.state == DeliveryState.ACCEPTED,
            Delivery.id > turn.cursor,
        )
        .order_by(Delivery.id)
        .limit(WINDOW)
        .subquery()
    )  # unscoped: a job
    known = and_(
        Engagement.contact_id == accepted.c.contact_id,
        Engagement.deed == Deed.SENT,
        Engagement.campaign_id == accepted.c.campaign_id,
    )
    query = select(accepted, Engagement.last_at).outerjoin(
        Engagement, known
    )  # unscoped: of the send's own people
    rows = db.session.execute(query.order_by(accepted.c.id)).all()
    new = {row.contact_id for row in rows if row.last_at is None or row.last_at < row.decided_at}
    if new:
        work_out(new)
    turn.cursor = rows[-1].id if len(rows) == WINDOW else 0
    return len(new)


def rebuild(partner_id: int | None = None) -> int:
    """Work out every contact anew (of one partner, if given), window by window; returns how many."""
    after = written = 0
    while True:
        query = select(Contact.id).where(
            Contact.id > after
        )  # unscoped: by partner id, or an operator's command
        if partner_id is not None:
            query = query.where(Contact.partner_id == partner_id)
        ids = list(db.session.scalars(query.order_by(Contact.id).limit(WINDOW)))
        if not ids:
            return written
        work_out(ids)
        db.session.commit()
        after, written = ids[-1], written + len(ids)
