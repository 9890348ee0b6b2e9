"""An installation of the benchmark's own in a temporary directory: database, Redis, worker and beat, as an operator would start them.

Nothing in it is switched off or made cheaper: SQLite is the embedded file, PostgreSQL commits synchronously.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from app import ROOT, create_app, migrations
from app.db import db
from app.settings import Settings
from tests.rig import postgres
from worker.valkey import Embedded

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "HOME")


@dataclass(frozen=True)
class Place:
    """A migrated installation; `home` holds its files and logs, `environ` is what its processes get."""

    home: Path
    environ: Mapping[str, str]
    app: Flask
    cluster: postgres.Cluster | None = None

    def log(self, name: str) -> Path:
        """Where the process `name` writes its log."""
        return self.home / f"{name}.log"

    @contextmanager
    def running(self, *names: str) -> Iterator[None]:
        """Run `throughline worker NAME` for each name; all are stopped at the end."""
        with ExitStack() as stack:
            for name in names:
                line = [sys.executable, "-m", "cli", "worker", name]
                stack.enter_context(process(line, self.environ, self.log(name)))
            yield

    def peek(self, statement: str) -> tuple[object, ...]:
        """One row of a query that holds no lock, not even SQLite's."""
        with self.app.app_context():
            connection = db.engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute(statement)
                row = cursor.fetchone()
                return tuple(row) if row else ()
            finally:
                connection.rollback()
                connection.close()


@contextmanager
def place(kind: str, **settings: str) -> Iterator[Place]:
    """Make the installation on `sqlite` or `postgresql`, with more settings by their names; gone afterwards. Raises postgres.Missing."""
    with ExitStack() as stack:
        home = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="tl-bench-", ignore_cleanup_errors=True))
        )
        redis = Embedded(home / "redis")
        environ = {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "ENVIRONMENT": "test",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SUPPRESSION_KEY": secrets.token_urlsafe(48),
            "DATA_DIR": str(home / "data"),
            "REDIS_URL": redis.url,
            "PYTHONPATH": str(ROOT),
            **settings,
        }
        (home / "data").mkdir()
        cluster = None
        if kind == POSTGRESQL:
            cluster = stack.enter_context(postgres.cluster(durable=True))
            environ["DATABASE_URL"] = cluster.create("throughline")
        stack.enter_context(process(redis.command(), environ, home / "redis.log"))
        redis.wait(20)
        app = create_app(Settings.from_env({**environ, "LOG_LEVEL": "error"}))
        with app.app_context():
            migrations.upgrade(app)
            db.engine.dispose()
        yield Place(home, environ, app, cluster)
        with app.app_context():
            db.engine.dispose()


@contextmanager
def process(
    line: Sequence[str], environ: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program with its output in `log`; it is asked to stop at the end, and made to if it does not."""
    with log.open("wb") as output:
        started = subprocess.Popen(line, env=dict(environ), stdout=output, stderr=output, cwd="/")
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait(condition: Callable[[], object], seconds: float, every: float = 0.2) -> bool:
    """Wait for a condition; whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not (found := bool(condition())) and time.monotonic() < deadline:
        time.sleep(every)
    return found
