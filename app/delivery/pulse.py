"""The system's own pulse: from its last sign of life it knows that it was down, and asks before it sends what came due meanwhile.

A wave of people in another zone, the morning's hours, a step of a sequence, the rest of a send: after a long stop all of them would
go out at an hour that nobody chose. A person lets them go on, or cancels the rest.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, and_, or_, select, update

from app.campaigns.models import Campaign, CampaignStatus
from app.clock import local
from app.db import db
from app.delivery import control, turns
from app.delivery.models import Pulse, Send, SendStatus
from app.delivery.presence import database_now

# Less late than this things still go out by themselves: a restart, a full queue. Later a person is asked.
LATE = timedelta(hours=1)
_NAME = "delivery"
_KEEP = timedelta(seconds=30)  # a sign of life is written so often


def look() -> int:
    """The beat, before it rings for anything: after a long stop pause what came due in it; returns how many campaigns were paused."""
    moment = database_now(db.session.connection())
    pulse = db.session.get(Pulse, _NAME, with_for_update=True, populate_existing=True)
    if pulse is None:
        db.session.add(Pulse(name=_NAME, at=moment))
        return 0
    last = pulse.at
    if timedelta(0) <= moment - last < _KEEP:
        return 0
    pulse.at = moment
    if moment - last <= LATE:
        return 0
    found = db.session.execute(
        select(Send.id, Campaign.timezone)  # unscoped: the beat
        .join(Campaign, Campaign.id == Send.campaign_id)
        .where(Campaign.status.in_((CampaignStatus.SENDING, CampaignStatus.LAUNCHING)), _came_due(moment))
    ).all()
    return sum(
        control.pause_by_system(send_id, _words(last, moment, zone), "campaign.paused_after_stop")
        for send_id, zone in found
    )


def is_stale(engine: Engine) -> bool:
    """Before a slice: whether the last sign of life is so old that the beat must look first; else this is one more."""
    with engine.begin() as connection:
        moment = database_now(connection)
        last = connection.execute(select(Pulse.at).where(Pulse.name == _NAME)).scalar_one_or_none()
        if last is None or moment - last <= _KEEP:
            return False
        if moment - last > LATE:
            return True
        connection.execute(update(Pulse).where(Pulse.name == _NAME, Pulse.at == last).values(at=moment))
        return False


def _came_due(moment: datetime) -> ColumnElement[bool]:
    return or_(
        Send.status == SendStatus.EXPANDING,
        turns.is_due(moment),
        and_(Send.status == SendStatus.WAITING, Send.starts_at <= moment),
    )


def _words(last: datetime, moment: datetime, zone: str) -> str:
    begin, end = local(last, zone), local(moment, zone)
    until = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%a} {end.day} {end:%b} {end:%H:%M}"
    return (
        f"Throughline was not running from {begin:%a} {begin.day} {begin:%b} {begin:%H:%M} to {until}."
        " Go on now, or cancel the rest."
    )
