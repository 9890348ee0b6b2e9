"""`throughline up`: everything starts with one command, stops without a left-over, and starts again after any death."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rig.processes import alive, descendants, until
from worker.valkey import free_port

Start = Callable[[], "subprocess.Popen[str]"]


class Installation:
    """A data directory, a port, and the processes that were started there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.started: list[subprocess.Popen[str]] = []

    def start(self) -> "subprocess.Popen[str]":
        """Run `throughline up`."""
        environ = {
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(self.home),
            "SANDBOX_SMTP": f"127.0.0.1:{free_port()}",
        }
        command = [sys.executable, "-m", "cli", "up", "--port", str(self.port)]
        process = subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.started.append(process)
        return process

    def ready(self, process: "subprocess.Popen[str]") -> None:
        """Wait for the line that names the address."""
        assert process.stdout is not None
        line = process.stdout.readline()
        assert f"http://localhost:{self.port}" in line, process.communicate()[1]

    def status(self) -> int:
        """What /readyz answers."""
        with urllib.request.urlopen(f"http://localhost:{self.port}/readyz", timeout=10) as response:
            status: int = response.status
            return status


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    yield installation
    for process in installation.started:
        process.kill()
        process.communicate()


def test_started_stopped_and_started_again_nothing_is_left_behind(here: Installation) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        process = here.start()
        here.ready(process)
        assert here.status() == 200
        below = descendants(process.pid)
        assert len(below) >= 7, "redis, sandbox, the web server and its workers, two workers, the beat"
        if number == signal.SIGINT:
            a_second_one_is_refused_and_the_first_goes_on(here)
        process.send_signal(number)
        _, errors = process.communicate(timeout=40)
        assert process.returncode == 0, errors
        assert [pid for pid in below if alive(pid)] == []


def a_second_one_is_refused_and_the_first_goes_on(here: Installation) -> None:
    second = here.start()
    _, errors = second.communicate(timeout=30)
    assert second.returncode == 1
    assert "already runs" in errors
    assert "Traceback" not in errors
    assert here.status() == 200


@pytest.mark.long
def test_killed_at_any_time_everything_goes_and_the_next_start_works(here: Installation) -> None:
    in_its_start = here.start()
    assert until(lambda: (here.home / "log" / "redis.log").exists(), 30)
    in_its_start.kill()
    in_its_start.communicate()
    ready = here.start()
    here.ready(ready)
    assert here.status() == 200
    below = descendants(ready.pid)
    ready.kill()
    assert until(lambda: not any(alive(pid) for pid in below), 10)
    here.ready(here.start())
    assert here.status() == 200


def test_a_port_that_is_taken_is_named(here: Installation) -> None:
    with socket.create_server(("127.0.0.1", here.port)):
        _, errors = here.start().communicate(timeout=40)
    assert here.started[0].returncode == 1
    assert f"127.0.0.1:{here.port} is taken" in errors
    assert "--port" in errors
