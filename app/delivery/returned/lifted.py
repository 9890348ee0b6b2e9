"""A person knows better than what came back: the evidence stays to be read, and counts no more."""

from sqlalchemy import update

from app.accounts.actor import Actor
from app.audience.correct import lift_bounce
from app.audience.models import Contact
from app.clock import now
from app.db import db
from app.delivery.records import ReturnedMail


def mail_again(actor: Actor, contact: Contact, why: str) -> None:
    """Lift a contact's bounce with a reason; soft bounces are counted from the beginning. Raises Refused."""
    lift_bounce(actor, contact, why)
    mine = (
        ReturnedMail.contact_id == contact.id,
        ReturnedMail.partner_id == actor.organisation.id,
        ReturnedMail.lifted_at.is_(None),
    )
    db.session.execute(update(ReturnedMail).where(*mine).values(lifted_at=now()))
