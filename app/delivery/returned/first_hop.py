"""What the very first server refused is judged by the same rules as what comes back: a dead mailbox is one, whoever says so.

The beat does it over rows that are decided already, so that no round of sending waits for it.
"""

from collections import defaultdict
from datetime import timedelta
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import Row, and_, or_, select

from app.audience.models import Contact, SuppressionReason, SuppressionScope
from app.audience.suppress import suppress_each
from app.clock import now
from app.db import db
from app.delivery.bounces import Recipient
from app.delivery.bounces.judge import Answer, judge
from app.delivery.bounces.rules import book
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus
from app.delivery.records import Came, ReturnedMail, Source
from app.delivery.returned import soft
from app.delivery.returned.evidence import Evidence, came
from app.delivery.returned.hear import About, keep_all, values

log = structlog.get_logger(__name__)

BATCH = 500
_AFTER = timedelta(days=1)  # for so long after its end a send is looked at


def hear_refusals() -> int:
    """Judge refusals nobody has judged yet, one batch; returns how many."""
    ended = and_(Send.status == SendStatus.FINISHED, Send.finished_at > now() - _AFTER)
    running = Send.status.in_((SendStatus.SENDING, SendStatus.PAUSED, SendStatus.CANCELLED))
    sends = db.session.execute(
        select(Send.id, Send.partner_id, Send.vendor_id).where(  # unscoped: the beat
            or_(ended, and_(running, Send.created_at > now() - timedelta(days=30)))
        )
    ).all()
    return sum(_of_send(*send) for send in sends)


def _of_send(send_id: int, partner_id: int, vendor_id: int) -> int:
    known = select(ReturnedMail.id).where(  # unscoped: bound to the delivery of the outer query
        ReturnedMail.delivery_id == Delivery.id
    )
    # What was given up after refusals for now counts as one that came back this time.
    for_now = and_(Delivery.state == DeliveryState.FAILED, Delivery.reply.like("4%"))
    rows = db.session.execute(
        select(  # unscoped: of one send
            Delivery.id,
            Delivery.contact_id,
            Delivery.reason,
            Delivery.reply,
            Delivery.epoch,
            Contact.email,
            Contact.address_hash,
        )
        .join(Contact, Contact.id == Delivery.contact_id)
        .where(
            Delivery.send_id == send_id,
            Delivery.state.in_((DeliveryState.REJECTED, DeliveryState.FAILED)),
            or_(Delivery.state == DeliveryState.REJECTED, for_now),
            ~known.correlate(Delivery).exists(),
        )
        .limit(BATCH)
    ).all()
    if rows:
        _keep([_told(row, send_id, partner_id, vendor_id) for row in rows], partner_id)
        log.info("returned.refusals", send_id=send_id, rows=len(rows))
    return len(rows)


def _told(
    row: Row[*tuple[Any, ...]], send_id: int, partner_id: int, vendor_id: int
) -> tuple[Evidence, About]:
    delivery_id, contact_id, reason, reply, epoch, email, address_hash = row
    one = judged(str(reason or ""), str(reply or ""))
    message = About(delivery_id, send_id, contact_id, partner_id, vendor_id, str(email), str(address_hash))
    kind = came(one.kind, one.cause)
    kind = kind if kind in (Came.HARD, Came.SOFT) else Came.SOFT
    key = f"reply {delivery_id} {epoch}"
    return Evidence(kind, Source.REPLY, now(), key, str(one.cause), one.status, str(reply or "")), message


@lru_cache(maxsize=512)
def judged(reason: str, reply: str) -> Recipient:
    """The verdict on a server's reply. The reason we noted beside it tells what it was the answer to."""
    stage = ""
    if "the address" in reason:
        stage = "in reply to RCPT TO command"
    elif "the message" in reason:
        stage = "in reply to end of DATA command"
    return judge(Answer("", "failed", said=reply, around=stage), book())


def _keep(told: list[tuple[Evidence, About]], partner_id: int) -> None:
    keep_all([values(evidence, message) for evidence, message in told])
    by_kind: dict[Came, list[About]] = defaultdict(list)
    for evidence, message in told:
        by_kind[evidence.kind].append(message)
    gone = by_kind[Came.HARD] + [
        message
        for message in by_kind[Came.SOFT]
        if soft.is_enough(partner_id, message.contact_id, message.address_hash)
    ]
    suppress_each(
        SuppressionScope.PARTNER,
        partner_id,
        {message.address_hash: message.delivery_id for message in gone},
        SuppressionReason.BOUNCE,
        now(),
    )
