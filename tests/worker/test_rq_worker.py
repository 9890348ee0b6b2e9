"""The worker: jobs run in a process of their own that dies with it, a killed worker's job is soon back, and a stop lets work finish."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue, Retry
from rq.serializers import JSONSerializer

from tests.rig.processes import alive, descendants, until

Start = Callable[[], "subprocess.Popen[bytes]"]

# Jobs for these tests, in a module the worker can import: each writes its process id, then works a while.
JOBS = """
import os, time
from worker import drain

def work(path, seconds):
    with open(path, "a") as file:
        file.write(f"start {os.getpid()}\\n")
    end = time.monotonic() + seconds
    while time.monotonic() < end and not drain.asked():
        time.sleep(0.05)
    with open(path, "a") as file:
        file.write("drained\\n" if drain.asked() else "end\\n")
"""


@pytest.fixture
def start(tmp_path: Path, redis_url: str) -> Iterator[Start]:
    """Start a worker on the tests' Redis."""
    (tmp_path / "work_of_tests.py").write_text(JOBS)
    environ = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "DATA_DIR": str(tmp_path / "var"),
        "ENVIRONMENT": "development",
        "DATABASE_URL": "",
        "REDIS_URL": redis_url,
    }
    running: list[subprocess.Popen[bytes]] = []

    def run() -> "subprocess.Popen[bytes]":
        running.append(subprocess.Popen([sys.executable, "-m", "cli", "worker", "run"], env=environ))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.wait()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()


@pytest.fixture
def jobs(redis_url: str) -> Iterator[Queue]:
    """The queue."""
    with redis.Redis.from_url(redis_url) as client:
        yield Queue("throughline", connection=client, serializer=JSONSerializer)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _enqueue(queue: Queue, path: Path, seconds: float) -> None:
    queue.enqueue("work_of_tests.work", str(path), seconds, job_timeout=120, retry=Retry(max=3))


def test_a_job_is_taken_and_done(start: Start, jobs: Queue, tmp_path: Path) -> None:
    _enqueue(jobs, tmp_path / "log", 0)
    start()
    assert until(lambda: _lines(tmp_path / "log")[1:] == ["end"], 30)


@pytest.mark.long
def test_a_job_dies_with_its_worker_and_another_worker_takes_it_over(
    start: Start, jobs: Queue, tmp_path: Path
) -> None:
    first = start()
    _enqueue(jobs, tmp_path / "log", 5)
    assert until(lambda: len(_lines(tmp_path / "log")) == 1, 30)
    (horse,) = descendants(first.pid)
    first.kill()
    assert until(lambda: not alive(horse), 5), "the job went on without its worker"
    start()
    assert until(lambda: _lines(tmp_path / "log")[-1] == "end", 40), "nobody took the job over"
    assert [line.split()[0] for line in _lines(tmp_path / "log")] == ["start", "start", "end"]


def test_asked_to_stop_the_running_job_ends_at_its_next_safe_place(
    start: Start, jobs: Queue, tmp_path: Path
) -> None:
    worker = start()
    _enqueue(jobs, tmp_path / "log", 100)
    assert until(lambda: len(_lines(tmp_path / "log")) == 1, 30)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0
    assert _lines(tmp_path / "log")[1:] == ["drained"]
