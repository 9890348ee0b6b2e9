"""The last changes of a campaign's words: every one is written here, so that it can be taken back and done again, over reloads.

One takes back one's own changes. What somebody else has changed since stays as they left it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, select

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Person
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus, SlotEdit
from app.clock import now
from app.db import db
from app.lazy import lazy

review = lazy("app.campaigns.review")  # which reads the words that are written here

KEPT = 50  # changes of one campaign that can still be looked at
ONE_GO = timedelta(seconds=20)  # between two savings of what is typed in one go
_LONGEST_GO = timedelta(seconds=60)

Values = dict[str, Any]
Fits = Callable[
    [str, Any], bool
]  # whether a slot may hold these stored words now: the kit may be a newer one


def mark(value: object) -> str:
    """A short mark of stored words: the same words have the same one. Two people see by it that they changed the same thing."""
    if value is None:
        return "kit"
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def put(actor: Actor, campaign: Campaign, values: Values) -> bool:
    """Store these values in place of all there were, and write down what changed; False where nothing did.

    Whoever calls holds the campaign's row and has checked the values and that it is open. An approval is taken back by it.
    """
    changes = _differences(campaign.slot_values, values)
    if not changes:
        return False
    _forget_undone(actor, campaign)
    last = newest(campaign)
    if last is not None and _goes_on(last, actor, changes):
        _go_on(last, changes)
    else:
        _write(actor, campaign, changes)
    _store(actor, campaign, values)
    return True


def newest(campaign: Campaign) -> SlotEdit | None:
    """The last change that stands."""
    return db.session.scalars(_of(campaign).where(SlotEdit.undone_at.is_(None)).limit(1)).first()


def latest(campaign: Campaign, limit: int = 12) -> list[tuple[SlotEdit, Person]]:
    """The last changes that stand with whoever made them, the newest first."""
    query = _of(campaign).where(SlotEdit.undone_at.is_(None)).limit(limit)
    found = query.add_columns(Person).join(Person, Person.id == SlotEdit.person_id)
    return [(edit, person) for edit, person in db.session.execute(found)]


def last_of(campaign: Campaign, slot: str) -> tuple[SlotEdit, Person] | None:
    """Who changed this slot last, and when; None where that isn't kept any more."""
    return next((found for found in latest(campaign, KEPT) if slot in found[0].changes), None)


def undoable(actor: Actor, campaign: Campaign, fits: Fits) -> SlotEdit | None:
    """The actor's last change of which something still stands and can be as it was."""
    query = _own(actor, campaign).where(SlotEdit.undone_at.is_(None))
    return next((edit for edit in db.session.scalars(query) if _turning(edit, campaign, "was", fits)), None)


def redoable(actor: Actor, campaign: Campaign, fits: Fits) -> SlotEdit | None:
    """What the actor took back last and can do again."""
    query = _own(actor, campaign).where(SlotEdit.undone_at.is_not(None))
    edits = sorted(db.session.scalars(query), key=lambda edit: edit.id)
    return next((edit for edit in edits if _turning(edit, campaign, "is", fits)), None)


def turn(actor: Actor, campaign: Campaign, edit: SlotEdit, to: str, fits: Fits) -> list[str]:
    """Take a change back (`to` "was") or do it again ("is"), but for slots that were changed since. Returns the slots."""
    slots = _turning(edit, campaign, to, fits)
    values = {**campaign.slot_values, **{slot: edit.changes[slot][to] for slot in slots}}
    edit.undone_at = now() if to == "was" else None
    _store(actor, campaign, {slot: value for slot, value in values.items() if value is not None})
    return slots


def _turning(edit: SlotEdit, campaign: Campaign, to: str, fits: Fits) -> list[str]:
    """The slots that stand as the other side of the change has them, and may hold what this side has."""
    here = "is" if to == "was" else "was"
    values = campaign.slot_values
    return [
        slot
        for slot, change in edit.changes.items()
        if values.get(slot) == change[here] and fits(slot, change[to])
    ]


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    names = [*before, *(name for name in after if name not in before)]
    return {
        name: {"was": before.get(name), "is": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    }


def _goes_on(last: SlotEdit, actor: Actor, changes: dict[str, dict[str, Any]]) -> bool:
    """Whether this is more of the same: one person typing in one field."""
    moment = now()
    return (
        last.person_id == actor.person.id
        and len(changes) == 1
        and set(last.changes) == set(changes)
        and moment - last.at < ONE_GO
        and moment - last.begun_at < _LONGEST_GO
    )


def _go_on(last: SlotEdit, changes: dict[str, dict[str, Any]]) -> None:
    joined = {
        slot: {"was": last.changes[slot]["was"], "is": change["is"]} for slot, change in changes.items()
    }
    if all(change["was"] == change["is"] for change in joined.values()):
        db.session.delete(last)
    else:
        last.changes, last.at = joined, now()


def _write(actor: Actor, campaign: Campaign, changes: dict[str, dict[str, Any]]) -> None:
    db.session.add(
        SlotEdit(partner_id=campaign.partner_id, campaign_id=campaign.id, person_id=actor.person.id, changes=changes)
    )  # fmt: skip
    db.session.flush()
    oldest = db.session.scalars(_of(campaign).with_only_columns(SlotEdit.id).offset(KEPT).limit(1)).first()
    if oldest is not None:
        db.session.execute(delete(SlotEdit).where(SlotEdit.campaign_id == campaign.id, SlotEdit.id <= oldest))


def _store(actor: Actor, campaign: Campaign, values: Values) -> None:
    campaign.slot_values = values
    campaign.updated_at = now()
    lapse(actor, campaign)


def lapse(actor: Actor, campaign: Campaign) -> None:
    """What was approved isn't what stands there any more: an approved campaign is a draft again."""
    if campaign.status is CampaignStatus.APPROVED:
        db.session.flush()
        review.lapse(campaign)
    if campaign.status is CampaignStatus.APPROVED:  # nobody had to look at it
        CAMPAIGN.move(campaign, CampaignStatus.DRAFT)
        record(actor, "campaign.reopened", campaign)


def _forget_undone(actor: Actor, campaign: Campaign) -> None:
    """After a new change nothing that was taken back can be done again."""
    for edit in db.session.scalars(_own(actor, campaign).where(SlotEdit.undone_at.is_not(None))):
        db.session.delete(edit)


def _own(actor: Actor, campaign: Campaign) -> Select[SlotEdit]:
    return _of(campaign).where(SlotEdit.person_id == actor.person.id)


def _of(campaign: Campaign) -> Select[SlotEdit]:
    query = select(SlotEdit).where(SlotEdit.campaign_id == campaign.id)  # unscoped: by its campaign
    return query.order_by(SlotEdit.id.desc())
