"""Every job by its name, and the wrapper around each: context, commit or rollback, log, and whether to try again.

A job takes ids, reloads, and is safe to run twice. It runs inside an application context and needn't commit.
"""

import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from functools import cache

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app import create_app
from app.assets.jobs import tend_library
from app.audience.jobs import add_suppressions, import_contacts
from app.db import db
from app.delivery.jobs import expand_send, finish_send, next_slice, recall_send
from app.domains.jobs import check_domain
from app.errors import Conflict, NotFound
from app.flows.box_job import make_box
from app.flows.jobs import check_mail, tell_partners
from app.flows.launch import start_due
from app.flows.next_step import start_step
from app.mail.jobs import send_mail
from app.queue import JobName
from worker import environment

log = structlog.get_logger(__name__)

JOBS: dict[JobName, Callable[..., object]] = {
    JobName.SEND_MAIL: send_mail,
    JobName.IMPORT_CONTACTS: import_contacts,
    JobName.ADD_SUPPRESSIONS: add_suppressions,
    JobName.LAUNCH_CAMPAIGN: start_due,
    JobName.START_STEP: start_step,
    JobName.EXPAND_SEND: expand_send,
    JobName.SEND_SLICE: next_slice,
    JobName.FINISH_SEND: finish_send,
    JobName.CHECK_MAIL: check_mail,
    JobName.RECALL_SEND: recall_send,
    JobName.TEND_LIBRARY: tend_library,
    JobName.MAKE_BOX: make_box,
    JobName.TELL_PARTNERS: tell_partners,
    JobName.CHECK_DOMAIN: check_domain,
}


class JobFailed(Exception):
    """What RQ keeps of a failed job: its name and the kind of error, never the data that was in it."""


@cache
def application() -> Flask:
    """The application of this process, made once."""
    return create_app(environment.load(os.environ))


def warm() -> None:
    """Do once, on no row, what the most frequent job does: each forked job then finds its statements compiled.

    Compiling inside a transaction would hold SQLite's one writer's lock for longer than the work itself.
    """
    with application().app_context():
        try:
            send_mail(0)
        except SQLAlchemyError as error:  # the jobs will meet it too, and say it where it can be retried
            log.warning("worker.not_warm", error=type(error).__name__)
        finally:
            db.session.remove()
            db.engine.dispose()


def run(name: str, *args: int | str) -> None:
    """Run one job. A thing that is gone or has moved on ends the job; any other error is tried again by RQ, then by the beat.

    Raises JobFailed.
    """
    began = time.perf_counter()
    with application().app_context(), structlog.contextvars.bound_contextvars(job=name, ids=list(args)):
        try:
            JOBS[JobName(name)](*args)
            db.session.commit()
            log.info("job.done", seconds=round(time.perf_counter() - began, 3), peak_mb=peak_mb())
        except (NotFound, Conflict) as error:
            db.session.rollback()
            log.info("job.not_needed", reason=type(error).__name__)
        except Exception as error:
            db.session.rollback()
            log.error("job.failed", error=type(error).__name__, at=where(error))
            raise JobFailed(f"{name} failed with {type(error).__name__} at {where(error)}") from None


def peak_mb() -> float:
    """The largest resident size this process has had, in MB (2^20 bytes)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def where(error: BaseException) -> str:
    """The line that raised, as `file.py:line function`; no value that might be a person's."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames[:-4:-1]
    )
