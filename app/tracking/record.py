"""Recording what happens to mails and pages, before it is answered. Nothing is ever deleted; machines are labelled."""

from dataclasses import dataclass

from sqlalchemy import select, update

from app import tokens
from app.clock import now
from app.db import db
from app.delivery.compose import CLICK, OPEN, RENDERING
from app.delivery.finish import arrived
from app.delivery.models import Delivery, DeliveryState, Link, Rendering, Send
from app.tracking.machines import BURST, IN_A_BURST, Seen, judge
from app.tracking.models import EventKind, TrackedEvent

AGENT_LENGTH = 300


@dataclass(frozen=True)
class Visit:
    """One request as it came: HTTP method and user agent."""

    method: str
    agent: str


@dataclass(frozen=True)
class Source:
    """Where a link came from: a delivery (with tracking consent), or only which rendering of which send."""

    send_id: int
    partner_id: int
    campaign_id: int
    variant_id: int | None
    delivery: Delivery | None = None


def source_of(delivery: Delivery | None = None, rendering: Rendering | None = None) -> Source | None:
    """The source behind a token's row; None where there is neither."""
    if delivery:
        return Source(
            delivery.send_id, delivery.partner_id, delivery.campaign_id, delivery.variant_id, delivery
        )
    if rendering:
        send = db.session.get_one(Send, rendering.send_id)  # unscoped: by the rendering's own id
        return Source(send.id, rendering.partner_id, send.campaign_id, rendering.variant_id)
    return None


def clicked(token: str) -> Source:
    """The source behind a link's token: a delivery's, or a rendering's for people who are not tracked. Raises BadToken for others."""
    try:
        found = source_of(delivery=_delivery(tokens.read(CLICK, token)))
    except tokens.BadToken:
        rendering = db.session.get(Rendering, tokens.read(RENDERING, token))  # unscoped: by a signed token
        found = source_of(rendering=rendering)
    return _sure(found)


def opened(token: str) -> Source:
    """The source behind a pixel's token. Raises BadToken."""
    return _sure(source_of(delivery=_delivery(tokens.read(OPEN, token))))


def _delivery(delivery_id: int) -> Delivery | None:
    return db.session.get(Delivery, delivery_id)  # unscoped: by a signed token


def _sure(found: Source | None) -> Source:
    if found is None:
        raise tokens.BadToken()
    return found


def record_click(source: Source, link: Link, visit: Visit) -> TrackedEvent:
    """A link was followed."""
    return _record(EventKind.CLICK, source, visit, number=link.number)


def record_open(source: Source, visit: Visit) -> TrackedEvent:
    """The pixel was loaded; only mails to people who agreed to it carry one."""
    return _record(EventKind.OPEN, source, visit)


def record_view(source: Source, page_id: int, visit: Visit) -> TrackedEvent:
    """A landing page was read by somebody who came from a mail."""
    return _record(EventKind.VIEW, source, visit, page_id=page_id)


def record_stranger(partner_id: int, campaign_id: int, page_id: int, visit: Visit) -> TrackedEvent:
    """A landing page was read by somebody who came from elsewhere."""
    return _record(EventKind.VIEW, Source(0, partner_id, campaign_id, None), visit, page_id=page_id)


def _record(
    kind: EventKind, source: Source, visit: Visit, number: int | None = None, page_id: int | None = None
) -> TrackedEvent:
    at = now()
    delivery = source.delivery
    recent = _recent(delivery) if delivery and kind is EventKind.CLICK else []
    seen = Seen(
        method=visit.method,
        agent=visit.agent[:AGENT_LENGTH],
        at=at,
        delivered_at=delivery.decided_at or delivery.committed_at if delivery else None,
        recent=tuple((e.number, e.at) for e in recent if e.number is not None),
        number=number,
        is_open=kind is EventKind.OPEN,
    )
    reason = judge(seen)
    event = TrackedEvent(
        partner_id=source.partner_id,
        campaign_id=source.campaign_id,
        send_id=source.send_id or None,
        variant_id=source.variant_id,
        delivery_id=delivery.id if delivery else None,
        contact_id=delivery.contact_id if delivery else None,
        page_id=page_id,
        kind=kind,
        number=number,
        method=visit.method[:8],
        agent=seen.agent,
        is_machine=reason is not None,
        reason=reason,
        at=at,
    )
    db.session.add(event)
    db.session.flush()
    if delivery and delivery.state is DeliveryState.UNCERTAIN:
        arrived(delivery.id, "Its link was followed or its picture loaded: it arrived")
    if reason == IN_A_BURST:
        _relabel([e.id for e in recent if at - e.at <= BURST and not e.is_machine], reason)
    return event


def _recent(delivery: Delivery) -> list[TrackedEvent]:
    query = (
        select(TrackedEvent)  # unscoped: by a signed token's delivery
        .where(
            TrackedEvent.delivery_id == delivery.id,
            TrackedEvent.kind == EventKind.CLICK,
            TrackedEvent.at >= now() - 2 * BURST,
        )
        .order_by(TrackedEvent.id.desc())
        .limit(20)
    )
    return list(db.session.scalars(query))


def _relabel(ids: list[int], reason: str) -> None:
    """The first links of a burst looked like a person's; now they are known to be a machine's."""
    if ids:
        db.session.execute(
            update(TrackedEvent).where(TrackedEvent.id.in_(ids)).values(is_machine=True, reason=reason)
        )
