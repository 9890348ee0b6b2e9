"""Whether this process lives, and whether what it leans on answers: database, migrations, queue.

A load balancer takes a process out while `/readyz` says no; it restarts one that no longer answers `/healthz`.
"""

from collections.abc import Callable

import redis
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.db import db
from app.migrations import at_newest
from app.queue import connect
from app.settings import current

log = structlog.get_logger(__name__)


def readiness() -> dict[str, str]:
    """Each part with `ok` or what is wrong with it, in words without addresses or passwords."""
    parts: dict[str, Callable[[], str]] = {"database": _database, "migrations": _migrations, "queue": _queue}
    return {name: check() for name, check in parts.items()}


def _database() -> str:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("ready.database", error=type(error).__name__)
        return "does not answer"
    return "ok"


def _migrations() -> str:
    try:
        newest = at_newest(db.session.connection())
    except SQLAlchemyError as error:
        log.warning("ready.migrations", error=type(error).__name__)
        return "can’t be read"
    return "ok" if newest else "the database is not at the newest migration: run `throughline db upgrade`"


def _queue() -> str:
    if not current().redis_url:
        return "REDIS_URL is not set"
    try:
        with connect(current()) as client:
            client.ping()
    except redis.RedisError as error:
        log.warning("ready.queue", error=type(error).__name__)
        return "does not answer; jobs wait in the database"
    return "ok"
