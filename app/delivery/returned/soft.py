"""When soft bounces are enough: a mailbox that has been refusing for two weeks is as dead as one that doesn't exist.

Five different sends came back, the first and the last at least 14 days apart, and no message between them or after them got through.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.db import db
from app.delivery.models import Delivery, DeliveryState
from app.delivery.records import BOUNCES, Came, ReturnedMail

SENDS = 5
OVER = timedelta(days=14)
_MOST = 200  # the latest that are looked at


def is_enough(partner_id: int, contact_id: int, address_hash: str) -> bool:
    """Whether what came back from this address is enough to stop mailing it."""
    sent = func.coalesce(Delivery.committed_at, ReturnedMail.received_at)
    query = (
        select(ReturnedMail.send_id, ReturnedMail.delivery_id, sent)  # unscoped: by partner and contact
        .join(Delivery, Delivery.id == ReturnedMail.delivery_id)
        .where(
            ReturnedMail.contact_id == contact_id,
            ReturnedMail.partner_id == partner_id,
            ReturnedMail.kind == Came.SOFT,
            ReturnedMail.address_hash == address_hash,
            ReturnedMail.lifted_at.is_(None),
        )
        .order_by(ReturnedMail.id.desc())
        .limit(_MOST)
    )
    came_back = [(row[0], row[2]) for row in db.session.execute(query)]
    if len(came_back) < SENDS:
        return False
    through = _last_through(partner_id, contact_id, max(at for _, at in came_back))
    run = [(send_id, at) for send_id, at in came_back if through is None or at > through]
    times = [at for _, at in run]
    return len({send_id for send_id, _ in run}) >= SENDS and max(times) - min(times) >= OVER


def _last_through(partner_id: int, contact_id: int, before: datetime) -> datetime | None:
    """When the last message left that was accepted and has not come back; later ones may still."""
    came_back = select(ReturnedMail.id).where(  # unscoped: bound to the delivery of the outer query
        ReturnedMail.delivery_id == Delivery.id, ReturnedMail.kind.in_(BOUNCES)
    )
    found: datetime | None = db.session.scalar(
        select(func.max(Delivery.committed_at)).where(  # unscoped: by partner and contact
            Delivery.contact_id == contact_id,
            Delivery.partner_id == partner_id,
            Delivery.state == DeliveryState.ACCEPTED,
            Delivery.committed_at < before,
            ~came_back.correlate(Delivery).exists(),
        )
    )
    return found
