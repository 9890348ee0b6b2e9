"""The worker's side of sending. Each job takes an id, does its part in transactions of its own, and rings for what comes next.

All of them may run twice, or at once, or die at any point: the rows say where things stand.
"""

from dataclasses import replace

import structlog
from flask import Flask

from app import tokens
from app.accounts import audit
from app.db import db
from app.delivery import (
    control,
    expand,
    finish,
    held,
    left_out,
    pulse,
    recall,
    seed_copies,
    sweep,
    timing,
    turns,
    watch,
)
from app.delivery.dkim import BadKey
from app.delivery.engine import End, Policy, Result, run_slice
from app.delivery.limits import SharedLimits, limits_for
from app.delivery.models import Send
from app.delivery.signing import own_key, writing
from app.delivery.slices import LONGEST
from app.delivery.transport import transport_for
from app.delivery.wire import Transport
from app.flows import sequence
from app.queue import JobName, enqueue, ring, waiting
from app.settings import Settings, current

log = structlog.get_logger(__name__)


def expand_send(send_id: int) -> None:
    """Write a send's rows, then let the sending begin (needs an application context)."""
    seed_copies.post_copies(send_id)
    db.session.commit()
    walk = sequence.walker(send_id)
    db.session.remove()  # on SQLite an open transaction of the session's would keep the rows from being written
    made = expand.expand(db.engine, send_id, walk=walk)
    if made is None:
        return
    if walk is None and made.rows != made.expected:
        send = db.session.get_one(Send, send_id)  # unscoped: the job's own send
        audit.record(None, "send.audience_changed", send, expected=made.expected, rows=made.rows)
    log.info("send.expanded", send_id=send_id, rows=made.rows)
    enqueue(JobName.SEND_SLICE, send_id)
    db.session.commit()
    db.session.remove()
    left_out.keep(db.engine, send_id)  # should this worker die here, the end does it


def next_slice(send_id: int) -> None:
    """A doorbell rang for this send: serve the one whose turn it is, which may be another; nobody, if none waits without a worker."""
    chosen = turns.next_send(db.engine, current().data_dir, send_id)
    if chosen is None:
        log.info("slice.not_needed", send_id=send_id)
        return
    send_slice(chosen)


def send_slice(send_id: int, policy: Policy | None = None) -> None:
    """Send until others wait for the worker or nothing is due, some minutes at most; then ring for the next slice, the end, or nobody when it is paused or has to wait."""
    settings = current()
    send = db.session.get_one(Send, send_id)  # unscoped: the job's own send
    db.session.remove()  # no transaction of the session's may be open while we send
    gate = _gate(send_id)
    if gate is None:
        return
    campaign = tokens.make("campaign", send.campaign_id)
    transport = transport_for(settings, {"send": str(send_id), "campaign": campaign})
    limits = limits_for(settings, send, db.engine, transport)
    if isinstance(limits, SharedLimits) and not limits.may_begin():
        held.by_warm_up(db.engine, send_id, limits)
        return  # the beat rings when more may go
    mind = held.minding(db.engine, settings.data_dir, send_id, limits)
    policy = replace(
        policy or Policy(LONGEST, lanes=settings.send_connections),
        until=gate.until,
        limits=limits,
        others_wait=mind,
    )
    result = _run(settings, send, transport, policy)
    if result.end is End.REFUSED:
        control.pause_by_system(send_id, result.why)
    elif held.by_warm_up(db.engine, send_id, limits):
        log.info("slice.day_used_up", send_id=send_id)
    elif result.end in (End.TIME, End.DRAINED):
        enqueue(JobName.SEND_SLICE, send_id)
    elif result.end is End.EMPTY and not _finished(send_id):
        held.until_due(db.engine, send_id)
    db.session.commit()


def _run(settings: Settings, send: Send, transport: Transport, policy: Policy) -> Result:
    try:
        own = own_key(settings, send.partner_id, send.sender_domain)
        db.session.remove()  # read once a slice, before anything is sent
        with writing(settings, own) as writer:
            return run_slice(db.engine, settings.data_dir, send.id, transport, writer, policy)
    except BadKey as error:
        return Result(End.REFUSED, error.message)  # nothing goes out unsigned because the key is gone


def _gate(send_id: int) -> timing.Gate | None:
    """Until when the send may go out; None where it may not now."""
    if pulse.is_stale(db.engine):
        log.info("slice.after_a_stop", send_id=send_id)
        return None  # the beat looks first at what came due meanwhile
    gate = timing.gate(db.engine, send_id)
    if gate.opens_at is not None:
        log.info("slice.outside_hours", send_id=send_id)
        return None  # the beat rings when they begin
    return gate


def finish_send(send_id: int) -> None:
    """Close a send that has nothing left to do."""
    _finished(send_id)


def _finished(send_id: int) -> bool:
    done = finish.finish(send_id)
    db.session.commit()
    if done:
        db.session.remove()
        left_out.keep_rest(db.engine, send_id)
    return done


def recall_send(send_id: int) -> None:
    """Take back what a cancelled send has not sent."""
    db.session.remove()  # the chunks are transactions of their own
    recalled = recall.recall(db.engine, send_id)
    log.info("send.recalled", send_id=send_id, rows=recalled)


def wake_due(app: Flask) -> int:
    """The beat: mend what is stuck and ring for what is due, from the database alone; returns how many jobs were rung for."""
    with app.app_context():
        settings = current()
        pulse.look()
        db.session.commit()
        jobs = _needed(settings, sweep.sweep(db.engine, settings.data_dir))
        db.session.remove()
        if jobs:
            ring(settings, [(name, (row_id,)) for name, row_id in jobs])
        return len(jobs)


def _needed(settings: Settings, jobs: list[sweep.Job]) -> list[sweep.Job]:
    """Without the doorbells for slices where more jobs than that wait already: all workers are busy, and each serves whose turn it is."""
    slices = sum(name is JobName.SEND_SLICE for name, _ in jobs)
    if not slices or waiting(settings) <= slices:
        return jobs
    return [job for job in jobs if job[0] is not JobName.SEND_SLICE]


def wake_judge(app: Flask) -> int:
    """The beat: count what runs, and pause what goes badly; returns how many were paused."""
    with app.app_context():
        paused = watch.watch()
        db.session.commit()
        return paused
