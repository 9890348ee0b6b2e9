"""The beat: it wakes what is due and sweeps what is stuck, from the database alone.

One beat works at a time; others stand by and take over when it dies. Each wake has a transaction of its own, and its error is its own.
"""

import fcntl
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.abtest.jobs import end_tests
from app.assets.jobs import wake_library
from app.audience.jobs import purge_files, wake_imports, wake_suppressions
from app.campaigns.review_jobs import wake_reviews
from app.db import db
from app.delivery.jobs import wake_due as wake_delivery
from app.delivery.jobs import wake_judge
from app.delivery.returned.jobs import forget_unmatched, wake_folder, wake_refusals, wake_returned
from app.domains.jobs import wake_domains
from app.flows.approvals import take_back_changed
from app.flows.box_job import purge_boxes, wake_boxes
from app.flows.jobs import wake_checks, wake_engagement, wake_news
from app.mail.jobs import wake_due as wake_mail
from app.mdf.jobs import expire_due
from app.settings import Settings
from worker import drain
from worker.jobs import where

log = structlog.get_logger(__name__)

_ADVISORY_LOCK = 7_305_808_869_229_538_665  # "through…" as a number; any fixed one will do
_STAND_BY = 2.0


@dataclass(frozen=True)
class Wake:
    """Something to do every so many seconds: `call` gets the application and returns what it did, if that is worth a line in the log."""

    name: str
    seconds: float
    call: Callable[[Flask], object]


WAKES: tuple[Wake, ...] = (
    Wake("mail", 1, wake_mail),
    Wake("imports", 2, wake_imports),
    Wake("suppressions", 2, wake_suppressions),
    Wake("import files", 3_600, purge_files),
    Wake("delivery", 2, wake_delivery),
    Wake("health", 2, wake_judge),
    Wake("returned mail", 1, wake_returned),
    Wake("refusals", 10, wake_refusals),
    Wake("bounce folder", 5, wake_folder),
    Wake("unmatched bounces", 86_400, forget_unmatched),
    Wake("mail checks", 5, wake_checks),
    Wake("engagement", 3, wake_engagement),
    Wake("boxes", 5, wake_boxes),
    Wake("old boxes", 3_600, purge_boxes),
    Wake("kit news", 10, wake_news),
    Wake("funds", 600, lambda _: expire_due()),
    Wake("tests", 60, lambda _: end_tests()),
    Wake("sender domains", 30, wake_domains),
    Wake("library", 21_600, wake_library),
    Wake("reviews", 60, lambda _: wake_reviews() + take_back_changed()),
)


def call(app: Flask, wake: Wake) -> None:
    """One wake in its own context and transaction; an error is logged and goes no further."""
    with app.app_context():
        try:
            done = wake.call(app)
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            log.error("beat.wake_failed", wake=wake.name, error=type(error).__name__, at=where(error))
        else:
            if done:
                log.info("beat.woke", wake=wake.name, count=done)


def run(app: Flask, settings: Settings, wakes: tuple[Wake, ...] = WAKES) -> None:
    """Beat until SIGTERM or SIGINT."""
    signal.signal(signal.SIGTERM, drain.ask)
    signal.signal(signal.SIGINT, drain.ask)
    while not drain.asked():
        try:
            with _alone(app, settings) as still_alone:
                _beat(app, wakes, still_alone)
        except SQLAlchemyError as error:
            log.warning("beat.database_away", error=type(error).__name__)
        _sleep(_STAND_BY)


def _beat(app: Flask, wakes: tuple[Wake, ...], still_alone: Callable[[], bool]) -> None:
    due = dict.fromkeys((wake.name for wake in wakes), 0.0)
    while not drain.asked() and still_alone():
        for wake in wakes:
            if due[wake.name] <= time.monotonic():
                due[wake.name] = time.monotonic() + wake.seconds
                call(app, wake)
        _sleep(0.25)


def _sleep(seconds: float) -> None:
    end = time.monotonic() + seconds
    while not drain.asked() and time.monotonic() < end:
        time.sleep(0.25)


@contextmanager
def _alone(app: Flask, settings: Settings) -> Iterator[Callable[[], bool]]:
    if settings.database.startswith("sqlite"):
        with _file_lock(settings.data_dir / "beat.lock") as held:
            yield lambda: held
    else:
        with (
            app.app_context(),
            db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK}))
            yield lambda: held and _lives(connection)


@contextmanager
def _file_lock(path: Path) -> Iterator[bool]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _lives(connection: Connection) -> bool:
    # The lock lives and dies with its connection; a lost one raises here and the beat starts over.
    return bool(connection.scalar(text("SELECT 1")) == 1)
