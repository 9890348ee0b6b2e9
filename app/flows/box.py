"""The whole co-branded box as a zip: asked for by a person, made by a job, kept until one of its pieces changes."""

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.campaigns import box_files, words
from app.campaigns.box_files import Box, fingerprint
from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared, source
from app.campaigns.records import BoxState, CampaignBox
from app.clock import now
from app.db import db, is_sqlite, new_pid, scoped
from app.errors import Refused
from app.landing.publish import pages_of
from app.queue import JobName, enqueue
from app.web.hosts import public_url_for

LOST = timedelta(minutes=3)  # a box that says nothing for so long has lost its worker
TRIES = 3
RING_AGAIN = timedelta(seconds=20)
KEPT = timedelta(days=30)  # a zip is made again in seconds, so it need not be kept for ever
OPEN = (BoxState.WAITING, BoxState.RUNNING)


def page_urls(campaign: Campaign) -> dict[str, str]:
    """The addresses of the pages that the campaign has published, by the kit's name for them; none before the launch."""
    return {page.name: public_url_for("landing.page", pid=page.pid) for page in pages_of(campaign)}


def of(campaign: Campaign, made: Prepared | None = None) -> Box:
    """What the campaign's box is made from."""
    return box_files.of(campaign, made or source(campaign), page_urls(campaign))


def latest(actor: Actor, box: Box) -> CampaignBox | None:
    """The zip of these very pieces, or how far it is; None where none was asked for, or a piece has changed since."""
    query = scoped(actor.organisation, CampaignBox).where(
        CampaignBox.campaign_id == box.campaign.id, CampaignBox.fingerprint == fingerprint(box)
    )
    return db.session.scalars(query).one_or_none()


def ask(actor: Actor, box: Box) -> None:
    """Have the box made. Raises Refused where a required word is missing. Asked twice, it is one box; a finished one stays."""
    gaps = words.missing_slots(box.campaign, box.made.kit)
    if gaps:
        names = ", ".join(f"“{slot.label or slot.name}”" for slot in gaps)
        raise Refused(f"The box can’t be made yet. Fill in {names} first.")
    key = fingerprint(box)
    insert: Any = sqlite.insert(CampaignBox) if is_sqlite() else postgresql.insert(CampaignBox)
    values = _fresh(key) | {
        "pid": new_pid(), "partner_id": actor.organisation.id, "campaign_id": box.campaign.id,
    }  # fmt: skip
    statement = insert.values(**values).on_conflict_do_update(
        index_elements=["campaign_id"],
        set_=_fresh(key)
        | {"attempts": CampaignBox.attempts},  # grows for ever: it tells one try from another
        where=or_(CampaignBox.fingerprint != key, CampaignBox.state == BoxState.FAILED),
    )
    box_id = db.session.execute(statement.returning(CampaignBox.id)).scalar_one_or_none()
    if box_id is not None:
        record(actor, "campaign.box_asked", box.campaign)
        enqueue(JobName.MAKE_BOX, int(box_id))


def _fresh(key: str) -> dict[str, Any]:
    moment = now()
    return {
        "fingerprint": key, "state": BoxState.WAITING, "attempts": 0, "total": 0, "done": 0, "size": None, "failure": "",
        "asked_at": moment, "rung_at": moment, "started_at": None, "finished_at": None,
    }  # fmt: skip


def claim(box_id: int) -> CampaignBox | None:
    """Take a box for this worker; None where another has it, or it is done. The caller commits."""
    taken = (
        update(CampaignBox)
        .where(CampaignBox.id == box_id, CampaignBox.state == BoxState.WAITING)
        .values(state=BoxState.RUNNING, started_at=now(), attempts=CampaignBox.attempts + 1)
        .returning(CampaignBox)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return db.session.scalars(taken).one_or_none()


def note(box_id: int, attempt: int, **values: object) -> bool:
    """Write progress or the end; False where the box was asked for anew meanwhile. The caller commits."""
    mine = and_(
        CampaignBox.id == box_id, CampaignBox.attempts == attempt, CampaignBox.state == BoxState.RUNNING
    )
    done = db.session.execute(
        update(CampaignBox).where(mine).values(**values).execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def to_ring() -> list[int]:
    """Ids of boxes that wait with no bell rung lately; first gives back those whose worker died, some times at most."""
    moment = now()
    lost = and_(CampaignBox.state == BoxState.RUNNING, CampaignBox.started_at < moment - LOST)
    late = and_(lost, CampaignBox.asked_at < moment - TRIES * LOST)
    values: dict[str, object] = {"state": BoxState.FAILED, "finished_at": moment}
    db.session.execute(update(CampaignBox).where(late).values(**values))
    db.session.execute(update(CampaignBox).where(lost).values(state=BoxState.WAITING, rung_at=None))
    quiet = or_(CampaignBox.rung_at.is_(None), CampaignBox.rung_at < moment - RING_AGAIN)
    waiting = (
        select(CampaignBox.id).where(CampaignBox.state == BoxState.WAITING, quiet).limit(100)
    )  # unscoped: the beat
    ids = list(db.session.scalars(waiting))
    if ids:
        db.session.execute(update(CampaignBox).where(CampaignBox.id.in_(ids)).values(rung_at=moment))
    return ids


def too_old() -> list[CampaignBox]:
    """Boxes that were made so long ago that their file goes."""
    old = select(CampaignBox).where(  # unscoped: the beat
        CampaignBox.state.in_((BoxState.DONE, BoxState.FAILED)), CampaignBox.finished_at < now() - KEPT
    )
    return list(db.session.scalars(old.limit(100)))
