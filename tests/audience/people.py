"""Contacts for the tests, made in one line each."""

from datetime import date, timedelta

from app.accounts.models import Organisation
from app.audience.models import Consent, ConsentBasis, ConsentPurpose, Contact, ContactList, ListMember
from app.audience.suppress import address_hash
from app.clock import now
from app.db import db


def contact(
    partner: Organisation, email: str, member_of: ContactList | None = None, **fields: str
) -> Contact:
    """A contact of the partner, in a list if one is given."""
    row = Contact(partner_id=partner.id, email=email, address_hash=address_hash(email), **fields)
    db.session.add(row)
    db.session.flush()
    if member_of is not None:
        db.session.add(ListMember(list_id=member_of.id, contact_id=row.id, partner_id=partner.id))
        db.session.flush()
    return row


def agreed(
    person: Contact, purpose: ConsentPurpose = ConsentPurpose.MARKETING, expires_on: date | None = None
) -> Consent:
    """A yes on record for this contact."""
    basis = ConsentBasis.CUSTOMER if expires_on else ConsentBasis.EXPRESS
    row = Consent(
        partner_id=person.partner_id, contact_id=person.id, purpose=purpose, basis=basis, source="Maritime IT Day",
        controller="Harbour IT", method="by hand", given_on=now().date() - timedelta(days=10), expires_on=expires_on,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row
