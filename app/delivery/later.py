"""When the later steps of a campaign go out after something took longer than planned: a slow send, a pause.

A step is planned so many days after the one before it. What delays one delays the ones behind it by whole days, at their own time of
day, so that nobody gets two mails sooner after each other than the kit meant.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from app.campaigns.models import Campaign
from app.campaigns.zones import meant
from app.clock import local
from app.db import db
from app.delivery.models import Send, SendStatus

log = structlog.get_logger(__name__)

_DAY = timedelta(days=1)


def days_later(moment: datetime, days: int, zone: str) -> datetime:
    """The moment at which a clock in `zone` shows the same time so many days after `moment`."""
    if not days:
        return moment
    shown = local(moment, zone).replace(tzinfo=None)
    return meant(shown + timedelta(days=days), zone).moment


def waiting(campaign: Campaign, after: int = 0) -> list[Send]:
    """The steps of a campaign that wait for their time, behind the step of this number."""
    query = select(Send).where(  # unscoped: of this very campaign
        Send.campaign_id == campaign.id, Send.status == SendStatus.WAITING, Send.step > after
    )
    return list(db.session.scalars(query.order_by(Send.step).with_for_update()))


def keep_distance(campaign: Campaign, done: Send, moment: datetime) -> None:
    """A step is done at `moment`: the ones behind it go out later by as many days as it took."""
    planned = done.starts_at or done.started_at or moment
    _put_off(waiting(campaign, done.step), moment - planned, campaign.timezone)


def come_due(campaign: Campaign, moment: datetime) -> None:
    """The campaign goes on at `moment`: a step that came due while it was paused begins now, the ones behind it keep their distance."""
    steps = waiting(campaign)
    if not steps or steps[0].starts_at is None or steps[0].starts_at >= moment:
        return
    _put_off(steps[1:], moment - steps[0].starts_at, campaign.timezone)
    steps[0].starts_at = moment


def _put_off(steps: Iterable[Send], delay: timedelta, zone: str) -> None:
    days = max(int(delay / _DAY + 0.5), 0)
    if not days:
        return
    for step in steps:
        if step.starts_at is not None:
            step.starts_at = days_later(step.starts_at, days, zone)
            log.info("step.put_off", send_id=step.id, days=days)
