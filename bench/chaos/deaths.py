"""Workers that are killed without a word, put to sleep, asked to stop, or given the same job twice."""

import os
import random
import signal
import sqlite3
import time
from functools import partial

from app.audience.models import Contact
from app.db import db
from app.delivery.failpoints import POINTS, VARIABLE
from app.delivery.models import DeliveryState
from app.queue import JobName, ring
from app.settings import current
from bench.chaos import poisoned
from bench.chaos.fault import Fault
from bench.chaos.run import Run, Verdict
from bench.chaos.world import LANES, World, end, moment, parent, runs, wait_for

PEOPLE = 1_500
KILLS = 30
MANY = 20_000
_HITS = {"after-claim": 2, "after-outcome": 1, "launch-frozen": 1, "expand-chunk": 1, "expand-committed": 1}
_DEATH = "terminated unexpectedly"  # what RQ says of it
_LATER = 20  # which hit of all other points kills


def at_point(point: str, world: World, people: int = PEOPLE) -> Verdict:
    """A worker dies at this very place, on its own; then the crew takes over."""
    world.stop_crew()
    campaign = world.campaign(people)
    beat = world.run("cli", "worker", "beat")
    worker = world.run("cli", "worker", "run", **{VARIABLE: f"{point}:{_HITS.get(point, _LATER)}"})
    try:
        run = Run(world, campaign, people)
        wait_for(lambda: _DEATH in world.words(worker), 90, f"the death at {point}")
    finally:
        worker.kill()
        worker.wait(20)
        end(beat)
    died = moment()
    wrong = run.look().wrong if run.find_send() else []
    world.start_crew()
    if run.accepted:
        run.say_no()
    run.end()
    verdict = run.judge(died, LANES * world.words(worker).count(_DEATH))
    verdict.wrong += wrong
    return verdict


def many_kills(world: World, kills: int = KILLS, people: int = MANY) -> Verdict:
    """Workers and their jobs' processes killed at random, all through one send."""
    chance = random.Random(7)
    campaign = world.campaign(people)
    world.start_crew()
    run = Run(world, campaign, people)
    wrong: list[str] = []
    first = 0.0
    for number in range(kills):
        run.middle((number + chance.random()) / (kills + 1), 60)
        time.sleep(chance.random() / 5)  # at any moment, not just when something has arrived
        victim = world.sender()
        if chance.random() < 0.5:
            victim = parent(victim) or victim  # the worker itself; its job's process goes with it
        if victim > 1 and runs(victim):
            os.kill(victim, signal.SIGKILL)
        first = first or moment()
        wrong += run.look().wrong
    run.say_no()
    run.end(300)
    verdict = run.judge(first, LANES * kills)
    verdict.wrong += wrong
    return verdict


def zombie(world: World) -> Verdict:
    """Asleep past its lease, then awake: it sends nothing, and an answer that came meanwhile settles its row, also an uncertain one."""
    campaign = world.campaign(6_000, lambda n: "late4-dot" if n == 1_000 else f"zombie{n}")
    world.start_crew()
    run = Run(world, campaign, 6_000)
    wait_for(lambda: _state_of(run, "late4-dot") == DeliveryState.COMMITTING, 60, "the slow answer")
    sleeper = world.sender()
    _put_to_sleep(sleeper)
    slept = moment()
    before = {each.recipient for each in world.mail.since(run.began)}
    # Seen from another machine: there only silence can be seen, and after a minute of it the worker counts as gone.
    row = world.query(f"SELECT id FROM sending_worker WHERE os_pid = {sleeper}")[0][0]
    with db.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE sending_worker SET host = 'elsewhere' WHERE id = '{row}'")
    wait_for(
        lambda: _state_of(run, "late4-dot") == DeliveryState.UNCERTAIN,
        90,
        "the row of a worker that is silent",
    )
    run.say_no()
    woke = moment()
    os.kill(sleeper, signal.SIGCONT)
    wait_for(lambda: _state_of(run, "late4-dot") == DeliveryState.ACCEPTED, 30, "the late 250")
    run.end()
    verdict = run.judge(slept, LANES)
    late = [each for each in world.mail.since(woke) if each.opened < slept]
    if late:
        verdict.blame(f"the zombie sent {len(late)} messages after it woke")
    if not before:
        verdict.blame("it slept before anything was sent")
    return verdict


def _put_to_sleep(pid: int) -> None:
    """SIGSTOP, but not in the middle of a transaction: on SQLite nobody could write until it wakes."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        probe = sqlite3.connect(str(db.engine.url.database), timeout=0.2, isolation_level=None)
        try:
            probe.execute("BEGIN IMMEDIATE")
            probe.execute("ROLLBACK")
            return
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.05)
        finally:
            probe.close()


def _state_of(run: Run, local: str) -> str:
    rows = run.world.query(
        "SELECT d.state FROM delivery d JOIN contact c ON c.id = d.contact_id"
        f" WHERE d.send_id = {run.find_send()} AND c.email LIKE '{local}@%'"
    )
    return str(rows[0][0]) if rows else ""


def drained(world: World) -> Verdict:
    """SIGTERM to every worker: what is in flight finishes, the rest goes back at once, and nothing is uncertain."""
    campaign = world.campaign(PEOPLE * 2)
    world.start_crew()
    run = Run(world, campaign, PEOPLE * 2)
    run.middle()
    asked = moment()
    job = world.sender()
    for pid in world.crew("run"):
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not runs(job), 20, "the end of the job that was asked to stop")
    seconds = moment() - asked
    held = run.world.query(f"SELECT count(*) FROM sending_worker WHERE os_pid = {job}")[0][0]
    run.end()
    verdict = run.judge(asked, 0)
    if held:
        verdict.blame("it left its entry behind")
    if seconds > 10:
        verdict.blame(f"draining took {seconds:.1f} s")
    return verdict


def beat_killed(world: World) -> Verdict:
    """The beat dies, and a worker with it: another beat notices."""
    campaign = world.campaign(PEOPLE * 2)
    world.start_crew()
    run = Run(world, campaign, PEOPLE * 2)
    run.middle()
    died = moment()
    for pid in (*world.crew("beat"), parent(world.sender())):
        os.kill(pid, signal.SIGKILL)
    run.say_no()
    run.end()
    return run.judge(died)


def twice(world: World) -> Verdict:
    """Every job of the send delivered several times, at once and again."""
    campaign = world.campaign(PEOPLE * 2)
    world.start_crew()
    run = Run(world, campaign, PEOPLE * 2)
    since = moment()
    ring(current(), [(JobName.LAUNCH_CAMPAIGN, (run.campaign_id,))] * 4)
    wait_for(run.find_send, 60, "the launch")
    for share in (0.0, 0.2, 0.5, 0.8):
        run.middle(share)
        jobs = (JobName.EXPAND_SEND, JobName.SEND_SLICE, JobName.SEND_SLICE, JobName.FINISH_SEND)
        again: list[tuple[JobName, tuple[int | str, ...]]] = [(name, (run.send_id,)) for name in jobs]
        ring(current(), again * 3)
    run.say_no()
    run.end()
    verdict = run.judge(max(since, _first(run)), 0)
    if run.people != len(run.rows()):
        verdict.blame("there are rows that nobody asked for")
    return verdict


def _first(run: Run) -> float:
    found = run.world.mail.since(run.began)
    return found[0].at if found else run.began


def poison(world: World) -> Verdict:
    """One person's mail kills whoever writes it: set aside after five deaths, with a reason; everybody else gets theirs."""
    world.stop_crew()
    campaign = world.campaign(PEOPLE, lambda n: f"poison{n}")
    address = db.session.query(Contact.email).filter(Contact.email.like("poison700@%")).scalar()
    db.session.rollback()
    beat = world.run("cli", "worker", "beat")
    workers = [world.run("bench.chaos.poisoned", **{poisoned.VARIABLE: address}) for _ in range(2)]
    try:
        run = Run(world, campaign, PEOPLE)
        run.middle(0.05)
        since = moment()
        run.end(300)
    finally:
        for process in (beat, *workers):
            end(process)
    verdict = run.judge(since, LANES * 5, ("failed",), 1)
    reason = world.query(f"SELECT reason FROM delivery WHERE send_id = {run.send_id} AND state = 'failed'")
    if len(reason) != 1 or not str(reason[0][0]).startswith("Set aside"):
        verdict.blame(f"the poisonous one says {reason}")
    return verdict


AT_POINTS = [Fault(f"kill -9 at {point}", partial(at_point, point)) for point in sorted(POINTS)]
KILLED = [Fault(f"{KILLS} random kill -9 in one send of {MANY:,}", many_kills)]
STOPPED = [
    Fault("stopped past the lease, then woken", zombie),
    Fault("SIGTERM to all workers", drained),
    Fault("kill -9 of beat and worker", beat_killed),
    Fault("jobs delivered several times", twice),
    Fault("a poison contact", poison),
]
