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
from app.delivery.finish import OPEN_STATES
from app.delivery.models import Delivery, DeliveryState, Send, SendingWorker, SendStatus
from app.delivery.presence import LEASE, database_now, is_gone, lock_path
from app.delivery.store import MAX_CRASHES
from app.queue import JobName

log = structlog.get_logger(__name__)

RING_AGAIN = timedelta(seconds=10)
Job = tuple[JobName, int]


def sweep(engine: Engine, data_dir: Path) -> list[Job]:
    """Mend what is stuck, and return the jobs to ring for."""
    settle_the_dead(engine, data_dir)
    expire_claims(engine)
    return due_launches(engine) + due_steps(engine) + due_sends(engine)


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
            connection.execute(_return_claims(held))
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
        "reason": "Our own machine stopped between sending and noting the answer",
        "decided_at": moment,
    }
    result = connection.execute(
        update(Delivery).where(held, Delivery.state == DeliveryState.COMMITTING).values(**values)
    )
    return int(result.rowcount)


def _return_claims(held: ColumnElement[bool]) -> Any:
    values = {
        "state": DeliveryState.READY,
        "worker": None,
        "lease_until": None,
        "crashes": Delivery.crashes + 1,
    }
    return update(Delivery).where(held, Delivery.state == DeliveryState.CLAIMED).values(**values)


def expire_claims(engine: Engine) -> None:
    """Claims whose lease ran out go back; a row that has outlived too many workers is set aside as failed."""
    with engine.begin() as connection:
        moment = database_now(connection)
        connection.execute(_return_claims(and_(_live(moment), Delivery.lease_until < moment)))
        poison = and_(_live(moment), Delivery.state == DeliveryState.READY, Delivery.crashes >= MAX_CRASHES)
        reason = f"Set aside: {MAX_CRASHES} times our worker stopped at this message"
        connection.execute(
            update(Delivery)
            .where(poison)
            .values(state=DeliveryState.FAILED, reason=reason, decided_at=moment)
        )


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


def due_sends(engine: Engine) -> list[Job]:
    """Sends that wait for a worker and have none: to be expanded, sent from, or finished. Each is rung for at most every ten seconds."""
    jobs: list[Job] = []
    with engine.begin() as connection:
        moment = database_now(connection)
        quiet = or_(Send.rung_at.is_(None), Send.rung_at < moment - RING_AGAIN)
        for query, name in (
            (_expanding(), JobName.EXPAND_SEND),
            (_with_due_rows(moment), JobName.SEND_SLICE),
            (_without_open_rows(), JobName.FINISH_SEND),
        ):
            rung = update(Send).where(Send.id.in_(query), quiet).values(rung_at=moment).returning(Send.id)
            jobs += [(name, send_id) for send_id in connection.execute(rung).scalars()]
    return jobs


def _expanding() -> Select[int]:
    return select(Send.id).where(Send.status == SendStatus.EXPANDING)  # unscoped: the beat


def _with_due_rows(moment: datetime) -> Select[int]:
    due = exists(
        select(Delivery.id).where(  # unscoped: the beat
            Delivery.send_id == Send.id,
            Delivery.state == DeliveryState.READY,
            or_(Delivery.not_before.is_(None), Delivery.not_before <= moment),
        )
    )
    held = exists(
        select(Delivery.id)  # unscoped: the beat
        .join(SendingWorker, SendingWorker.id == Delivery.worker)
        .where(
            Delivery.send_id == Send.id,
            Delivery.state == DeliveryState.CLAIMED,
            SendingWorker.heartbeat_at > moment - LEASE,
        )
    )
    is_open = or_(Send.opens_at.is_(None), Send.opens_at <= moment)
    return select(Send.id).where(Send.status == SendStatus.SENDING, is_open, due, ~held)  # unscoped: the beat


def _without_open_rows() -> Select[int]:
    has_open = exists(
        select(Delivery.id).where(Delivery.send_id == Send.id, Delivery.state.in_(OPEN_STATES))
    )  # unscoped: the beat
    return select(Send.id).where(Send.status == SendStatus.SENDING, ~has_open)  # unscoped: the beat
