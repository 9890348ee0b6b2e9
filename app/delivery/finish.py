"""The end of a send, and what arrives late: proof that an uncertain message did reach its person.

A send is finished when none of its rows can move by itself any more; uncertain ones wait for evidence or a person.
"""

import structlog
from sqlalchemy import ColumnElement, exists, select, update

from app.accounts import audit
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus
from app.clock import now
from app.db import db
from app.delivery import later
from app.delivery.models import SEND, Delivery, DeliveryState, Send, SendStatus

log = structlog.get_logger(__name__)

OPEN_STATES = (DeliveryState.HELD, DeliveryState.READY, DeliveryState.CLAIMED, DeliveryState.COMMITTING)


def finish(send_id: int) -> bool:
    """Finish a send whose rows are all decided, and its campaign with its last send. True if this call did it."""
    send = db.session.get_one(Send, send_id)  # unscoped: the job's own send
    campaign = db.session.get_one(Campaign, send.campaign_id)  # unscoped: the job's own send
    db.session.refresh(campaign, with_for_update=True)
    db.session.refresh(send, with_for_update=True)
    if send.status is not SendStatus.SENDING or db.session.scalar(select(_has_open(send_id))):
        return False
    SEND.move(send, SendStatus.FINISHED)
    if send.finished_at is None:  # else a person had a message of it sent again
        later.keep_distance(campaign, send, now())
    send.finished_at = now()
    send.trouble = None
    others = select(Send.id).where(  # unscoped: of this very campaign
        Send.campaign_id == campaign.id,
        Send.id != send.id,
        Send.status.not_in((SendStatus.FINISHED, SendStatus.CANCELLED)),
    )
    if campaign.status is CampaignStatus.SENDING and not db.session.scalar(select(others.exists())):
        CAMPAIGN.move(campaign, CampaignStatus.FINISHED)
        campaign.finished_at = now()
        audit.record(None, "campaign.finished", campaign, send_id=send.id)
    log.info("send.finished", send_id=send_id)
    return True


def _has_open(send_id: int) -> ColumnElement[bool]:
    return exists(
        select(Delivery.id).where(Delivery.send_id == send_id, Delivery.state.in_(OPEN_STATES))
    )  # unscoped: a job


def arrived(delivery_id: int, evidence: str) -> bool:
    """Settle an uncertain message as accepted, since something happened that only a mail that arrived can cause."""
    uncertain = (Delivery.id == delivery_id, Delivery.state == DeliveryState.UNCERTAIN)
    result = db.session.execute(
        update(Delivery).where(*uncertain).values(state=DeliveryState.ACCEPTED, reason=evidence[:80])
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]
