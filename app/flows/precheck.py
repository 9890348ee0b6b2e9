"""The check before sending: a job looks at every link and picture of a campaign's mails, and the result stays until a word changes.

What it finds never blocks a launch: a page may be down for a minute, or not be there yet. What must block is in check.py.
"""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.actor import Actor
from app.campaigns.models import Campaign
from app.clock import now
from app.db import db, is_sqlite, new_pid, scoped
from app.errors import Refused
from app.flows.check import LaunchCheck
from app.flows.mail_targets import fingerprint
from app.flows.records import MailCheck, MailCheckState
from app.queue import JobName, enqueue

log = structlog.get_logger(__name__)

LOST = timedelta(minutes=3)  # a check that says nothing for so long has lost its worker
TRIES = 3
RING_AGAIN = timedelta(seconds=20)
AGAIN_AFTER = timedelta(seconds=10)
_S = MailCheckState


def latest(found: LaunchCheck) -> MailCheck | None:
    """The check of these very words; None where there is none, or nothing to check yet."""
    if not found.steps:
        return None
    query = scoped(found.partner, MailCheck).where(
        MailCheck.campaign_id == found.campaign.id, MailCheck.fingerprint == fingerprint(found)
    )
    return db.session.scalars(query).one_or_none()


def ask(actor: Actor, found: LaunchCheck) -> None:
    """Have the mails checked, or checked again. Raises Refused where there is nothing to check yet.

    Asked twice at once, or right after one another, it is one check.
    """
    if not found.steps:
        raise Refused("There is nothing to check yet: mend first what stands in the way.")
    moment, campaign = now(), found.campaign
    key = fingerprint(found)
    old = delete(MailCheck).where(MailCheck.campaign_id == campaign.id, MailCheck.fingerprint != key)
    db.session.execute(old)
    insert: Any = sqlite.insert(MailCheck) if is_sqlite() else postgresql.insert(MailCheck)
    values = _fresh() | {
        "pid": new_pid(),
        "partner_id": actor.organisation.id,
        "campaign_id": campaign.id,
        "fingerprint": key,
    }
    statement = insert.values(**values).on_conflict_do_update(
        index_elements=["campaign_id", "fingerprint"],
        set_=_fresh(),
        where=and_(MailCheck.state.in_((_S.DONE, _S.FAILED)), MailCheck.finished_at < moment - AGAIN_AFTER),
    )
    check_id = db.session.execute(statement.returning(MailCheck.id)).scalar_one_or_none()
    if check_id is not None:
        enqueue(JobName.CHECK_MAIL, int(check_id))


def _fresh() -> dict[str, Any]:
    moment = now()
    return {
        "state": _S.WAITING,
        "attempts": 0,
        "total": 0,
        "done": 0,
        "found": [],
        "asked_at": moment,
        "rung_at": moment,
        "started_at": None,
        "finished_at": None,
    }


def claim(check_id: int) -> MailCheck | None:
    """Take a check for this worker; None where another has it, or it is done. The caller commits."""
    taken = (
        update(MailCheck)
        .where(MailCheck.id == check_id, MailCheck.state == _S.WAITING)
        .values(state=_S.RUNNING, started_at=now(), attempts=MailCheck.attempts + 1)
        .returning(MailCheck)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return db.session.scalars(taken).one_or_none()


def note(check_id: int, attempt: int, **values: object) -> bool:
    """Write progress or the result, unless the check was given to another meanwhile. The caller commits."""
    mine = (MailCheck.id == check_id, MailCheck.attempts == attempt, MailCheck.state == _S.RUNNING)
    done = db.session.execute(
        update(MailCheck).where(*mine).values(**values).execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def to_ring() -> list[int]:
    """Ids of checks that wait with no bell rung lately; first gives back those whose worker died, thrice at most."""
    moment = now()
    lost = (MailCheck.state == _S.RUNNING, MailCheck.started_at < moment - LOST)
    values: dict[str, object] = {"state": _S.FAILED, "finished_at": moment}
    db.session.execute(update(MailCheck).where(*lost, MailCheck.attempts >= TRIES).values(**values))
    db.session.execute(update(MailCheck).where(*lost).values(state=_S.WAITING, rung_at=None))
    quiet = or_(MailCheck.rung_at.is_(None), MailCheck.rung_at < moment - RING_AGAIN)
    waiting = (
        select(MailCheck.id).where(MailCheck.state == _S.WAITING, quiet).limit(100)
    )  # unscoped: the beat
    ids = list(db.session.scalars(waiting))
    if ids:
        db.session.execute(update(MailCheck).where(MailCheck.id.in_(ids)).values(rung_at=moment))
    return ids


def campaign_of(check: MailCheck) -> Campaign:
    """The campaign that a check is about."""
    return db.session.get_one(Campaign, check.campaign_id)  # unscoped: the job's own row
