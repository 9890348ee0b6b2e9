"""Limits hold over all workers, whatever becomes of Redis, and cost next to nothing where a lot is in hand."""

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from multiprocessing import Pipe
from pathlib import Path

import pytest
import redis
from sqlalchemy import insert

from app import clock
from app.db import db
from app.delivery.buckets import APART_SECONDS, BURST_SECONDS, LOT_SECONDS, Bucket, Buckets
from app.delivery.limits import SharedLimits, limits_for, live_workers
from app.delivery.models import SendingWorker
from app.delivery.wire import Unlimited
from app.settings import current
from tests.delivery import made
from tests.rig.cast import Cast
from worker.valkey import Embedded


class Server:
    """A Redis of this test's own, which can die and come back empty."""

    def __init__(self, home: Path) -> None:
        self.home = Embedded(home)
        self.url = self.home.url
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.home.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.home.wait(10)

    def kill(self, *, forget: bool) -> None:
        if self.process is not None:
            if forget:
                with redis.Redis.from_url(self.url) as client:
                    client.flushall()
            self.process.kill()
            self.process.wait(10)
            self.process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    mine = Server(tmp_path / "redis")
    mine.start()
    yield mine
    mine.kill(forget=False)


def buckets(url: str, workers: int = 2) -> Buckets:
    return Buckets(url, lambda: workers)


def taken(
    limits: Callable[[], SharedLimits], seconds: float, domains: tuple[str, ...] = ("a.example",)
) -> Callable[[], list[float]]:
    """Start a process that takes whatever it may for so long; the answer gives the moments."""
    here, there = Pipe(duplex=False)
    pid = os.fork()
    if pid == 0:
        moments: list[float] = []
        try:
            mine = limits()
            end = time.monotonic() + seconds
            while (moment := time.monotonic()) < end:
                waits = [mine.take(domain) for domain in domains]
                moments += [moment for wait in waits if wait is None]
                if all(wait is not None for wait in waits):
                    time.sleep(min(wait.seconds for wait in waits if wait is not None))
            mine.close()
            there.send(moments)
        finally:
            os._exit(0)
    there.close()

    def result() -> list[float]:
        found: list[float] = here.recv()
        os.waitpid(pid, 0)
        return found

    return result


def most(rate: float, seconds: float, workers: int) -> float:
    """The limit: what time allows, a burst, and the lots that workers hold."""
    return rate * seconds + max(1, rate * BURST_SECONDS) + workers * max(1, rate * LOT_SECONDS)


def busiest(moments: list[float], window: float) -> int:
    """The most messages in any window of so many seconds."""
    moments = sorted(moments)
    best, first = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > window:
            first += 1
        best = max(best, last - first + 1)
    return best


@pytest.mark.parametrize("rate", [30.0, 1000.0])
def test_two_workers_together_keep_to_the_limit_and_use_it_up(redis_url: str, rate: float) -> None:
    key = f"t{rate}-{time.time_ns()}"

    def limits() -> SharedLimits:
        return SharedLimits(buckets(redis_url), [Bucket(key, rate, "all")], {})

    running = [taken(limits, 3) for _ in range(2)]
    both = sorted(moment for each in running for moment in each())
    assert len(both) <= most(rate, 3, 2)
    assert len(both) >= 0.85 * rate * 3
    assert busiest(both, 1.0) <= most(rate, 1, 2)


def test_a_receiving_domain_waits_alone_while_others_go(redis_url: str) -> None:
    mine = SharedLimits(buckets(redis_url), [], {f"slow{time.time_ns()}.example": 5.0, "*": 100_000.0})
    slow = next(iter(mine._rates))
    quick_one = f"quick{time.time_ns()}.example"
    assert mine.take(slow.upper()) is None
    wait = mine.take(slow)
    assert wait is not None
    assert not wait.everyone
    assert mine.take(quick_one) is None


def test_those_who_wait_are_spread_at_the_pace_of_their_domain(redis_url: str) -> None:
    name = f"line{time.time_ns()}.example"
    mine = SharedLimits(buckets(redis_url), [], {name: 10.0})
    while mine.take(name) is None:
        pass
    gaps = [wait.seconds for wait in (mine.take(name) for _ in range(100)) if wait is not None]
    waits = list(itertools.accumulate(gaps))
    assert len(waits) >= 98
    assert waits[-1] == pytest.approx(len(waits) / 10, rel=0.2), (
        "ten a second: the hundredth waits ten seconds"
    )
    steps = [after - before for before, after in itertools.pairwise(waits)]
    assert max(steps) < 0.5
    other = SharedLimits(buckets(redis_url), [], {name: 10.0})
    wait = other.take(name)
    assert wait is not None
    assert wait.seconds > 8, "another worker's people stand behind them"


def test_what_is_not_needed_is_given_back(redis_url: str) -> None:
    key = f"back{time.time_ns()}"
    first = SharedLimits(buckets(redis_url), [Bucket(key, 100.0, "all")], {})
    assert first.take("a.example") is None
    time.sleep(0.3)
    assert first.take("a.example") is None
    first.give_back("a.example")
    held = first._common[0].left
    assert held > 1
    with redis.Redis.from_url(redis_url) as client:
        before = float(client.hget(f"throughline:limit:{key}", "tokens") or 0)
        first.close()
        after = float(client.hget(f"throughline:limit:{key}", "tokens") or 0)
    assert after >= before + held - 0.001
    assert first._common[0].left == 0


def test_the_limit_holds_while_redis_dies_and_comes_back_empty(server: Server) -> None:
    rate, seconds = 200.0, 3.0 + 2 * APART_SECONDS
    key = "dies"

    def limits() -> SharedLimits:
        return SharedLimits(buckets(server.url), [Bucket(key, rate, "all")], {})

    running = [taken(limits, seconds) for _ in range(2)]
    time.sleep(1)
    server.kill(forget=True)
    time.sleep(2)
    server.start()
    both = sorted(moment for each in running for moment in each())
    assert busiest(both, 1.0) <= most(rate, 1, 2) + rate * LOT_SECONDS, "right after, too"
    assert len(both) <= most(rate, seconds, 2)
    assert len(both) >= 0.75 * rate * seconds, "and it goes on meanwhile"


def test_each_of_five_workers_takes_a_fifth_without_redis() -> None:
    mine = SharedLimits(buckets("redis://127.0.0.1:1/0", 5), [Bucket("away", 100.0, "all")], {})
    end = time.monotonic() + 2
    count = 0
    while time.monotonic() < end:
        wait = mine.take("a.example")
        count += wait is None
        if wait is not None:
            time.sleep(wait.seconds)
    assert 15 <= count <= 46


def test_a_lot_in_hand_is_taken_from_without_asking_redis(redis_url: str) -> None:
    key = f"cheap{time.time_ns()}"
    mine = SharedLimits(buckets(redis_url), [Bucket(key, 1e6, "all")], {"*": 1e6})
    mine.take("a.example")
    mine._common[0].left = mine._domains["a.example"].left = 10**9  # type: ignore[union-attr]
    with redis.Redis.from_url(redis_url) as client:
        before = client.info("stats")["total_commands_processed"]
        for _ in range(10_000):
            mine.take("a.example")
        assert client.info("stats")["total_commands_processed"] - before < 100


def test_without_a_limit_nothing_is_asked(cast: Cast) -> None:
    send = made.send(cast, ["anna"])
    limits = limits_for(current(), send, db.engine)
    assert isinstance(limits, Unlimited)
    assert limits.take("gmail.com") is None


class Slow:
    """A transport that knows its account's rate, as SES does."""

    def rate(self) -> float:
        return 14.0


def test_the_limits_are_those_of_the_settings_and_the_transport(cast: Cast, redis_url: str) -> None:
    send = made.send(cast, ["anna"])
    settings = replace(
        current(),
        redis_url=redis_url,
        mail_rate=100.0,
        mail_rate_senders=(("*", 7.0),),
        mail_rate_domains=(("gmail.com", 20.0),),
    )
    with ExitStack() as stack:
        limits = limits_for(settings, send, db.engine, Slow())
        assert isinstance(limits, SharedLimits)
        stack.callback(limits.close)
        assert [bucket.rate for bucket in limits._common] == [14.0, 7.0]
        assert limits._common[1].key.endswith("from:throughline.example")
        send.sender_domain = "Partner.example"
        other = limits_for(settings, send, db.engine)
        assert isinstance(other, SharedLimits)
        assert [bucket.rate for bucket in other._common] == [100.0, 7.0]
        assert other._common[1].key.endswith("from:partner.example")
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            limits.take("GMAIL.com")
            time.sleep(0.01)
        assert limits.pace() == "Mail from throughline.example goes out at 7 a second"
        assert limits.pace() is None


def test_the_key_of_a_transport_holds_no_password(cast: Cast) -> None:
    send = made.send(cast, ["anna"])
    keys = set()
    for password in ("one", "two"):
        settings = replace(
            current(), mail_rate=1.0, mail_transport=f"smtp://user:{password}@mail.example:587"
        )
        limits = limits_for(settings, send, db.engine)
        assert isinstance(limits, SharedLimits)
        keys.add(limits._common[0].key)
    assert len(keys) == 1
    assert "user" not in keys.pop()


def test_only_workers_that_live_have_a_share(cast: Cast) -> None:

    moment = clock.now()
    rows = [
        {
            "id": f"w{i}",
            "host": "here",
            "os_pid": i,
            "detail": {},
            "started_at": moment,
            "heartbeat_at": moment - timedelta(seconds=age),
        }
        for i, age in enumerate((0, 5, 40))
    ]
    db.session.execute(insert(SendingWorker), rows)
    db.session.commit()
    assert live_workers(db.engine) == 2
