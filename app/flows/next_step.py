"""When a later step of a campaign begins, and what keeps it from beginning: judged when it is due, by the job that begins it.

Its words and links were fixed at the launch. What the vendor or the law forbids meanwhile pauses the campaign with the reason.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from app.accounts import audit
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.ready import standing
from app.clock import local, now
from app.db import db
from app.delivery import control
from app.delivery.models import SEND, Send, SendStatus
from app.queue import JobName, enqueue

log = structlog.get_logger(__name__)

# Less late than this it still begins by itself: a restart, a full queue. Later a person is asked.
MISSED_AFTER = timedelta(hours=1)

_OVER = (SendStatus.FINISHED, SendStatus.CANCELLED)


def start_step(send_id: int) -> bool:
    """The job: begin a waiting step that is due. Of any number of these jobs exactly one begins it; True for that one.

    It waits while the campaign is paused and while the step before it has messages that are not decided.
    """
    send = db.session.get(Send, send_id)  # unscoped: the job's own send
    if send is None:
        return False
    campaign = db.session.get_one(Campaign, send.campaign_id)  # unscoped: the job's own send
    db.session.refresh(campaign, with_for_update=True)
    db.session.refresh(send, with_for_update=True)
    reason = _not_yet(campaign, send, now())
    if reason:
        log.info("step.skipped", send_id=send_id, status=send.status, reason=reason)
        return False
    forbidden = _forbidden(campaign, send, now())
    if forbidden:
        control.pause_by_system(send_id, forbidden)
        return False
    SEND.move(send, SendStatus.EXPANDING)
    audit.record(None, "campaign.step_begun", campaign, send_id=send.id, step=send.step)
    enqueue(JobName.EXPAND_SEND, send.id)
    return True


def _forbidden(campaign: Campaign, send: Send, moment: datetime) -> str:
    """Why a person has to look at it before it begins; empty where nothing is wrong."""
    problems = standing(campaign)
    if problems:
        return f"Step {send.step} was not begun. {problems[0].text}"
    if send.starts_at is not None and moment - send.starts_at > MISSED_AFTER:
        due = local(send.starts_at, campaign.timezone)
        return f"Step {send.step} was due on {due:%-d %B at %H:%M}, and nothing ran here then."
    return ""


def _not_yet(campaign: Campaign, send: Send, moment: datetime) -> str:
    """Why the step does not begin at this moment; empty where it does."""
    if send.status is not SendStatus.WAITING:
        return "not waiting"
    if campaign.status is not CampaignStatus.SENDING:
        return "the campaign is not sending"
    if send.starts_at is None or send.starts_at > moment:
        return "not due"
    earlier = select(Send.id).where(  # unscoped: of this very campaign
        Send.campaign_id == campaign.id, Send.step < send.step, Send.status.not_in(_OVER)
    )
    return "the step before it is not done" if db.session.scalar(select(earlier.exists())) else ""
