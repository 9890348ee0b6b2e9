"""A real installation, as an operator starts it: `up` as a process of its own, in an empty directory, with nothing else in its environment.

What a test knows of it is what people know: two addresses and a mailbox. It is stopped as an operator stops it, and must then be gone.
"""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from demo.mailbox import Mailbox
from tests.rig.processes import alive, descendants, until
from worker import lifeline
from worker.valkey import free_port

ROOT = Path(__file__).resolve().parents[2]
VENDOR, ADMIN, ADMIN_MAIL = "Northwind Cloud", "Ingrid Solberg", "ingrid@northwind-cloud.example"


@dataclass
class Installation:
    """A data directory, a port, and the processes started there. `extra` are settings beside the addresses."""

    home: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def app_url(self) -> str:
        """Where people sign in."""
        return f"http://localhost:{self.port}"

    @property
    def public_url(self) -> str:
        """Where links, landing pages and pictures live."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def logs(self) -> Path:
        """A file for each process, and `up.log` for the one that starts them."""
        return self.home / "log"

    @property
    def environ(self) -> dict[str, str]:
        """All that its processes and commands get."""
        sandbox = {"SANDBOX_SMTP": f"127.0.0.1:{self.smtp_port}"}
        return {"PATH": os.environ["PATH"], "DATA_DIR": str(self.home), **sandbox, **self.extra}

    @cached_property
    def mailbox(self) -> Mailbox:
        """Everyone's mail, over HTTP."""
        return Mailbox(self.app_url)

    def start(self) -> None:
        """Start everything and wait until it is ready; an AssertionError holds the last words where it isn't."""
        self.logs.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "cli", "up", "--port", str(self.port)]
        with (self.logs / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environ,
                stdout=log,
                stderr=log,
                preexec_fn=partial(lifeline.bind, os.getpid()),
            )
        ready = until(lambda: self._is_ready() or not self._runs(), 60) and self._runs()
        assert ready, f"the installation did not start: {self.last_words()}"

    def stop(self) -> None:
        """SIGTERM; asserts that it ends in peace and that no process is left."""
        assert self.process is not None
        below = descendants(self.process.pid)
        self.process.terminate()
        code = self.process.wait(60)
        assert code == 0, f"it ended with {code}: {self.last_words()}"
        left = [pid for pid in below if alive(pid)]
        assert not left, f"{len(left)} of {len(below)} processes outlived the installation"

    def kill(self) -> None:
        """SIGKILL to the first process; the others must follow it by themselves."""
        assert self.process is not None
        below = descendants(self.process.pid)
        self.process.kill()
        self.process.wait(10)
        assert until(lambda: not any(alive(pid) for pid in below), 10), (
            "processes outlived the one that started them"
        )

    def command(self, *words: str) -> str:
        """Run a `throughline` command as its operator; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "cli", *words],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (
            f"throughline {' '.join(words)} ended with {done.returncode}: {done.stderr}"
        )
        return done.stdout

    def first_vendor(self) -> None:
        """What an operator does once: make the vendor, have its admin invited by mail."""
        self.command("organisation", "create", VENDOR, "--admin", ADMIN_MAIL, "--admin-name", ADMIN)

    def workers(self) -> dict[str, int]:
        """The worker processes' names and process ids, as the supervisor logged their last start."""
        found: dict[str, int] = {}
        for line in (self.logs / "up.log").read_text().splitlines():
            entry = _entry(line)
            if entry.get("event") == "process.started" and str(entry["program"]).startswith("worker-"):
                found[str(entry["program"])] = int(str(entry["pid"]))
        return found

    def last_words(self) -> str:
        """The end of every log, for messages."""
        return "\n".join(
            f"{path.name}: {path.read_text(errors='replace')[-1500:]}"
            for path in sorted(self.logs.glob("*.log"))
        )

    def _runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.app_url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def installation(home: Path, **extra: str) -> Iterator[Installation]:
    """A started installation in `home`, stopped at the end. `extra` are settings such as DATABASE_URL."""
    here = Installation(home, extra)
    try:
        here.start()
        yield here
        here.stop()
    finally:
        here.mailbox.client.close()
        if here.process is not None and here.process.poll() is None:
            here.process.kill()
            here.process.wait(10)


def _entry(line: str) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
