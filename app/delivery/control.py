"""Pause, resume, cancel, and sending an uncertain message again: what people decide about a running campaign.

A pause is one committed row: the engine looks at it in every write-ahead commit, so it acts within a round.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import select, update

from app.accounts import audit
from app.accounts.actor import Actor
from app.accounts.models import Organisation, Person
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus
from app.clock import now
from app.db import db
from app.delivery import health, later, recall
from app.delivery.models import SEND, Delivery, DeliveryState, Send, SendStatus
from app.errors import Conflict, Refused
from app.kits.models import KitVersion, VersionStatus
from app.mail import post
from app.queue import JobName, enqueue
from app.web.hosts import app_url_for

log = structlog.get_logger(__name__)

# RFC 5321 4.5.3.2.6: a server may take ten minutes to answer the final dot, and may yet accept until then.
RESEND_AFTER = timedelta(minutes=10)
_RUNNING = (CampaignStatus.LAUNCHING, CampaignStatus.SENDING)


class Knows(StrEnum):
    """What the person who sends again says about it; it goes into the log."""

    ASKED = "asked"
    HARMLESS = "harmless"


def pause(actor: Actor, campaign: Campaign) -> None:
    """Stop after the messages that are on the wire now. Raises Conflict when it isn't running."""
    _lock(campaign)
    _pause(campaign, None)
    audit.record(actor, "campaign.paused", campaign)


def pause_by_system(
    send_id: int, reason: str, action: str = "campaign.paused_by_system", **facts: int | str
) -> bool:
    """Pause the campaign of a send because its mail server wants nothing of us, or because it goes badly; False if it isn't running.

    Whoever launched it gets a mail. `facts` go into the log.
    """
    send = db.session.get_one(Send, send_id)  # unscoped: the job's own send
    campaign = db.session.get_one(Campaign, send.campaign_id)  # unscoped: the job's own send
    _lock(campaign)
    if campaign.status not in _RUNNING:
        return False
    _pause(campaign, reason[:200])
    audit.record(None, action, campaign, organisation_id=None, send_id=send.id, **facts)
    _tell(campaign, reason)
    log.warning("campaign.paused", campaign_id=campaign.id, send_id=send_id, action=action)
    return True


def _tell(campaign: Campaign, reason: str) -> None:
    person = db.session.get(Person, campaign.launched_by) if campaign.launched_by else None
    if person is None:
        return
    partner = db.session.get_one(Organisation, campaign.partner_id)
    link = app_url_for("results.show", pid=campaign.pid)
    context = {"person": person, "campaign": campaign.name, "reason": reason, "link": link}
    post("campaign_paused", person.email, context, partner)


def _pause(campaign: Campaign, reason: str | None) -> None:
    CAMPAIGN.move(campaign, CampaignStatus.PAUSED)
    campaign.paused_reason = reason
    for send in _sends(campaign, SendStatus.EXPANDING, SendStatus.SENDING):
        SEND.move(send, SendStatus.PAUSED)
        send.paused_reason = reason


def halt(campaigns: Sequence[Campaign], reason: str) -> list[Campaign]:
    """Stop these for good, because their kit was withdrawn: a pause that `resume` refuses to end. The caller has locked them.

    Returns those that were launching, being sent or paused.
    """
    found = [one for one in campaigns if one.status in (*_RUNNING, CampaignStatus.PAUSED)]
    for campaign in found:
        if campaign.status is not CampaignStatus.PAUSED:
            CAMPAIGN.move(campaign, CampaignStatus.PAUSED)
        campaign.paused_reason = reason
    query = select(Send).where(  # unscoped: of these very campaigns
        Send.campaign_id.in_([campaign.id for campaign in found]),
        Send.status.in_((SendStatus.EXPANDING, SendStatus.SENDING, SendStatus.PAUSED)),
    )
    for send in db.session.scalars(query.with_for_update()):
        if send.status is not SendStatus.PAUSED:
            SEND.move(send, SendStatus.PAUSED)
        send.paused_reason = reason
    return found


def _refuse_withdrawn(campaign: Campaign) -> None:
    """Nothing more leaves of a kit's version that its vendor withdrew. Read from the database: it may have happened just now."""
    query = select(KitVersion.status).where(
        KitVersion.id == campaign.kit_version_id
    )  # unscoped: of this campaign
    if db.session.scalar(query) is VersionStatus.RECALLED:
        raise Refused(
            "The vendor withdrew this version of the kit, so nothing more of it is sent. Start again from a newer one."
        )


def resume(actor: Actor, campaign: Campaign) -> None:
    """Go on where it stopped. Raises Conflict when it isn't paused, Refused when the vendor withdrew its kit."""
    _lock(campaign)
    _refuse_withdrawn(campaign)
    CAMPAIGN.move(campaign, CampaignStatus.SENDING)
    campaign.paused_reason = None
    for send in _sends(campaign, SendStatus.PAUSED):
        SEND.move(send, SendStatus.SENDING if send.started_at else SendStatus.EXPANDING)
        send.paused_reason = send.trouble = send.waits_until = send.waits_for = send.pace = None
        enqueue(JobName.SEND_SLICE if send.started_at else JobName.EXPAND_SEND, send.id)
    later.come_due(campaign, now())
    health.forgive(campaign)
    audit.record(actor, "campaign.resumed", campaign)


def cancel(actor: Actor, campaign: Campaign) -> None:
    """End it for good: nobody who has not been mailed is. A job takes their rows back. Raises Conflict when it is over already."""
    _lock(campaign)
    CAMPAIGN.move(campaign, CampaignStatus.CANCELLED)
    campaign.finished_at = now()
    for send in _sends(
        campaign, SendStatus.WAITING, SendStatus.EXPANDING, SendStatus.SENDING, SendStatus.PAUSED
    ):
        SEND.move(send, SendStatus.CANCELLED)
        send.finished_at = now()
        db.session.flush()
        recall.take_back(db.session.connection(), send.id)
        enqueue(JobName.RECALL_SEND, send.id)
    audit.record(actor, "campaign.cancelled", campaign)


def unschedule(actor: Actor, campaign: Campaign) -> None:
    """Take a launch back before its time; the campaign is approved again. Raises Conflict when it has begun."""
    _lock(campaign)
    if campaign.status is not CampaignStatus.SCHEDULED:
        raise Conflict("This campaign isn’t waiting for its time any more.")
    CAMPAIGN.move(campaign, CampaignStatus.APPROVED)
    audit.record(actor, "campaign.unscheduled", campaign)


def resend_from(delivery: Delivery) -> datetime:
    """From when on an uncertain message may be sent again: before that its server may still be taking it."""
    since = delivery.committed_at or delivery.decided_at or now()
    return since + RESEND_AFTER


def resend(actor: Actor, delivery: Delivery, knows: Knows) -> None:
    """Send an uncertain message once more, because a named person says so; journaled.

    Raises Refused too early or when the campaign was cancelled, Conflict when the message is not uncertain (any more).
    """
    campaign = db.session.get_one(Campaign, delivery.campaign_id)  # unscoped: by the delivery's own id
    _lock(campaign)
    _refuse_withdrawn(campaign)
    send = db.session.get_one(Send, delivery.send_id)  # unscoped: by the delivery's own id
    if now() < resend_from(delivery):
        raise Refused(
            "Their server may still take it: it has ten minutes to answer. Send it again after that."
        )
    if send.status is SendStatus.CANCELLED:
        raise Refused("This campaign was cancelled; nothing more is sent.")
    values = {
        "state": DeliveryState.READY,
        "attempts": 0,
        "reason": None,
        "reply": None,
        "worker": None,
        "not_before": None,
        "decided_at": None,
    }
    send.waits_until = None
    uncertain = (
        Delivery.id == delivery.id,
        Delivery.state == DeliveryState.UNCERTAIN,
        Delivery.epoch == delivery.epoch,
    )
    if not db.session.execute(update(Delivery).where(*uncertain).values(**values)).rowcount:  # type: ignore[attr-defined]
        raise Conflict("This message has been settled in the meantime.")
    if send.status is SendStatus.FINISHED:
        SEND.move(send, SendStatus.SENDING)
    if campaign.status is CampaignStatus.FINISHED:
        CAMPAIGN.move(campaign, CampaignStatus.SENDING)
    audit.record(actor, "delivery.resent", delivery, campaign_id=campaign.id, knows=str(knows))
    enqueue(JobName.SEND_SLICE, send.id)


def _lock(campaign: Campaign) -> None:
    """Read the campaign again under a lock, so that two people can't move it at once."""
    db.session.flush()
    db.session.refresh(campaign, with_for_update=True)


def _sends(campaign: Campaign, *statuses: SendStatus) -> list[Send]:
    query = select(Send).where(
        Send.campaign_id == campaign.id, Send.status.in_(statuses)
    )  # unscoped: of this very campaign
    return list(db.session.scalars(query.with_for_update()))
