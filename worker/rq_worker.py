"""The RQ worker: one queue, JSON jobs, a forked process for each, and heartbeats short enough that a killed worker's job is back in seconds.

Asked to stop it takes no new job, and tells the running one, which ends at its next safe place (worker.drain).
"""

import os
import signal
from typing import Any

import redis
import structlog
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from app.db import db
from app.queue import queue as the_queue
from app.settings import Settings
from worker import drain, jobs, lifeline

log = structlog.get_logger(__name__)

_INTERVAL = 3  # seconds between two looks at a running job, and between two rounds of maintenance
_WORKER_TTL = 20


_AWAY = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)


class ShortHeartbeatWorker(Worker):
    """RQ's worker, with a job's heartbeat valid for three looks instead of a minute more.

    A Redis that is away ends no running job: RQ's own worker would fall over its heartbeat and take the job's process along.
    """

    max_connection_wait_time = 4.0  # seconds between two tries to reach Redis

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Say that this worker lives, if anybody hears it."""
        try:
            super().heartbeat(timeout, pipeline)
        except _AWAY as error:
            log.warning("worker.redis_away", error=type(error).__name__)

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        """Say that the running job lives, if anybody hears it."""
        try:
            super().maintain_heartbeats(job, execution)
        except _AWAY as error:
            log.warning("worker.redis_away", error=type(error).__name__)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Seconds after which a silent job counts as its worker's death."""
        return 3 * _INTERVAL

    def handle_warm_shutdown_request(self) -> None:
        """Pass the request to stop on to the running job."""
        if self.horse_pid:
            try:
                os.kill(self.horse_pid, signal.SIGTERM)
            except ProcessLookupError:
                log.debug("worker.job_already_done")

    def setup_work_horse_signals(self) -> None:
        """In the job's process: SIGTERM asks for an early end instead of killing a send between two bytes."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, drain.ask)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """In the job's process: die with the worker, and share no database connection with it."""
        lifeline.hold(self.pid)
        with jobs.application().app_context():
            db.engine.dispose(close=False)
        super().main_work_horse(job, queue)


def run(settings: Settings, burst: bool = False) -> None:
    """Work until told to stop; with `burst` until the queue is empty."""
    jobs.warm()  # before the first fork, so that jobs start in milliseconds
    connection = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=5)
    worker = ShortHeartbeatWorker(
        [the_queue(settings, connection)],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=_WORKER_TTL,
        job_monitoring_interval=_INTERVAL,
        maintenance_interval=_INTERVAL,
        log_job_description=False,
    )
    worker.work(burst=burst, logging_level="WARNING")
