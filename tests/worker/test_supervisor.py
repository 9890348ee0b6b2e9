"""The supervisor restarts what dies, ends in order, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rig.processes import alive, descendants, until

Start = Callable[..., "subprocess.Popen[str]"]

PROLOGUE = """
import os, sys
from pathlib import Path
from app import log
from worker.supervisor import Program, Supervisor
log.configure("warning")
home = Path(sys.argv[1])

def program(name, code, **more):
    return Program(name, lambda deaths: [sys.executable, "-c", code, str(home / name), str(deaths)], **more)

WRITE_PID = "import os, sys, time, signal; open(sys.argv[1], 'a').write(f'{os.getpid()} ');"
SLEEPER = WRITE_PID + "time.sleep(600)"
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Run a supervisor as a process of its own; the code ends in a list of programs."""
    running: list[subprocess.Popen[str]] = []

    def run(programs: str) -> "subprocess.Popen[str]":
        code = (
            PROLOGUE
            + f"Supervisor({textwrap.dedent(programs)}, os.environ, home / 'log').run(lambda: print('ready', flush=True))"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def _pids(path: Path) -> list[int]:
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def _ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def test_a_process_that_dies_is_started_again(start: Start, tmp_path: Path) -> None:
    _ready(start("[program('one', SLEEPER), program('two', SLEEPER)]"))
    assert until(lambda: len(_pids(tmp_path / "one")) == 1 and len(_pids(tmp_path / "two")) == 1)
    first = _pids(tmp_path / "one")[0]
    os.kill(first, signal.SIGKILL)
    assert until(lambda: len(_pids(tmp_path / "one")) == 2), "nobody started it again"
    assert alive(_pids(tmp_path / "one")[1])
    assert len(_pids(tmp_path / "two")) == 1, "its neighbour was disturbed"


def test_one_that_dies_at_once_is_tried_less_and_less_often(start: Start, tmp_path: Path) -> None:
    _ready(
        start("[program('broken', WRITE_PID + 'open(sys.argv[1] + \".deaths\", \"a\").write(sys.argv[2])')]")
    )
    assert until(lambda: len(_pids(tmp_path / "broken")) >= 3)
    assert until(lambda: (tmp_path / "broken.deaths").read_text().startswith("012"))
    assert not until(lambda: len(_pids(tmp_path / "broken")) > 6, 2), "it was started in a tight loop"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_leaves_no_process(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    process = start(
        """[
        program('plain', SLEEPER),
        program('with_child', "import subprocess, sys; subprocess.Popen(['sleep', '600']);" + SLEEPER),
        program('deaf', "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER, grace=1),
        ]"""
    )
    _ready(process)
    assert until(lambda: all(_pids(tmp_path / name) for name in ("plain", "with_child", "deaf")))
    below = descendants(process.pid)
    assert len(below) == 4
    process.send_signal(number)
    assert process.wait(10) == 0
    assert [pid for pid in below if alive(pid)] == []


def test_killed_without_a_word_it_leaves_no_process(start: Start, tmp_path: Path) -> None:
    process = start("[program('one', SLEEPER), program('two', SLEEPER)]")
    _ready(process)
    assert until(lambda: _pids(tmp_path / "two"))
    below = descendants(process.pid)
    assert len(below) == 2
    process.kill()
    assert until(lambda: not any(alive(pid) for pid in below), 5)


def test_ctrl_c_in_the_terminal_reaches_the_supervisor_alone(start: Start, tmp_path: Path) -> None:
    process = start("[program('one', SLEEPER)]")
    _ready(process)
    assert until(lambda: _pids(tmp_path / "one"))
    assert os.getpgid(_pids(tmp_path / "one")[0]) != os.getpgid(process.pid)


def test_one_that_never_gets_ready_ends_the_start_with_a_message(start: Start, tmp_path: Path) -> None:
    process = start("[program('slow', SLEEPER, ready=lambda: False, patience=1)]")
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "slow did not become ready" in errors
    assert str(tmp_path / "log" / "slow.log") in errors
    assert not any(alive(pid) for pid in _pids(tmp_path / "slow"))
