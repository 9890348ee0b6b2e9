"""One installation for a group of faults: database, Redis, mail server and sending processes of its own, and ways to hurt them.

Sends are throttled by the product's own MAIL_RATE, so that a fault lands in the middle.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import redis
from sqlalchemy.exc import OperationalError

from app import ROOT
from app.campaigns.models import Campaign
from app.db import db
from bench import stage
from bench.chaos.oracle import Oracle, oracle
from bench.place import Place, place
from tests.rig.processes import until
from worker import lifeline
from worker.valkey import Embedded

LANES = 10
_GRACE = 60.0


class Stuck(RuntimeError):
    """Something that was waited for did not come about."""


class World:
    """What a fault works on. Everything runs in an application context that the world holds open."""

    def __init__(self, here: Place, mail: Oracle, folder: Path) -> None:
        self.here, self.mail = here, mail
        self.folder = folder  # for logs: not on the installation's own disk, which may be full
        self.stage = stage.build()
        self.version = stage.published(self.stage)
        self.environ: Mapping[str, str] = here.environ
        self.redis = Embedded(here.home / "redis")
        self._started: list[subprocess.Popen[bytes]] = []
        self._logs: dict[int, Path] = {}
        self._crew: subprocess.Popen[bytes] | None = None
        self._lists = 0
        db.session.commit()

    # Rows

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a query, without holding a lock."""
        connection = db.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            connection.rollback()
            connection.close()

    def campaign(self, people: int, local: Callable[[int], str] | None = None) -> Campaign:
        """A campaign to so many new people, one button away from its launch."""
        self._lists += 1
        name = f"List {self._lists}"
        local = local or (lambda number: f"person{number}.{self._lists}")
        audience = stage.people(self.stage, people, local, name)
        made = stage.campaign(self.stage, self.version, audience, f"Campaign {self._lists}")
        db.session.commit()
        return made

    # Processes

    def run(self, module: str, *words: str, **extra: str) -> "subprocess.Popen[bytes]":
        """Start `python -m MODULE WORDS` in the installation's environment; it ends with this process at the latest."""
        log = self.folder / f"{module}-{len(self._started)}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                env={**self.environ, **extra},
                stdout=output,
                stderr=output,
                cwd=ROOT,
                start_new_session=True,
                preexec_fn=partial(lifeline.bind, os.getpid()),
            )
        self._started.append(process)
        self._logs[process.pid] = log
        return process

    def words(self, process: "subprocess.Popen[bytes]") -> str:
        """What a process that `run` started has said."""
        return self._logs[process.pid].read_text(errors="replace")

    def start_crew(self) -> None:
        """Workers and the beat, under the supervisor."""
        if self._crew is None:
            self._crew = self.run("bench.chaos.crew")

    def stop_crew(self) -> None:
        """SIGTERM to the supervisor: everything drains."""
        if self._crew is not None:
            end(self._crew)
            self._crew = None

    def crew(self, name: str) -> list[int]:
        """The running processes of the crew whose command ends with `worker NAME`, not counting what they forked."""
        if self._crew is None:
            return []
        return [pid for pid in children(self._crew.pid) if _command(pid).endswith(f"worker\0{name}\0")]

    def sender(self, seconds: float = _GRACE) -> int:
        """The process that is sending just now. Raises Stuck where none comes."""
        found: list[int] = []

        def look() -> bool:
            rows = self.query("SELECT os_pid FROM sending_worker ORDER BY heartbeat_at DESC")
            found[:] = [pid for (pid,) in rows if runs(pid)]
            return bool(found)

        if not until(look, seconds):
            raise Stuck("nobody sends")
        return found[0]

    def keep(self, folder: Path) -> None:
        """Copy all logs and the embedded database, for whoever looks for the cause."""
        folder.mkdir(parents=True, exist_ok=True)
        # By another process: closing a file of SQLite's would let go of the locks that this one holds on it.
        what = [self.folder, self.here.home / "data"]
        subprocess.run(["cp", "-r", *what, folder], check=False, capture_output=True)

    def kill_redis(self) -> None:
        """SIGKILL to Redis."""
        with redis.Redis.from_url(self.redis.url) as client:
            pid = int(client.info("server")["process_id"])
        os.kill(pid, signal.SIGKILL)
        if not until(lambda: not runs(pid)):
            raise Stuck("Redis does not die")

    def start_redis(self) -> None:
        """Redis again, on its own files."""
        with (self.folder / "redis.log").open("ab") as output:
            line = self.redis.command()
            bound = partial(lifeline.bind, os.getpid())
            self._started.append(
                subprocess.Popen(line, stdout=output, stderr=output, cwd="/", preexec_fn=bound)
            )
        self.redis.wait(20)

    def close(self) -> None:
        """End everything that this world started."""
        for process in reversed(self._started):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
            end(process, 40)


@contextmanager
def world(kind: str, rate: int, **settings: str) -> Iterator[World]:
    """An installation on `sqlite` or `postgresql` that sends at most `rate` messages a second."""
    given = {
        "MAIL_ALLOW": ",".join(f"@{domain}" for domain in stage.DOMAINS),
        "MAIL_RATE": str(rate),
        "SEND_CONNECTIONS": str(LANES),
        "SEND_WORKERS": "2",
        "PAUSE_AT": "refused=0,bounced=0,complained=0,uncertain=0",  # a catalogue of faults is no reason to ask a person
        **settings,
    }
    with ExitStack() as stack:
        # Not where the installation lies: the oracle must go on when its disk is full.
        apart = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tl-oracle-", dir="/tmp")))
        mail = stack.enter_context(oracle(apart))
        here = stack.enter_context(place(kind, MAIL_TRANSPORT=mail.url, **given))
        stack.enter_context(_speaking_as(here))
        made = World(here, mail, apart)
        stack.callback(made.close)
        yield made


@contextmanager
def _speaking_as(here: Place) -> Iterator[None]:
    with here.app.app_context():
        try:
            yield
        finally:
            with suppress(OperationalError):
                db.session.remove()


def end(process: "subprocess.Popen[bytes]", patience: float = 60) -> None:
    """SIGTERM, and SIGKILL to its whole group where that is not enough."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that still run."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return [child for child in found if runs(child)]


def runs(pid: int) -> bool:
    """Whether it lives, and not just waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def parent(pid: int) -> int:
    """The process that started `pid`; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for a condition. Raises Stuck, which says what did not come about."""
    if not until(condition, seconds):
        raise Stuck(f"{what}: not within {seconds:.0f} s")


def moment() -> float:
    """Now, as the oracle counts."""
    return time.time()
