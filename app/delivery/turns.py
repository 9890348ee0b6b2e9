"""Whose turn it is: slices go round over partners first, then over each partner's sends, so that nobody waits behind somebody's big send.

Judged from the database alone. A doorbell in the queue only says that somebody waits; whom it serves is decided here.
"""

import fcntl
import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, func, or_, select, update

from app.audience.models import ContactImport, ImportStatus
from app.campaigns.models import Campaign, CampaignStatus
from app.delivery.models import Delivery, DeliveryState, Send, SendingWorker, SendStatus
from app.delivery.presence import LEASE, database_now, lock_path
from app.mail.models import OutgoingMail

_RECENT = timedelta(
    seconds=60
)  # what has waited for longer is stuck for another reason, and nobody hurries for it
_TRIES = 5


def others_wait(engine: Engine, data_dir: Path, send_id: int) -> bool:
    """Whether anything else waits that needs a worker and has none: another send, a launch, an expansion, an import, a mail."""
    with engine.begin() as connection:
        moment = database_now(connection)
        if connection.execute(select(or_(*_jobs(moment, send_id)))).scalar_one():
            return True
        busy = busy_sends(connection, data_dir, moment)
        query = select(Send.id).where(is_due(moment), Send.id.not_in({*busy, send_id}))  # unscoped: a job
        return connection.execute(query.limit(1)).first() is not None


def _jobs(moment: datetime, send_id: int) -> Sequence[ColumnElement[bool]]:
    launch = select(Campaign.id).where(  # unscoped: a job
        Campaign.status == CampaignStatus.SCHEDULED,
        Campaign.scheduled_at <= moment,
        Campaign.scheduled_at > moment - _RECENT,
    )
    expansion = select(Send.id).where(
        Send.status == SendStatus.EXPANDING, Send.id != send_id
    )  # unscoped: a job
    mail = select(OutgoingMail.id).where(
        OutgoingMail.sent_at.is_(None),
        OutgoingMail.failed_at.is_(None),
        OutgoingMail.lease_until.is_(None),
        OutgoingMail.not_before <= moment,
        OutgoingMail.not_before > moment - _RECENT,
    )
    waiting = select(ContactImport.id).where(ContactImport.status == ImportStatus.WAITING)  # unscoped: a job
    return [exists(query) for query in (launch, expansion, mail, waiting)]


def is_due(moment: datetime) -> ColumnElement[bool]:
    """Sends that could send now: a row is due, and nothing holds the whole send back."""
    due = exists(
        select(Delivery.id).where(  # unscoped: a job
            Delivery.send_id == Send.id,
            Delivery.state == DeliveryState.READY,
            or_(Delivery.not_before.is_(None), Delivery.not_before <= moment),
        )
    )
    return and_(
        Send.status == SendStatus.SENDING,
        or_(Send.waits_until.is_(None), Send.waits_until <= moment),
        or_(Send.opens_at.is_(None), Send.opens_at <= moment),
        due,
    )


def busy_sends(connection: Connection, data_dir: Path, moment: datetime) -> set[int]:
    """Sends that a live worker is sending from."""
    query = select(SendingWorker.id, SendingWorker.host, SendingWorker.detail)
    workers = connection.execute(query.where(SendingWorker.heartbeat_at > moment - LEASE)).all()
    return {int(worker.detail["send"]) for worker in workers if _lives(worker, data_dir)}


def _lives(worker: Any, data_dir: Path) -> bool:
    """Whether its process can still be there: on this machine its lock says so at once."""
    if worker.host != socket.gethostname():
        return True
    try:
        handle = os.open(lock_path(data_dir, worker.id), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def next_send(engine: Engine, data_dir: Path, rung_for: int) -> int | None:
    """The send whose turn it is, taken for this worker; None where none waits without one. `rung_for`: whom the doorbell named."""
    for _ in range(_TRIES):
        with engine.begin() as connection:
            moment = database_now(connection)
            busy = busy_sends(connection, data_dir, moment)
            waiting = _waiting(connection, moment, busy)
            if not waiting:
                return None if rung_for in busy else rung_for
            chosen = min(waiting, key=lambda row: _turn(row, rung_for))
            mine = and_(Send.id == chosen.id, Send.served_at.is_not_distinct_from(chosen.served_at))
            if connection.execute(update(Send).where(mine).values(served_at=moment)).rowcount:
                return int(chosen.id)
    return rung_for


def _waiting(connection: Connection, moment: datetime, busy: set[int]) -> Sequence[Any]:
    served = (
        select(Send.partner_id, func.max(Send.served_at).label("partner_served_at"))  # unscoped: a job
        .group_by(Send.partner_id)
        .subquery()
    )
    query = (
        select(Send.id, Send.served_at, served.c.partner_served_at)  # unscoped: a job
        .join(served, served.c.partner_id == Send.partner_id)
        .where(is_due(moment), Send.id.not_in(busy))
    )
    return connection.execute(query).all()


def _turn(row: Any, rung_for: int) -> tuple[float, float, bool, int]:
    """Who was served longest ago comes first: the partner, then the send; among equals whom the doorbell named, then the oldest."""
    partner, own = (
        moment.timestamp() if moment else 0.0 for moment in (row.partner_served_at, row.served_at)
    )
    return partner, own, row.id != rung_for, row.id
