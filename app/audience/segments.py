"""Segments: made, changed, copied and deleted; counted as a whole, after each condition, and sampled by lot."""

import secrets
import time
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, true

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.audience.models import Contact, Segment
from app.audience.people import People
from app.audience.rules import Group, Rules
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid

PATIENCE = 1.5  # seconds after which the counts after each single condition are left out
_FEW = 2_000  # up to so many are sorted by lot; of more the next one behind a random id is taken


def segments_of(partner: Organisation) -> list[Segment]:
    """The partner's segments by name."""
    return list(db.session.scalars(scoped(partner, Segment).order_by(func.lower(Segment.name))))


def count(partner: Organisation, rules: Rules) -> int:
    """How many contacts the rules mean now."""
    return _count(partner.id, People(rules=rules))


def _count(partner_id: int, people: People) -> int:
    return db.session.scalar(people.select(partner_id, func.count())) or 0


def after_each(partner: Organisation, rules: Rules, total: int) -> list[int | None]:
    """How many are meant by the rules up to and with each condition; None for those that would take too long."""
    until = time.monotonic() + PATIENCE
    found: list[int | None] = []
    for place, group in enumerate(rules.groups):
        for number in range(1, len(group.conditions) + 1):
            so_far = Rules((*rules.groups[:place], Group(group.conditions[:number], group.join)), rules.join)
            is_last = len(found) + 1 == len(rules.conditions)
            late = time.monotonic() > until
            found.append(total if is_last else None if late else count(partner, so_far))
    return found


def sample(
    partner: Organisation, people: People, total: int, many: int = 5, only: ColumnElement[bool] | None = None
) -> list[Contact]:
    """Up to `many` of these people, drawn by lot; of those alone for whom `only` holds, if it is given."""
    condition = true() if only is None else only
    query = people.select(partner.id, Contact).where(condition)
    if total <= _FEW:
        return list(db.session.scalars(query.order_by(func.random()).limit(many)))
    low, high = db.session.execute(
        select(func.min(Contact.id), func.max(Contact.id)).where(Contact.partner_id == partner.id)
    ).one()
    found: dict[int, Contact] = {}
    walk = people.by_windows().select(partner.id, Contact).where(condition).order_by(Contact.id).limit(1)
    for _ in range(4 * many):
        at = low + secrets.randbelow(high - low + 1)
        drawn = db.session.scalars(walk.where(Contact.id >= at)).first()
        if drawn is not None:
            found[drawn.id] = drawn
        if len(found) == many:
            break
    return list(found.values())


def save(actor: Actor, segment: Segment | None, name: str, rules: Rules) -> Segment:
    """Make or change a segment. Raises Invalid without a name or a condition, or for a name that another one has."""
    name = " ".join(name.split())
    if not 0 < len(name) <= 120 or "\x00" in name:
        raise Invalid("It isn’t saved.", {"name": "Give it a name of at most 120 characters."})
    if not rules.conditions:
        raise Invalid("It isn’t saved.", {"rules": "Add a condition: without one it would mean everybody."})
    same = scoped(actor.organisation, Segment).where(func.lower(Segment.name) == name.lower())
    if any(other is not segment for other in db.session.scalars(same)):
        raise Invalid("It isn’t saved.", {"name": "Another segment has this name."})
    made = segment is None
    segment = segment or Segment(partner_id=actor.organisation.id, created_by=actor.person.id)
    segment.name, segment.rules, segment.updated_at = name, rules.to_json(), now()
    db.session.add(segment)
    db.session.flush()
    record(actor, "segment.created" if made else "segment.changed", segment)
    return segment


def copy(actor: Actor, segment: Segment) -> Segment:
    """Another one with the same rules, under a name of its own."""
    names = {each.name.lower() for each in segments_of(actor.organisation)}
    free = (f"{segment.name[:100]} (copy{f' {number}' if number > 1 else ''})" for number in range(1, 1_000))
    name = next(each for each in free if each.lower() not in names)
    return save(actor, None, name, Rules.from_json(segment.rules))


@dataclass(frozen=True)
class Counted:
    """A segment on the list of them."""

    segment: Segment
    people: int


def counted(partner: Organisation) -> list[Counted]:
    """Every segment with how many people it means now."""
    return [Counted(each, count(partner, Rules.from_json(each.rules))) for each in segments_of(partner)]
