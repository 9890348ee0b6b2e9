"""What a partner does with a lead: accept it, hand it over, turn it down, write down what was said."""

from sqlalchemy import select

from app.accounts import audit
from app.accounts.actor import Actor
from app.accounts.models import Membership, Person
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid
from app.leads.models import LEAD, Lead, LeadNote, LeadStatus


def accept(actor: Actor, lead: Lead) -> None:
    """Take the lead on; the clock stops."""
    LEAD.move(lead, LeadStatus.ACCEPTED)
    lead.answered_at = lead.answered_at or now()
    lead.assigned_to = lead.assigned_to or actor.person.id
    audit.record(actor, "lead.accepted", lead)


def reject(actor: Actor, lead: Lead, reason: str) -> None:
    """Turn the lead down with a reason, which is needed."""
    if not reason.strip():
        raise Invalid("Say why, in a few words.", {"reason": "Say why, in a few words."})
    LEAD.move(lead, LeadStatus.REJECTED)
    lead.answered_at = lead.answered_at or now()
    lead.reject_reason = reason.strip()[:200]
    audit.record(actor, "lead.rejected", lead)


def reopen(actor: Actor, lead: Lead) -> None:
    """Take a rejection back."""
    LEAD.move(lead, LeadStatus.NEW)
    lead.reject_reason = None
    audit.record(actor, "lead.reopened", lead)


def qualify(actor: Actor, lead: Lead) -> None:
    """There is a real need; a deal may follow."""
    LEAD.move(lead, LeadStatus.QUALIFIED)
    audit.record(actor, "lead.qualified", lead)


def hand_over(actor: Actor, lead: Lead, person_pid: str) -> Person:
    """Give the lead to a colleague. Raises Invalid for a person of another organisation."""
    colleague = db.session.scalars(
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.organisation_id == actor.organisation.id, Person.pid == person_pid)
    ).one_or_none()
    if colleague is None:
        raise Invalid("Choose a colleague.", {"person": "Choose a colleague."})
    lead.assigned_to = colleague.id
    audit.record(actor, "lead.handed_over", lead, to=colleague.id)
    return colleague


def share(actor: Actor, lead: Lead) -> None:
    """Let the vendor see the lead. What is shared stays shared."""
    if lead.shared_at is None:
        lead.shared_at = now()
        audit.record(actor, "lead.shared", lead)


def note(actor: Actor, lead: Lead, text: str) -> LeadNote:
    """Write down what was said or agreed."""
    words = text.strip()
    if not words:
        raise Invalid("Write what was said or agreed.", {"text": "Write what was said or agreed."})
    entry = LeadNote(
        partner_id=lead.partner_id, lead_id=lead.id, person_id=actor.person.id, text=words[:4000]
    )
    db.session.add(entry)
    return entry


def notes(actor: Actor, lead: Lead) -> list[LeadNote]:
    """The lead's notes, newest first."""
    return list(
        db.session.scalars(
            scoped(actor.organisation, LeadNote)
            .where(LeadNote.lead_id == lead.id)
            .order_by(LeadNote.id.desc())
        )
    )
