"""The beat's look at what runs: figures kept up to date, and a campaign paused in which one of the sends goes badly."""

from datetime import timedelta

import structlog
from sqlalchemy import or_, select

from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db
from app.delivery import control, health, tally
from app.delivery.models import Send, SendStatus
from app.delivery.records import ReturnedMail
from app.settings import current

log = structlog.get_logger(__name__)

_NEWS = timedelta(minutes=5)  # a finished send is looked at again when something came back so recently


def watch() -> int:
    """Count, judge, pause; returns how many campaigns were paused (needs an application context)."""
    tally.keep(db.engine)
    sends = _sends()
    paused = 0
    for send, figures in zip(sends, tally.of(sends), strict=True):
        finding = health.judge(current(), health.bad(send, figures.counts), send.judged_from or {})
        if finding is None:
            continue
        facts: dict[str, int | str] = {"kind": finding.kind, "bad": finding.bad, "decided": finding.decided}
        paused += control.pause_by_system(send.id, finding.words, "campaign.paused_by_figures", **facts)
    return paused


def _sends() -> list[Send]:
    news = select(ReturnedMail.send_id).where(  # unscoped: the beat
        ReturnedMail.received_at > now() - _NEWS, ReturnedMail.send_id.is_not(None)
    )
    query = (
        select(Send)  # unscoped: the beat
        .join(Campaign, Campaign.id == Send.campaign_id)
        .where(
            Campaign.status == CampaignStatus.SENDING,
            or_(Send.status == SendStatus.SENDING, Send.id.in_(news)),
        )
    )
    return list(db.session.scalars(query.execution_options(populate_existing=True)))
