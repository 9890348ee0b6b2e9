"""What the installation leans on goes away or forgets: Redis, PostgreSQL, the disk."""

import os
import signal
import time
from functools import partial
from pathlib import Path

import redis

from app.campaigns.models import Campaign
from app.db import db
from app.delivery import control
from bench.chaos.fault import Fault
from bench.chaos.run import Run, Verdict
from bench.chaos.world import LANES, Stuck, World, moment, wait_for

PEOPLE = 4_000
AWAY = 60.0
SHORT = 15.0
_BALLAST = "ballast"


def _started(world: World, people: int = PEOPLE) -> Run:
    campaign = world.campaign(people)
    world.start_crew()
    run = Run(world, campaign, people)
    run.middle()
    return run


def flushed(world: World, people: int = PEOPLE) -> Verdict:
    """FLUSHALL amid a send, and once more while it is paused: no row changes."""
    run = _started(world, people)
    since = moment()
    with redis.Redis.from_url(world.redis.url) as client:
        client.flushall()
        run.say_no()
        run.middle(0.5)
        campaign = db.session.get_one(Campaign, run.campaign_id)
        control.pause(world.stage.partner, campaign)
        db.session.commit()
        wait_for(lambda: not world.query("SELECT 1 FROM sending_worker"), 30, "the pause")
        before = _everything(run)
        client.flushall()
        changed = _everything(run) != before
        waited = moment()
        time.sleep(3)
        changed = changed or _everything(run) != before
    control.resume(world.stage.partner, db.session.get_one(Campaign, run.campaign_id, populate_existing=True))
    db.session.commit()
    resumed = moment()
    with redis.Redis.from_url(world.redis.url) as client:
        client.flushall()  # with the job that was just rung for
    run.end()
    verdict = run.judge(resumed, 0)
    between = [each for each in world.mail.since(waited) if each.at < resumed]
    if changed or between:
        verdict.blame(f"a flush changed rows, or {len(between)} went out while it was paused")
    if since >= waited:
        verdict.blame("nothing was flushed")
    return verdict


def _everything(run: Run) -> list[tuple[object, ...]]:
    return run.world.query(f"SELECT * FROM delivery WHERE send_id = {run.find_send()} ORDER BY id")


def redis_gone(seconds: float, world: World) -> Verdict:
    """Redis is killed and comes back after so long."""
    run = _started(world, int(PEOPLE + seconds * 100))
    world.kill_redis()
    if not seconds:
        since = moment()
    run.say_no()
    time.sleep(seconds)
    world.start_redis()
    since = moment() if seconds else since
    run.end()
    return run.judge(since, 0)


def postgres_gone(seconds: float, world: World) -> Verdict:
    """PostgreSQL is killed with all its processes and comes back after so long."""
    cluster = world.here.cluster
    if cluster is None:
        raise Stuck("this world has no PostgreSQL")
    run = _started(world)
    run.say_no()
    db.session.remove()
    cluster.kill()
    db.engine.dispose()
    time.sleep(seconds)
    cluster.start()
    since = moment()
    run.end()
    return run.judge(since, LANES * 2)


def disk_full(world: World) -> Verdict:
    """The disk with the database, the queue and the logs is full for a quarter of a minute."""
    run = _started(world)
    run.say_no()
    ballast = Path(world.here.home) / _BALLAST
    with ballast.open("wb", buffering=0) as file:
        until = time.monotonic() + SHORT
        filled = False
        while time.monotonic() < until:
            try:
                file.write(bytes(65_536))
            except OSError:
                filled = True
                time.sleep(0.2)
    ballast.unlink()
    since = moment()
    run.end()
    verdict = run.judge(since, LANES * 4)
    if not filled:
        verdict.blame("the disk was never full")
    return verdict


def away_for_a_while(world: World) -> Verdict:
    """Workers and beat all gone at once, as when the machine goes down, and started anew."""
    run = _started(world)
    for pid in (*world.crew("run"), *world.crew("beat")):
        os.kill(pid, signal.SIGKILL)
    since = moment()
    run.say_no()
    run.end()
    return run.judge(since, LANES * 2)


REDIS = [
    Fault("Redis flushed, running and paused", flushed),
    Fault("Redis killed and restarted", partial(redis_gone, 0.0)),
    Fault(f"Redis away for {AWAY:.0f} s", partial(redis_gone, AWAY)),
]
POSTGRES = [
    Fault("PostgreSQL killed and restarted", partial(postgres_gone, 0.0)),
    Fault(f"PostgreSQL away for {SHORT:.0f} s", partial(postgres_gone, SHORT)),
    Fault("kill -9 of everything that sends, on PostgreSQL", away_for_a_while),
]
DISK = [Fault("a full disk", disk_full)]
