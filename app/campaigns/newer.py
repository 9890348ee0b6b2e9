"""A draft moves to a newer version of its kit: words that still fit stay, and before that a page says what will change.

Words that no longer fit wait beside their field for whoever moved it; where the field is gone they are shown before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.campaigns import history, subject_test, unsaved, words
from app.campaigns.models import Campaign
from app.campaigns.subject_test import SubjectTest
from app.campaigns.words import in_one_line
from app.db import db
from app.errors import Conflict, Refused
from app.kits.models import KitVersion
from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.queries import kit_source, open_kits, version_by_id
from app.kits.slots import SlotError, clean, default_of


@dataclass(frozen=True)
class Line:
    """One thing that changes: what it is called, what stood there, what stands there then, and a note where it needs one."""

    label: str
    was: str
    becomes: str
    note: str = ""


@dataclass(frozen=True)
class Move:
    """What moving to `version` does. `kept` counts the partner's own words that stay; `dropped` are those that don't."""

    version: KitVersion
    kept: int
    dropped: tuple[Line, ...]
    added: tuple[Line, ...]
    kit_words: tuple[Line, ...]
    pieces: tuple[str, ...]
    loses_test: bool
    values: Mapping[str, Any]
    waiting: Mapping[str, str]


def offered(partner: Organisation, campaign: Campaign) -> KitVersion | None:
    """The published version of the same kit that is open to the partner, if the campaign has another and may be changed."""
    if campaign.status not in words.CHANGEABLE:
        return None
    mine = version_by_id(campaign.kit_version_id)
    found = (item.version for item in open_kits(partner) if item.version.kit_id == mine.kit_id)
    return next((version for version in found if version.id != mine.id), None)


def plan(partner: Organisation, campaign: Campaign) -> Move:
    """What would change. Raises Refused where there is nothing to move to."""
    version = offered(partner, campaign)
    if version is None:
        raise Refused("There is no newer version of this kit that this campaign could move to.")
    before, after = kit_source(version_by_id(campaign.kit_version_id)), kit_source(version)
    values, dropped, waiting = _carried(campaign, before, after)
    planned = subject_test.of(campaign)
    return Move(
        version=version,
        kept=len(values),
        dropped=tuple(dropped),
        added=tuple(_added(before, after)),
        kit_words=tuple(_kit_words(campaign, before, after)),
        pieces=tuple(_pieces(before, after)),
        loses_test=planned is not None and not _test_fits(planned, before, after),
        values=values,
        waiting=waiting,
    )


def move(actor: Actor, campaign: Campaign, version_pid: str) -> Move:
    """Take the newer version. Raises Refused where there is none, Conflict where it isn’t the one that was shown."""
    words.begin_change(campaign)
    found = plan(actor.organisation, campaign)
    if found.version.pid != version_pid:
        raise Conflict("An even newer version came out meanwhile. Look at what changes, then decide.")
    if found.loses_test:
        subject_test.remove(actor, campaign)
    campaign.kit_version_id = found.version.id
    history.put(actor, campaign, dict(found.values))
    history.lapse(actor, campaign)
    unsaved.keep(actor, campaign, found.waiting, found.waiting, {})
    db.session.flush()
    record(actor, "campaign.moved", campaign, kit_version_id=found.version.id)
    return found


def _carried(
    campaign: Campaign, before: KitSource, after: KitSource
) -> tuple[dict[str, Any], list[Line], dict[str, str]]:
    """The partner's words that fit the new slots, those that don't with the reason, and what of these can be shortened there."""
    values: dict[str, Any] = {}
    dropped: list[Line] = []
    waiting: dict[str, str] = {}
    for name, value in campaign.slot_values.items():
        old, new = before.slot(name), after.slot(name)
        if new is None or (old is not None and not _same_kind(old, new)):
            if old is not None:
                dropped.append(Line(_label(old), in_one_line(old, value), "", "This field is gone."))
            continue
        try:
            cleaned = clean(new, value)
        except SlotError as error:
            dropped.append(
                Line(_label(new), in_one_line(new, value), in_one_line(new, default_of(new)), error.message)
            )
            if new.type is not SlotType.IMAGE:
                waiting[name] = "\n".join(value) if isinstance(value, list) else str(value)
            continue
        if cleaned is not None and cleaned != default_of(new):
            values[name] = cleaned
    return values, dropped, waiting


def _same_kind(old: Slot, new: Slot) -> bool:
    """Whether words of one may stand in the other: the limits are asked after that."""
    if SlotType.IMAGE in (old.type, new.type) or SlotType.LIST in (old.type, new.type):
        return old.type is new.type
    return True


def _added(before: KitSource, after: KitSource) -> list[Line]:
    note = {True: "You fill it in.", False: "You may fill it in."}
    return [
        Line(
            _label(slot),
            "",
            in_one_line(slot, default_of(slot)),
            note[slot.required and default_of(slot) is None],
        )
        for slot in after.slots
        if before.slot(slot.name) is None
    ]


def _kit_words(campaign: Campaign, before: KitSource, after: KitSource) -> list[Line]:
    """The kit's own words that are others now, where the partner has none."""
    found = []
    for slot in after.slots:
        old = before.slot(slot.name)
        if old and slot.name not in campaign.slot_values and default_of(old) != default_of(slot):
            found.append(
                Line(_label(slot), in_one_line(old, default_of(old)), in_one_line(slot, default_of(slot)))
            )
    return found


def _pieces(before: KitSource, after: KitSource) -> list[str]:
    """Mails and pages that came, went or read differently, in words."""
    old = {("email", e.name): e for e in before.emails} | {("page", p.name): p for p in before.pages}
    new = {("email", e.name): e for e in after.emails} | {("page", p.name): p for p in after.pages}
    lines = [f"“{piece.title}” is new." for key, piece in new.items() if key not in old]
    lines += [f"“{piece.title}” is gone." for key, piece in old.items() if key not in new]
    lines += [
        f"“{piece.title}” has changed."
        for key, piece in new.items()
        if key in old and _content(piece) != _content(old[key])
    ]
    return (
        lines
        if before.steps == after.steps
        else [*lines, "The mails go out in another order or on other days."]
    )


def _content(piece: Any) -> tuple[Any, ...]:
    names = ("source", "subject", "preheader", "title", "description", "form", "language")
    return tuple(getattr(piece, name, None) for name in names)


def _test_fits(planned: SubjectTest, before: KitSource, after: KitSource) -> bool:
    """Whether the planned test can go on: its email is there, and lines that came with the kit still come with it."""
    email = planned.experiment.email
    if after.email(email) is None or not subject_test.may_be_tested(after, email):
        return False
    known = {text for spec in subject_test.offered(after) for _, text in spec.variants}
    return all(subject.text in known for subject in planned.subjects if subject.is_template)


def _label(slot: Slot) -> str:
    return slot.label or slot.name
