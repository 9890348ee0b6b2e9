"""The way back from a mail: whoever holds its link says no, once and for good, to the partner and the vendor alike.

The token names a delivery; nothing else is asked. A no may be taken back for 30 days by whoever holds such a link.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from app import tokens
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.assets.brand import default_brand
from app.audience import consent
from app.audience.models import Contact, Suppression, SuppressionReason, SuppressionScope
from app.audience.suppress import lift, suppress
from app.campaigns.prepare import as_partner
from app.clock import now
from app.db import db
from app.delivery import ended
from app.delivery.models import Delivery, Send
from app.errors import NotFound, Refused
from app.render.context import Partner

PURPOSE = "unsubscribe"
TAKE_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Recipient:
    """Who holds the link, from whom the mail came, and with whom."""

    delivery_id: int
    contact: Contact
    partner: Organisation
    vendor: Organisation

    @property
    def address(self) -> str:
        """The address in words; an erased one is not known any more."""
        return "this address" if self.contact.erased_at else self.contact.email

    @property
    def looks(self) -> Partner:
        """The partner as its pages show it."""
        return as_partner(default_brand(self.partner), self.partner)


def recipient(token: str) -> Recipient:
    """Who this link was made for. Raises NotFound for forged, foreign and forgotten tokens alike."""
    delivery_id = tokens.read(PURPOSE, token)
    query = (
        select(Delivery.id, Contact, Send.partner_id, Send.vendor_id)  # unscoped: the token names the row
        .join(Contact, Contact.id == Delivery.contact_id)
        .join(Send, Send.id == Delivery.send_id)
        .where(Delivery.id == delivery_id)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound()
    found, contact, partner_id, vendor_id = row
    partner, vendor = (
        db.session.get_one(Organisation, partner_id),
        db.session.get_one(Organisation, vendor_id),
    )
    return Recipient(found, contact, partner, vendor)


def said_no_at(person: Recipient) -> datetime | None:
    """When this person said no to the partner; None while they haven't."""
    return db.session.scalar(
        select(Suppression.at).where(
            Suppression.address_hash == person.contact.address_hash,
            Suppression.scope == SuppressionScope.PARTNER,
            Suppression.organisation_id == person.partner.id,
            Suppression.reason == SuppressionReason.UNSUBSCRIBE,
        )
    )


def unsubscribe(person: Recipient) -> datetime:
    """Record the no at both, withdraw every yes to the partner; returns since when it counts. Saying it twice changes nothing."""
    already = said_no_at(person)
    if already is not None:
        return already
    at, key, why = now(), person.contact.address_hash, SuppressionReason.UNSUBSCRIBE
    suppress(SuppressionScope.PARTNER, person.partner.id, key, why, person.delivery_id, at)
    suppress(SuppressionScope.VENDOR, person.vendor.id, key, why, person.delivery_id, at)
    consent.withdraw(person.partner.id, [person.contact.id], at)
    ended.said_no(person.partner.id, person.contact.id, at)
    record(None, "contact.unsubscribed", person.contact, delivery_id=person.delivery_id)
    return at


def take_back(person: Recipient) -> None:
    """Undo a no that was pressed by mistake: what this person's own links said, and the yeses it withdrew.

    Raises Refused after 30 days; a no that never came from a link of theirs is left alone.
    """
    at = said_no_at(person)
    if at is None:
        return
    if at < now() - TAKE_BACK:
        raise Refused(
            f"This worked for 30 days. Tell {person.partner.name} yourself that you want to hear from them again."
        )
    own = select(Delivery.id).where(
        Delivery.contact_id == person.contact.id
    )  # unscoped: the token's own contact
    scopes = or_(
        and_(Suppression.scope == SuppressionScope.PARTNER, Suppression.organisation_id == person.partner.id),
        and_(Suppression.scope == SuppressionScope.VENDOR, Suppression.organisation_id == person.vendor.id),
    )
    rows = db.session.scalars(
        select(Suppression).where(
            Suppression.address_hash == person.contact.address_hash,
            Suppression.reason == SuppressionReason.UNSUBSCRIBE,
            Suppression.delivery_id.in_(own),
            scopes,
        )
    ).all()
    lift(rows)
    for moment in {row.at for row in rows if row.scope is SuppressionScope.PARTNER}:
        consent.restore(person.partner.id, person.contact.id, moment)
    if rows:
        record(None, "contact.unsubscribe_taken_back", person.contact, delivery_id=person.delivery_id)
