"""Questions, answers and reasons: what both sides wrote about a request or a claim, never changed afterwards."""

from app.accounts.actor import Actor
from app.db import db
from app.errors import Invalid
from app.mdf.models import Claim, MdfNote, MdfRequest


def words(text: str, empty: str, field: str = "text") -> str:
    """The text without blanks around. Raises Invalid with `empty` where nothing is left."""
    cleaned = text.strip()
    if not cleaned:
        raise Invalid(empty, {field: empty})
    return cleaned[:2000]


def write(actor: Actor, request: MdfRequest, claim: Claim | None, text: str) -> MdfNote:
    """Add a note in the actor's name."""
    note = MdfNote(
        vendor_id=request.vendor_id,
        partner_id=request.partner_id,
        request_id=request.id,
        claim_id=claim.id if claim else None,
        organisation_id=actor.organisation.id,
        person_id=actor.person.id,
        text=text,
    )
    db.session.add(note)
    return note
