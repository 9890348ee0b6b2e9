"""An address that is wrong is corrected, or a person knows better than a bounce; both are journaled, and the past stays what it was."""

from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.audience.address import BadAddress, normalise
from app.audience.models import Contact, Suppression, SuppressionReason, SuppressionScope
from app.audience.records import AddressChange
from app.audience.suppress import address_hash, lift
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid, Refused


def correct_address(actor: Actor, contact: Contact, typed: str) -> None:
    """Give a contact its right address. Noes go by the address, so those of the old one stay with it. Raises Invalid."""
    try:
        email = normalise(typed)
    except BadAddress as error:
        raise Invalid("The address is wrong.", {"email": f"{error.message}. {error.mend}."}) from None
    if email == contact.email:
        raise Invalid("The address is the same.", {"email": "This is the address that bounced."})
    taken = scoped(actor.organisation, Contact).where(Contact.email == email)
    if db.session.scalars(taken).first() is not None:
        raise Invalid("The address is taken.", {"email": "Another contact of yours has this address."})
    at = now()
    db.session.add(
        AddressChange(
            partner_id=actor.organisation.id,
            contact_id=contact.id,
            address_hash=contact.address_hash,
            changed_at=at,
        )
    )
    contact.email, contact.address_hash, contact.updated_at = email, address_hash(email), at
    record(actor, "contact.address_corrected", contact)


def bounce_of(partner_id: int, contact: Contact) -> Suppression | None:
    """The bounce that keeps the partner from mailing this contact."""
    return db.session.scalars(
        select(Suppression).where(
            Suppression.address_hash == contact.address_hash,
            Suppression.scope == SuppressionScope.PARTNER,
            Suppression.organisation_id == partner_id,
            Suppression.reason == SuppressionReason.BOUNCE,
        )
    ).one_or_none()


def lift_bounce(actor: Actor, contact: Contact, why: str) -> None:
    """Mail an address again that bounced, in a person's name and with a reason. Raises Refused where nothing bounced."""
    found = bounce_of(actor.organisation.id, contact)
    if found is None:
        raise Refused("Their address has not bounced.")
    lift([found])
    record(actor, "contact.bounce_lifted", contact, why=why)
