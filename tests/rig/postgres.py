"""A throw-away PostgreSQL: a cluster in a temporary directory, reached over a socket, gone when whoever started it ends.

Durability is off, since a test's database never outlives the test; benchmarks, which measure what durability costs, ask for it.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.rig.processes import alive, descendants, until

_OPTIONS = ("listen_addresses=", "max_connections=60")
_CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")
_DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")


class Missing(RuntimeError):
    """PostgreSQL isn't installed here."""


def find(program: str) -> str:
    """The path of a PostgreSQL program: on PATH, else the newest of Debian's directories. Raises Missing."""
    found = shutil.which(program)
    if found:
        return found
    versions = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: float(path.parts[-3])
    )
    if not versions:
        raise Missing(f"PostgreSQL is not installed here ({program} not found)")
    return str(versions[-1])


def _as_somebody() -> tuple[list[str], str | None]:
    # PostgreSQL refuses to run as root; the prefix changes the user and ties the server's life to ours.
    if os.geteuid() != 0:
        return (["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []), None
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--pdeathsig", "QUIT"], user.pw_name


class Cluster:
    """A server that can be killed and started again. `url(name)` is SQLAlchemy's address of one of its databases."""

    def __init__(self, home: Path, command: Sequence[str]) -> None:
        self.home = home
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, patience: float = 30) -> None:
        """Start it and wait until it answers. Raises RuntimeError with its log."""
        deadline = time.monotonic() + patience
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd="/")
        while True:
            try:
                psycopg.connect(host=str(self.home), user="throughline", dbname="postgres").close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError((self.home / "log").read_text()) from None
                time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to all its processes at once, as when its machine fails."""
        if self._process is not None:
            below = descendants(self._process.pid)
            for pid in (self._process.pid, *below):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait(20)
            until(lambda: not any(alive(pid) for pid in below), 20)

    def stop(self) -> None:
        """End it at once: nothing is worth saving."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)

    def url(self, name: str) -> str:
        """The address of database `name`."""
        return f"postgresql+psycopg://throughline@/{name}?host={self.home}"

    def execute(self, statement: str) -> None:
        """Run a statement outside a transaction in the maintenance database."""
        with psycopg.connect(
            host=str(self.home), user="throughline", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def create(self, name: str, template: str = "template0") -> str:
        """Make a database, return its address."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def cluster(durable: bool = False) -> Iterator[Cluster]:
    """Start a cluster, hand it over, stop it and remove every file; `durable`: with synchronous commits. Raises Missing."""
    initdb, server = find("initdb"), find("postgres")
    prefix, user = _as_somebody()
    home = Path(
        tempfile.mkdtemp(prefix="tl-pg-", dir="/tmp")
    )  # a socket's path must stay under 108 characters
    try:
        if user:
            shutil.chown(home, user)
        data = home / "data"
        command = [
            *prefix,
            initdb,
            "-D",
            str(data),
            "-U",
            "throughline",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd="/")
        chosen = (*_OPTIONS, *(_DURABLE if durable else _CARELESS))
        options = [part for option in chosen for part in ("-c", option)]
        running = Cluster(home, [*prefix, server, "-D", str(data), "-k", str(home), *options])
        try:
            running.start()
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
