"""A person who left their details on the partner's page: known again by address, or new, with the consent they just gave."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.audience.models import Consent, ConsentBasis, ConsentPurpose, Contact
from app.audience.suppress import address_hash
from app.db import db


@dataclass(frozen=True)
class Visitor:
    """What a form says about a person. Empty texts say nothing."""

    email: str
    name: str = ""
    company: str = ""
    phone: str = ""


def remember(partner_id: int, visitor: Visitor) -> Contact:
    """The partner's contact with this address, made if need be; empty fields are filled, known ones kept."""
    contact = db.session.scalars(
        select(Contact).where(
            Contact.partner_id == partner_id, Contact.email == visitor.email
        )  # unscoped: scoped by its first condition
    ).one_or_none()
    if contact is None:
        contact = Contact(
            partner_id=partner_id, email=visitor.email, address_hash=address_hash(visitor.email)
        )
        db.session.add(contact)
    first, _, last = visitor.name.strip().partition(" ")
    for field, value in (
        ("first_name", first),
        ("last_name", last),
        ("company", visitor.company),
        ("phone", visitor.phone),
    ):
        if value and not getattr(contact, field):
            setattr(contact, field, value[: getattr(Contact, field).type.length])
    db.session.flush()
    return contact


@dataclass(frozen=True)
class GivenConsent:
    """A ticked box: its exact words and their version, to whom, where and when."""

    wording: str
    wording_version: str
    controller: str
    source: str
    at: datetime


def record_consent(contact: Contact, given: GivenConsent) -> Consent:
    """Keep an express yes to marketing that a person gave on a form."""
    consent = Consent(
        partner_id=contact.partner_id,
        contact_id=contact.id,
        purpose=ConsentPurpose.MARKETING,
        basis=ConsentBasis.EXPRESS,
        source=given.source[:200],
        wording=given.wording,
        wording_version=given.wording_version[:40],
        controller=given.controller[:160],
        method="form",
        given_on=given.at.date(),
    )
    db.session.add(consent)
    return consent
