"""The fault catalogue: a short form on every run, the whole of it in `make test-long`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from app import ROOT
from app.delivery.failpoints import POINTS
from bench.chaos.__main__ import GROUPS, summary
from bench.chaos.deaths import at_point
from bench.chaos.fault import Fault, Result, attempt
from bench.chaos.outages import flushed
from bench.chaos.run import Run, Verdict
from bench.chaos.world import World, world
from bench.place import SQLITE
from tests.rig import postgres


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    """An installation on SQLite that sends 200 messages a second."""
    with world(SQLITE, 200) as made:
        yield made


def survived(result: Result) -> None:
    """What a fault must not do."""
    assert result.survived, result.line()
    assert (result.lost, result.duplicates) == (0, 0)


@pytest.mark.timeout(240)
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(here: World) -> None:
    survived(attempt(Fault("kill -9 after the commit", partial(at_point, "after-commit", people=400)), here))


@pytest.mark.timeout(240)
def test_a_flushed_redis_loses_nothing(here: World) -> None:
    survived(attempt(Fault("flush", partial(flushed, people=800)), here))


def test_a_message_that_went_out_twice_or_never_is_seen(here: World) -> None:
    """The judge itself: forge the mail server's log and the rows of a send that is over."""
    campaign = here.campaign(30)
    here.start_crew()
    run = Run(here, campaign, 30)
    run.end(120)
    assert run.judge(run.began, 0) == Verdict(states=run.states(), resume_s=run.judge(run.began, 0).resume_s)
    kept = here.mail.arrivals[-1]
    here.mail.arrivals.append(kept)
    assert run.judge(run.began, 0).duplicates == 1
    del here.mail.arrivals[-2:]
    found = run.judge(run.began, 0)
    assert (found.lost, found.duplicates) == (1, 0)
    assert found.wrong


def test_every_named_place_is_in_the_catalogue() -> None:
    names = {fault.name for fault in GROUPS["points"].faults}
    assert names == {f"kill -9 at {point}" for point in POINTS}


def test_the_sum_of_all_faults() -> None:
    one = Result("a", True, 0, 0, 3, 2.5, 9.0).plain()
    other = Result("b", False, 1, 2, 0, 31.0, 9.0).plain()
    assert summary([one, other]) == {
        "faults": 2,
        "survived": 1,
        "lost": 1,
        "duplicates": 2,
        "uncertain": 3,
        "slowest_resume_s": 31.0,
    }


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_the_whole_catalogue_is_survived(tmp_path: Path) -> None:
    try:
        postgres.find("initdb")
    except postgres.Missing as error:
        pytest.skip(str(error))
    environ = {**os.environ, "KEEP": str(tmp_path / "kept"), "ONLY": "", "AT_ONCE": "3"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.chaos"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    total = json.loads(done.stdout.splitlines()[-1])
    assert list(total) == ["faults", "survived", "lost", "duplicates", "uncertain", "slowest_resume_s"]
    assert (total["lost"], total["duplicates"]) == (0, 0), done.stdout
    assert total["survived"] == total["faults"] >= 25, done.stdout + done.stderr[-2_000:]
    assert total["slowest_resume_s"] <= 30
