"""A sending process as others can see it: a row with a heartbeat, and a file lock that the kernel lets go when it dies.

The lock proves a death on the same machine; from another machine only silence can be seen.
"""

import fcntl
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from app import clock
from app.delivery.models import SendingWorker

LEASE = timedelta(seconds=15)
SILENCE = timedelta(seconds=60)  # after which a process on another machine counts as gone
HEARTBEAT_SECONDS = 3.0


def database_now(connection: Connection) -> datetime:
    """The database's clock, which all workers share; SQLite has none of its own."""
    if connection.dialect.name == "sqlite":
        return clock.now()
    moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return moment


class Presence:
    """Use as a context: registers this process for a send, and takes it off the list at the end."""

    def __init__(self, engine: Engine, data_dir: Path, send_id: int) -> None:
        self.engine = engine
        self.send_id = send_id
        self.id = f"{os.getpid()}-{token_hex(8)}"
        self._path = lock_path(data_dir, self.id)
        self._lock: int | None = None

    def __enter__(self) -> "Presence":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        with self.engine.begin() as connection:
            moment = database_now(connection)
            row = {
                "id": self.id,
                "host": socket.gethostname(),
                "os_pid": os.getpid(),
                "detail": {"send": self.send_id},
            }
            connection.execute(insert(SendingWorker).values(**row, started_at=moment, heartbeat_at=moment))
        return self

    def beat(self, connection: Connection, moment: datetime) -> None:
        """Say that this process lives."""
        connection.execute(
            update(SendingWorker).where(SendingWorker.id == self.id).values(heartbeat_at=moment)
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A failed slice leaves its row behind: the sweeper then sees to the deliveries it held.
        if kind is None:
            with self.engine.begin() as connection:
                connection.execute(delete(SendingWorker).where(SendingWorker.id == self.id))
            self._path.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)


def lock_path(data_dir: Path, worker_id: str) -> Path:
    """Where a worker's lock lies."""
    return data_dir / "locks" / f"{worker_id}.lock"


def is_gone(worker: Any, data_dir: Path, moment: datetime) -> bool:
    """Whether a registered worker is surely dead: its lock is here and free; or there is none and it is silent beyond its lease.

    A worker of another machine leaves no lock here: only a long silence tells.
    """
    silence = moment - worker.heartbeat_at
    if worker.host != socket.gethostname():
        return bool(silence > SILENCE)
    try:
        handle = os.open(lock_path(data_dir, worker.id), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return bool(silence > LEASE)
    try:
        # Taken before the worker was put on the list and kept as long as it lives: a free one proves its death at once.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
