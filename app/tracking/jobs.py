"""The jobs of tracking: the spool into the database, and old events by the present rules. Both keep the touchpoints in step."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from flask import has_request_context
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from app.attribution import touch
from app.attribution.records import TouchKind
from app.audience import engagement
from app.db import begin_writing, db, is_sqlite
from app.errors import Conflict
from app.settings import current
from app.tracking import drain, rejudge, spool
from app.tracking.answers import tracker
from app.tracking.models import EventKind, TrackedEvent
from app.tracking.rejudge import COLUMNS, Meeting
from app.tracking.settle import settle
from app.tracking.spool import Noted

log = structlog.get_logger(__name__)

TOUCHES = {EventKind.CLICK: TouchKind.CLICKED, EventKind.VIEW: TouchKind.VISITED}
_REPLAYED = 500  # events a transaction
_STEPS = 10  # transactions of one file in a round
_PAUSE = 0.1  # seconds, the longest between two transactions of a drain


def note_surely(noted: Noted) -> None:
    """Note an event in the spool, or where that can't be written straight in the database, before it is answered."""
    try:
        tracker().spool.append(noted)
    except OSError as error:
        log.error("spool.not_written", number=error.errno)
        if has_request_context():
            begin_writing()
        _keep_touches(settle([noted]).meetings)


def drain_spool(stop: Callable[[], bool] = lambda: False) -> int:
    """Move what this machine's spool holds into the database, in transactions of their own; returns the lines moved.

    Each file has its turn, so that a busy web process does not keep another one's lines waiting: a spool that is far behind needs
    more rounds. `stop` is asked between two transactions.
    """
    home = spool.folder(current().data_dir)
    moved = 0
    for path in spool.files(home):
        moved += _turn(path, stop)
        if stop():
            break
        drain.remove(path)
        db.session.commit()
    spool.remove_drafts(home)
    return moved


def _turn(path: Path, stop: Callable[[], bool]) -> int:
    moved = 0
    for _ in range(_STEPS):
        began = time.monotonic()
        lines = 0 if stop() else _step(path)
        if not lines:
            break
        moved += lines
        if (
            is_sqlite()
        ):  # its writers wait by looking again now and then: leave them as much time as was taken
            time.sleep(min(_PAUSE, time.monotonic() - began))
    return moved


def _step(path: Path, limit: int = drain.BATCH) -> int:
    """One transaction. A batch that the database refuses is tried in halves, until the one line is found that it can't hold."""
    try:
        done = drain.batch(path, limit)
        _keep_touches(done.meetings)
        db.session.commit()
    except (OperationalError, Conflict):  # the database is away or busy: later
        db.session.rollback()
        raise
    except (DBAPIError, StatementError, KeyError, ValueError) as error:
        db.session.rollback()
        if limit > 1:
            return _step(path, limit // 2)
        return _set_aside(path, error)
    if done.damaged or done.unknown:
        log.warning("spool.skipped", file=path.name, damaged=done.damaged, without_mail=done.unknown)
    return done.lines


def _set_aside(path: Path, error: Exception) -> int:
    line = drain.skip(path)
    with (path.parent / "refused.lines").open("ab") as file:
        file.write(line)
    db.session.commit()
    log.error("spool.line_refused", file=path.name, error=type(error).__name__)
    return 1


def _keep_touches(meetings: Sequence[Meeting]) -> tuple[int, int, int]:
    """Record the touchpoints of people, take back those of machines; returns how many of each, and how many must stay."""
    engagement.mark((met.partner_id, met.contact_id) for met in meetings)
    known = [met for met in meetings if met.kind in TOUCHES]
    people = [
        touch.Touch(
            TOUCHES[met.kind],
            met.partner_id,
            met.vendor_id,
            met.contact_id,
            met.campaign_id,
            met.at,
            met.event_id,
        )
        for met in known
        if not met.is_machine
    ]
    touch.record_all(people)
    withdrawn = stay = 0
    for kind, touched in TOUCHES.items():
        gone = [met.event_id for met in known if met.is_machine and met.kind is kind]
        taken = touch.withdraw(touched, gone)
        withdrawn, stay = withdrawn + taken.withdrawn, stay + taken.credited
    return len(people), withdrawn, stay


@dataclass
class Replayed:
    """What a replay looked at and what comes out otherwise. `credited`: touchpoints that stay, since a won deal's credit rests on them."""

    events: int = 0
    changed: int = 0
    to_machine: int = 0
    to_person: int = 0
    touches_added: int = 0
    touches_withdrawn: int = 0
    touches_credited: int = 0


def replay(since: datetime | None = None, dry_run: bool = False) -> Replayed:
    """Judge stored events again by the present rules, in transactions of their own; with `dry_run` all of it is taken back."""
    total = Replayed()
    for rows in _windows(since):
        found = rejudge.changes(rows)
        total.events += len(rows)
        total.changed += len(found)
        total.to_machine += sum(change.flips and change.judgement.is_machine for change in found)
        total.to_person += sum(change.flips and not change.judgement.is_machine for change in found)
        added, withdrawn, stay = _keep_touches(rejudge.apply(found))
        total.touches_added += added
        total.touches_withdrawn += withdrawn
        total.touches_credited += stay
        if dry_run:
            db.session.rollback()
        else:
            db.session.commit()
    return total


def _windows(since: datetime | None) -> Iterator[Sequence[rejudge.Stored]]:
    cursor = 0
    while True:
        query = select(*COLUMNS).where(TrackedEvent.id > cursor)  # unscoped: the operator's replay of all
        if since is not None:
            query = query.where(TrackedEvent.at >= since)
        rows = db.session.execute(query.order_by(TrackedEvent.id).limit(_REPLAYED)).all()
        if not rows:
            return
        cursor = rows[-1].id
        yield rows
