"""The process that moves what this machine's web processes noted (clicks, opens, views) into the database, within a second or two.

One works at a time on a machine; a second one stands by. While the database is away the lines wait on the disk.
"""

import signal
import time

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.db import db
from app.errors import Conflict
from app.settings import Settings
from app.tracking.drain import BATCH, alone
from app.tracking.jobs import drain_spool
from app.tracking.spool import folder
from worker import drain
from worker.jobs import where

log = structlog.get_logger(__name__)

PAUSE = 0.3  # seconds between two looks at a quiet spool
_STAND_BY = 2.0
_AFTER_ERROR = 2.0


def run(app: Flask, settings: Settings) -> None:
    """Drain until SIGTERM or SIGINT."""
    signal.signal(signal.SIGTERM, drain.ask)
    signal.signal(signal.SIGINT, drain.ask)
    while not drain.asked():
        with alone(folder(settings.data_dir)) as held:
            while held and not drain.asked():
                _sleep(_once(app))
        _sleep(_STAND_BY)


def _once(app: Flask) -> float:
    """One round; returns the seconds to wait before the next."""
    with app.app_context():
        try:
            moved = drain_spool(drain.asked)
        except (SQLAlchemyError, Conflict, OSError) as error:
            db.session.rollback()
            log.warning("spool.waits", error=type(error).__name__, at=where(error))
            return _AFTER_ERROR
    if moved:
        log.debug("spool.drained", lines=moved)
    return 0.0 if moved >= BATCH else PAUSE


def _sleep(seconds: float) -> None:
    end = time.monotonic() + seconds
    while not drain.asked() and time.monotonic() < end:
        time.sleep(min(0.1, seconds))
