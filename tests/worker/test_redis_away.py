"""A Redis that goes away in the middle of a job: the job goes on, and once Redis is back the worker takes the next one."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from tests.rig.processes import until
from tests.worker.test_rq_worker import JOBS
from worker.valkey import Embedded


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start a process; killed at the end."""
    (tmp_path / "work_of_tests.py").write_text(JOBS)
    with ExitStack() as stack:

        def start(line: list[str], **environ: str) -> "subprocess.Popen[bytes]":
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            started = subprocess.Popen(line, env={**os.environ, **environ}, **quiet)  # type: ignore[call-overload]
            stack.callback(started.wait)
            stack.callback(started.kill)
            return started  # type: ignore[no-any-return]

        yield start


@pytest.mark.long
def test_a_redis_that_goes_away_ends_no_running_job(
    run: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    server = Embedded(tmp_path / "redis")
    keeper = run(server.command())
    server.wait(20)
    home = {"DATA_DIR": str(tmp_path / "var"), "PYTHONPATH": str(tmp_path), "ENVIRONMENT": "development"}
    line = [sys.executable, "-m", "cli", "worker", "run"]
    workers = [run(line, REDIS_URL=server.url, DATABASE_URL="", **home)]
    first, second = tmp_path / "first", tmp_path / "second"

    def enqueue(log: Path, seconds: float) -> None:
        with redis.Redis.from_url(server.url) as client:
            queue = Queue("throughline", connection=client, serializer=JSONSerializer)
            queue.enqueue("work_of_tests.work", str(log), seconds, job_timeout=120)

    enqueue(first, 8)
    assert until(first.exists, 40)
    keeper.kill()
    keeper.wait()
    assert until(lambda: "end" in first.read_text(), 30), (
        "the job was ended with the heartbeat that nobody heard"
    )
    run(server.command())
    server.wait(20)
    enqueue(second, 0)

    def is_done() -> bool:
        if workers[-1].poll() is not None:  # its supervisor would start it again
            workers.append(run(line, REDIS_URL=server.url, DATABASE_URL="", **home))
        return second.exists() and "end" in second.read_text()

    assert until(is_done, 60), "nobody works after Redis came back"
