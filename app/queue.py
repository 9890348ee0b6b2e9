"""The doorbell: jobs by name, rung in Redis only after the database has committed.

The row is the truth and the queue a hint: when Redis is away nothing is lost, since the beat finds what is due in the database.
"""

from enum import StrEnum
from typing import Any

import redis
import structlog
from rq import Queue, Retry
from rq.serializers import JSONSerializer
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.db import db
from app.settings import Settings, current

log = structlog.get_logger(__name__)

QUEUE_NAME = "throughline"
_PENDING = "throughline_jobs"


class JobName(StrEnum):
    """Every job there is; `worker.jobs` maps each to a function."""

    SEND_MAIL = "send_mail"
    IMPORT_CONTACTS = "import_contacts"
    ADD_SUPPRESSIONS = "add_suppressions"
    LAUNCH_CAMPAIGN = "launch_campaign"
    START_STEP = "start_step"
    EXPAND_SEND = "expand_send"
    SEND_SLICE = "send_slice"
    FINISH_SEND = "finish_send"
    CHECK_MAIL = "check_mail"
    RECALL_SEND = "recall_send"
    TEND_LIBRARY = "tend_library"
    MAKE_BOX = "make_box"
    TELL_PARTNERS = "tell_partners"
    CHECK_DOMAIN = "check_domain"


# What takes long goes to the end of the queue; all else is short and goes before it, so that nobody waits behind a big send.
_LONG = frozenset(
    {
        JobName.SEND_SLICE,
        JobName.IMPORT_CONTACTS,
        JobName.ADD_SUPPRESSIONS,
        JobName.RECALL_SEND,
        JobName.CHECK_MAIL,
        JobName.MAKE_BOX,
        JobName.TEND_LIBRARY,
    }
)

# A slice waits for the answer to a message's last line as long as RFC 5321 asks for, ten minutes, before it calls it uncertain.
_SECONDS = {JobName.SEND_SLICE: 900, JobName.TEND_LIBRARY: 900}


def connect(settings: Settings) -> redis.Redis:
    """A Redis client with short time-outs: a doorbell must not hold up a page."""
    return redis.Redis.from_url(settings.redis_url, socket_connect_timeout=1, socket_timeout=5)


def queue(settings: Settings, connection: redis.Redis | None = None) -> Queue:
    """The one RQ queue of the worker group (with several, a job can vanish between pop and start)."""
    return Queue(QUEUE_NAME, connection=connection or connect(settings), serializer=JSONSerializer)


def enqueue(name: JobName, *args: int | str) -> None:
    """Remember a job in the session; it is pushed after the commit and forgotten on rollback."""
    db.session.info.setdefault(_PENDING, []).append((name, args))


def waiting(settings: Settings) -> int:
    """How many jobs wait in the queue; 0 when Redis is away."""
    try:
        return int(queue(settings).count)
    except redis.RedisError:
        return 0


def ring(settings: Settings, jobs: list[tuple[JobName, tuple[int | str, ...]]]) -> None:
    """Push jobs to Redis now. A Redis that is away is logged, never raised."""
    try:
        target = queue(settings)
        for name, args in jobs:
            target.enqueue(
                "worker.jobs.run",
                str(name),
                *args,
                job_timeout=_SECONDS.get(name, 120),
                at_front=name not in _LONG,
                result_ttl=60,
                failure_ttl=86_400,
                retry=Retry(max=3),
            )
    except redis.RedisError as error:
        log.warning("queue.away", jobs=len(jobs), error=type(error).__name__)


@event.listens_for(Session, "after_commit")
def _flush(session: Session) -> None:
    jobs: list[Any] = session.info.pop(_PENDING, [])
    if jobs:
        ring(current(), list(dict.fromkeys(jobs)))


@event.listens_for(Session, "after_rollback")
def _drop(session: Session) -> None:
    session.info.pop(_PENDING, None)
