"""What the beat looks for, in the database alone: rows that dead workers held, sends that nobody rings for, campaigns whose time has come.

Everything found here is also found after Redis has forgotten it all. Running it twice, or in two places at once, changes nothing more.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from app.campaigns.models import Campaign, CampaignStatus
from app.delivery import recall, turns
from app.delivery.claims import MAX_CRASHES
from app.delivery.finish import OPEN_STATES
from app.delivery.models import OUR_OWN_DEATH, Delivery, DeliveryState, Send, SendingWorker, SendStatus
from app.delivery.presence import LEASE, database_now, is_gone, lock_path
from app.queue import JobName

log = structlog.get_logger(__name__)

RING_AGAIN = timedelta(seconds=10)
Job = tuple[JobName, int]


def sweep(engine: Engine, data_dir: Path) -> list[Job]:
    """Mend what is stuck, and return the jobs to ring for."""
    settle_the_dead(engine, data_dir)
    expire_claims(engine)
    return due_launches(engine) + due_steps(engine) + due_sends(engine, data_dir)


def settle_the_dead(engine: Engine, data_dir: Path) -> int:
    """Rows of workers that are surely gone: committing → uncertain, claimed → ready. Returns how many became uncertain."""
    uncertain = 0
    with engine.begin() as connection:
        moment = database_now(connection)
        workers = connection.execute(select(SendingWorker.__table__)).all()
        for worker in workers:
            if not is_gone(worker, data_dir, moment):
                continue
            held = and_(_live(moment), Delivery.worker == worker.id)
            uncertain += _give_up(connection, held, moment)
            _return_claims(connection, held, moment)
            connection.execute(delete(SendingWorker).where(SendingWorker.id == worker.id))
            lock_path(data_dir, worker.id).unlink(missing_ok=True)
            log.warning("worker.gone", worker=worker.id, os_pid=worker.os_pid)
        # A worker that is not even on the list can't decide anything any more.
        listed = exists(select(SendingWorker.id).where(SendingWorker.id == Delivery.worker))
        uncertain += _give_up(
            connection, and_(_live(moment), ~listed, Delivery.committed_at < moment - LEASE), moment
        )
    return uncertain


def _live(moment: datetime) -> ColumnElement[bool]:
    """Rows of sends in which something may still be held; keeps the sweep off the rows of all that is long over."""
    running = or_(
        Send.status.in_((SendStatus.SENDING, SendStatus.PAUSED)),
        Send.finished_at > moment - timedelta(days=1),
    )
    return Delivery.send_id.in_(select(Send.id).where(running))  # unscoped: the beat


def _give_up(connection: Connection, held: ColumnElement[bool], moment: datetime) -> int:
    values = {
        "state": DeliveryState.UNCERTAIN,
        "reason": OUR_OWN_DEATH,
        "decided_at": moment,
    }
    result = connection.execute(
        update(Delivery).where(held, Delivery.state == DeliveryState.COMMITTING).values(**values)
    )
    return int(result.rowcount)


def _return_claims(connection: Connection, held: ColumnElement[bool], moment: datetime) -> None:
    """Claimed rows go back; one that has outlived too many workers is set aside as failed."""
    crashed = Delivery.crashes + 1
    claimed = and_(held, Delivery.state == DeliveryState.CLAIMED)
    reason = f"Set aside: {MAX_CRASHES} times our worker stopped at this message"
    poison: dict[str, Any] = {"state": DeliveryState.FAILED, "reason": reason, "decided_at": moment}
    connection.execute(
        update(Delivery)
        .where(claimed, crashed >= MAX_CRASHES)
        .values(**poison, crashes=crashed, lease_until=None)
    )
    back = {"state": DeliveryState.READY, "worker": None, "lease_until": None, "crashes": crashed}
    connection.execute(update(Delivery).where(claimed).values(**back))


def expire_claims(engine: Engine) -> None:
    """Claims whose lease ran out go back."""
    with engine.begin() as connection:
        moment = database_now(connection)
        _return_claims(connection, and_(_live(moment), Delivery.lease_until < moment), moment)


def due_launches(engine: Engine) -> list[Job]:
    """Scheduled campaigns whose time has come. The job itself makes sure that each starts once."""
    with engine.begin() as connection:
        moment = database_now(connection)
        again = or_(Campaign.launch_again.is_(None), Campaign.launch_again <= moment)
        due = and_(Campaign.status == CampaignStatus.SCHEDULED, Campaign.scheduled_at <= moment, again)
        ids = connection.execute(select(Campaign.id).where(due)).scalars()  # unscoped: the beat
        return [(JobName.LAUNCH_CAMPAIGN, campaign_id) for campaign_id in ids]


def due_steps(engine: Engine) -> list[Job]:
    """Later steps of running campaigns whose time has come, those before them being done. The job makes sure that each begins once."""
    with engine.begin() as connection:
        moment = database_now(connection)
        earlier = aliased(Send)
        open_before = exists(
            select(earlier.id).where(  # unscoped: the beat
                earlier.campaign_id == Send.campaign_id,
                earlier.step < Send.step,
                earlier.status.not_in((SendStatus.FINISHED, SendStatus.CANCELLED)),
            )
        )
        query = (
            select(Send.id)  # unscoped: the beat
            .join(Campaign, Campaign.id == Send.campaign_id)
            .where(
                Send.status == SendStatus.WAITING,
                Send.starts_at <= moment,
                Campaign.status == CampaignStatus.SENDING,
                ~open_before,
            )
        )
        return [(JobName.START_STEP, send_id) for send_id in connection.execute(query).scalars()]


def due_sends(engine: Engine, data_dir: Path) -> list[Job]:
    """Sends that wait for a worker and have none: to be expanded, sent from, or finished. Each is rung for at most every ten seconds."""
    jobs: list[Job] = []
    with engine.begin() as connection:
        moment = database_now(connection)
        quiet = or_(Send.rung_at.is_(None), Send.rung_at < moment - RING_AGAIN)
        busy = turns.busy_sends(connection, data_dir, moment)
        waiting = select(Send.id).where(turns.is_due(moment), Send.id.not_in(busy))  # unscoped: the beat
        for query, name in (
            (_expanding(), JobName.EXPAND_SEND),
            (waiting, JobName.SEND_SLICE),
            (_without_open_rows(), JobName.FINISH_SEND),
            (_cancelled_with_open_rows(), JobName.RECALL_SEND),
        ):
            rung = update(Send).where(Send.id.in_(query), quiet).values(rung_at=moment).returning(Send.id)
            jobs += [(name, send_id) for send_id in connection.execute(rung).scalars()]
    return jobs


def _expanding() -> Select[int]:
    return select(Send.id).where(Send.status == SendStatus.EXPANDING)  # unscoped: the beat


def _without_open_rows() -> Select[int]:
    has_open = exists(
        select(Delivery.id).where(Delivery.send_id == Send.id, Delivery.state.in_(OPEN_STATES))
    )  # unscoped: the beat
    return select(Send.id).where(Send.status == SendStatus.SENDING, ~has_open)  # unscoped: the beat


def _cancelled_with_open_rows() -> Select[int]:
    recalled = exists(
        select(Delivery.id).where(Delivery.send_id == Send.id, Delivery.state.in_(recall.OPEN))
    )  # unscoped: the beat
    return select(Send.id).where(Send.status == SendStatus.CANCELLED, recalled)  # unscoped: the beat
