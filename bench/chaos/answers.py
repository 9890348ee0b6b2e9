"""A mail server that answers what it likes, falls silent, or goes away: each script stands in a recipient's local part (tests/rig/sink.py)."""

import signal
import time

from app.campaigns.models import Campaign
from app.db import db
from app.delivery import control
from bench.chaos.fault import Fault
from bench.chaos.run import Run, Verdict
from bench.chaos.world import World, moment, wait_for

PEOPLE = 3_000
SILENT = 20.0
_EVERY = 60
A, R, U = "accepted", "rejected", "uncertain"
# What the server does to an address, and how its message must end.
SCRIPTS = {
    "454x1-ok": A,
    "rcpt-450x1-ok": A,
    "data-452x1-ok": A,
    "550": R,
    "rcpt-553": R,
    "data-554": R,
    "rcpt-421x1-ok": A,
    "data-421x1-ok": A,
    "garbage-rcptx1-ok": A,
    "garbage": U,
    "rst-rcptx1-ok": A,
    "rst-bodyx1-ok": U,  # a mail of 10 KB leaves in one write: its end was out before the reset
    "rst-dot": U,
    "hang3-rcptx1-ok": A,
    "hang3-dot": U,
    "late3-dot": A,
}


def scripted(world: World) -> Verdict:
    """Amid everybody else's: refused, put off, interrupted, nonsense, silence, resets, before and after the dot."""
    names = list(SCRIPTS)

    def local(number: int) -> str:
        script = names[number // _EVERY % len(names)]
        return f"{script}+{number}" if number % _EVERY == 30 else f"answered{number}"

    campaign = world.campaign(PEOPLE, local)
    world.start_crew()
    run = Run(world, campaign, PEOPLE)
    run.middle(0.01)
    since = moment()
    run.end(240)
    many = sum(1 for number in range(PEOPLE) if number % _EVERY == 30)
    verdict = run.judge(moment(), many, (R,), many)
    # Those who are tried again wait for ten seconds, as they should: how everybody else's went is what counts.
    verdict.resume_s = round(run.silence(since, PEOPLE - 3 * many), 1)
    for _, state, email in run.rows():
        script = email.partition("@")[0].partition("+")[0]
        expected = SCRIPTS.get(script, A)
        # A connection that breaks takes the message behind it along only before its own dot; nobody's fate is another's.
        if state != expected:
            verdict.blame(f"{script} must end as {expected}, and is {state}")
    return verdict


def closed(world: World) -> Verdict:
    """421 to everyone at the door: the campaign pauses with the reason, nobody is rejected; a person lets it go on."""
    campaign = world.campaign(PEOPLE)
    world.start_crew()
    world.mail.signal(signal.SIGUSR1)
    run = Run(world, campaign, PEOPLE)
    wait_for(lambda: run.status() == "paused", 60, "the pause")
    reason = world.query(f"SELECT paused_reason FROM campaign WHERE id = {run.campaign_id}")[0][0]
    states = run.states()
    world.mail.signal(signal.SIGUSR2)
    control.resume(world.stage.partner, db.session.get_one(Campaign, run.campaign_id, populate_existing=True))
    db.session.commit()
    since = moment()
    run.end()
    verdict = run.judge(since, 0)
    if set(states) - {"ready", "claimed"} or not reason:
        verdict.blame(f"while the server was closed: {dict(states)}, {reason}")
    return verdict


def silent(world: World) -> Verdict:
    """The server stops in the middle of everything and goes on after a while."""
    campaign = world.campaign(PEOPLE)
    world.start_crew()
    run = Run(world, campaign, PEOPLE)
    run.middle()
    world.mail.signal(signal.SIGSTOP)
    run.say_no()
    time.sleep(SILENT)
    world.mail.signal(signal.SIGCONT)
    since = moment()
    run.end()
    return run.judge(since, 0)


def restarted(world: World) -> Verdict:
    """The server is killed, takes no connections for a while, and comes back."""
    campaign = world.campaign(PEOPLE)
    world.start_crew()
    run = Run(world, campaign, PEOPLE)
    run.middle()
    world.mail.signal(signal.SIGKILL)
    run.say_no()
    time.sleep(5)
    world.mail.start()
    since = moment()
    run.end()
    return run.judge(since)


def one_hangs(world: World) -> Verdict:
    """One address gets no answer for a minute and a half: that must not keep everybody else waiting."""
    people = PEOPLE * 4
    campaign = world.campaign(people, lambda n: "late90-dot" if n == 500 else f"patient{n}")
    world.start_crew()
    run = Run(world, campaign, people)
    run.middle(0.1)
    since = moment()
    run.middle(0.999, 75)
    quick = run.silence(since)
    run.end()
    verdict = run.judge(moment(), 0)
    verdict.resume_s = round(quick, 1)
    return verdict


ANSWERS = [
    Fault("4xx, 5xx, 421, garbage, silence, resets, before and after the dot", scripted),
    Fault("421 to everyone", closed),
    Fault(f"the mail server stops for {SILENT:.0f} s", silent),
    Fault("the mail server is killed and restarted", restarted),
    Fault("one message gets no answer for 90 s", one_hangs),
]
