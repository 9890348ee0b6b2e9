"""What is known of a contact's engagement: later rooms say of whom something became known, and what it comes to is written here."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from app.audience.models import ANY_CAMPAIGN, Deed, Engagement, EngagementDue
from app.db import db


@dataclass(frozen=True)
class Fact:
    """So many times one deed of one contact, in one campaign (None: in none), and when last."""

    contact_id: int
    partner_id: int
    deed: Deed
    campaign_id: int | None
    times: int
    last_at: datetime


def mark(people: Iterable[tuple[int, int]]) -> None:
    """Something became known, or is known otherwise, of these (partner id, contact id). Call it in the transaction that writes it."""
    rows = [{"partner_id": partner, "contact_id": contact} for partner, contact in sorted(set(people))]
    if rows:
        db.session.execute(insert(EngagementDue), rows)


def due(limit: int) -> tuple[list[int], set[int]]:
    """The oldest marks and whom they are about; give the marks back to `done` once those are written."""
    query = select(EngagementDue.id, EngagementDue.contact_id)  # unscoped: a job for all partners
    rows = db.session.execute(query.order_by(EngagementDue.id).limit(limit)).all()
    return [row.id for row in rows], {row.contact_id for row in rows}


def done(marks: Sequence[int]) -> None:
    """Forget marks. Who was marked once more meanwhile has a mark of its own, and is worked out again."""
    db.session.execute(delete(EngagementDue).where(EngagementDue.id.in_(marks)))


def write(contact_ids: Iterable[int], facts: Iterable[Fact]) -> None:
    """Put these facts, and their sums over all campaigns, in the place of all that was known of these contacts."""
    db.session.execute(delete(Engagement).where(Engagement.contact_id.in_(list(contact_ids))))
    sums: dict[tuple[int, Deed, int], list[Fact]] = defaultdict(list)
    for fact in facts:
        sums[fact.contact_id, fact.deed, ANY_CAMPAIGN].append(fact)
        if fact.campaign_id:
            sums[fact.contact_id, fact.deed, fact.campaign_id].append(fact)
    rows = [
        {
            "contact_id": contact_id,
            "deed": deed,
            "campaign_id": campaign_id,
            "partner_id": found[0].partner_id,
            "times": sum(fact.times for fact in found),
            "last_at": max(fact.last_at for fact in found),
        }
        for (contact_id, deed, campaign_id), found in sums.items()
    ]
    if rows:
        db.session.execute(insert(Engagement), rows)
