"""Who must not be mailed any more though their row is written: judged in the write-ahead commit, one moment before the body leaves.

So a no, an erasure, or a form that was filled in a second before still stops the message.
"""

from sqlalchemy import ColumnElement, case, literal, or_, select

from app.audience.models import Contact
from app.audience.preferences import paused, topic_off
from app.audience.suppress import is_suppressed
from app.delivery.models import Delivery, EndReason, SequenceEnd

SAID_NO = "Said no before it was their turn"
LEFT_DETAILS = "Left their details before it was their turn"


def blocked(
    partner_id: int, vendor_id: int, campaign_id: int, topic_id: int | None = None
) -> ColumnElement[bool]:
    """An EXISTS on Delivery: its person said no, is no longer on record, paused or left out the topic, or the campaign is over for them."""
    noes = [
        Contact.erased_at.is_not(None),
        is_suppressed(Contact.address_hash, partner_id, vendor_id),
        paused(partner_id, Contact.address_hash),
    ]
    if topic_id is not None:
        noes.append(topic_off(partner_id, Contact.address_hash, topic_id))
    inner = select(Contact.id).where(  # unscoped: bound to the delivery of the outer statement
        Contact.id == Delivery.contact_id,
        or_(*noes),
    )
    return or_(inner.correlate(Delivery).exists(), _ended(campaign_id))


def reason(campaign_id: int) -> ColumnElement[str]:
    """Why a blocked row is suppressed, in words for its Delivery row; everything but a filled form is a no."""
    return case(
        (_ended(campaign_id, SequenceEnd.reason == EndReason.SUBMITTED), literal(LEFT_DETAILS)),
        else_=literal(SAID_NO),
    )


def _ended(campaign_id: int, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    # One look at the key for each row. As an EXISTS PostgreSQL would rather read everybody for whom the campaign is over, each time.
    inner = select(SequenceEnd.contact_id).where(  # unscoped: bound to the delivery of the outer statement
        SequenceEnd.campaign_id == campaign_id, SequenceEnd.contact_id == Delivery.contact_id, *conditions
    )
    return inner.correlate(Delivery).limit(1).scalar_subquery().is_not(None)
