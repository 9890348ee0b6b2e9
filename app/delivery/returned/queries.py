"""What pages read of what came back: a contact's evidence, bounced addresses of a partner, counts of a campaign."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select

from app.accounts.models import Organisation
from app.audience.models import Contact, Suppression, SuppressionReason, SuppressionScope
from app.campaigns.models import Campaign
from app.db import db, scoped
from app.delivery.models import Delivery, DeliveryState, Send, in_campaign
from app.delivery.records import BOUNCES, Came, ReturnedMail, Source
from app.delivery.returned.evidence import LABELS, reason_of
from app.web.paging import Page, offset_of

PAGE = 50


@dataclass(frozen=True)
class Told:
    """One piece of evidence as people read it."""

    row: ReturnedMail
    campaign: str

    @property
    def label(self) -> str:
        """What happened."""
        if self.row.source is Source.REPLY:
            return "Refused for good" if self.row.kind is Came.HARD else "Refused this time"
        return LABELS[self.row.kind]

    @property
    def tone(self) -> str:
        """How its mark is drawn: bad, wait or rest."""
        if self.row.kind in (Came.HARD, Came.COMPLAINT):
            return "bad"
        return "wait" if self.row.kind in (Came.SOFT, Came.DELAYED, Came.NOT_SENT) else "rest"

    @property
    def reason(self) -> str:
        """Why, in words."""
        return reason_of(self.row.cause) or ""


@dataclass(frozen=True)
class Counts:
    """Messages of a campaign that were accepted and came back, and those that somebody complained about."""

    bounced: int = 0
    complained: int = 0


def of_contact(partner: Organisation, contact: Contact, most: int = 50) -> list[Told]:
    """What came back from a contact of the partner, the newest first."""
    query = (
        scoped(partner, ReturnedMail)
        .add_columns(Campaign.name)
        .join(Send, Send.id == ReturnedMail.send_id)
        .join(Campaign, Campaign.id == Send.campaign_id)
        .where(ReturnedMail.contact_id == contact.id)
        .order_by(ReturnedMail.received_at.desc(), ReturnedMail.id.desc())
        .limit(most)
    )
    return [Told(row, name) for row, name in db.session.execute(query)]


def of_deliveries(partner: Organisation, delivery_ids: Sequence[int]) -> dict[int, ReturnedMail]:
    """The latest evidence of each of these messages, as far as it says that it came back or was complained about."""
    kinds = (*BOUNCES, Came.COMPLAINT, Came.NOT_SENT)
    query = (
        scoped(partner, ReturnedMail)
        .where(
            ReturnedMail.delivery_id.in_(delivery_ids),
            ReturnedMail.kind.in_(kinds),
            ReturnedMail.source != Source.REPLY,
        )
        .order_by(ReturnedMail.id)
    )
    return {row.delivery_id: row for row in db.session.scalars(query) if row.delivery_id}


def of_sends(send_ids: Sequence[int]) -> Counts:
    """How many messages of these sends were accepted and then came back, and how many were complained about; counts only."""
    complained = select(func.count(ReturnedMail.delivery_id.distinct())).where(  # unscoped: counts of sends
        ReturnedMail.send_id.in_(send_ids), ReturnedMail.kind == Came.COMPLAINT
    )
    bounced = (
        select(func.count(ReturnedMail.delivery_id.distinct()))  # unscoped: counts of sends
        .join(Delivery, Delivery.id == ReturnedMail.delivery_id)
        .where(
            ReturnedMail.send_id.in_(send_ids),
            ReturnedMail.kind.in_(BOUNCES),
            Delivery.state == DeliveryState.ACCEPTED,
        )
    )
    return Counts(db.session.scalar(bounced) or 0, db.session.scalar(complained) or 0)


def of_campaign(campaign: Campaign) -> Counts:
    """The same over all sends of a campaign."""
    ids = db.session.scalars(
        select(Send.id).where(Send.campaign_id == campaign.id)
    )  # unscoped: of this campaign
    return of_sends(list(ids))


@dataclass(frozen=True)
class Bounced:
    """An address that is not mailed any more, with the last evidence."""

    contact: Contact
    since: datetime
    told: ReturnedMail | None

    @property
    def reason(self) -> str:
        """Why, in words."""
        return (reason_of(self.told.cause) if self.told else "") or "It was reported as undeliverable."


def bounced_addresses(partner: Organisation, number: int) -> Page[Bounced]:
    """A page of the partner's contacts whose address bounced and is still the same, the latest first."""
    query = (
        scoped(partner, Contact)
        .add_columns(Suppression.at, Suppression.delivery_id)
        .join(Delivery, Delivery.contact_id == Contact.id)
        .join(Suppression, Suppression.delivery_id == Delivery.id)
        .where(
            Suppression.scope == SuppressionScope.PARTNER,
            Suppression.organisation_id == partner.id,
            Suppression.reason == SuppressionReason.BOUNCE,
            Suppression.address_hash == Contact.address_hash,
            Contact.erased_at.is_(None),
        )
    )
    total = db.session.scalar(query.with_only_columns(func.count(Contact.id))) or 0
    offset = offset_of(number, PAGE, total)
    rows = db.session.execute(
        query.order_by(Suppression.at.desc(), Contact.id.desc()).offset(offset).limit(PAGE)
    ).all()
    told = _last_bounces(partner, [row[2] for row in rows])
    return Page([Bounced(row[0], row[1], told.get(row[2])) for row in rows], offset, PAGE, total)


def _last_bounces(partner: Organisation, delivery_ids: Sequence[int]) -> dict[int, ReturnedMail]:
    query = (
        scoped(partner, ReturnedMail)
        .where(and_(ReturnedMail.delivery_id.in_(delivery_ids), ReturnedMail.kind.in_(BOUNCES)))
        .order_by(ReturnedMail.id)
    )
    return {row.delivery_id: row for row in db.session.scalars(query) if row.delivery_id}


def came_back(campaign: Campaign, kinds: Sequence[Came]) -> ColumnElement[bool]:
    """The condition on Delivery for a campaign's messages that these kinds of evidence are about."""
    evidence = select(ReturnedMail.id).where(  # unscoped: bound to the delivery of the outer query
        ReturnedMail.delivery_id == Delivery.id,
        ReturnedMail.kind.in_(kinds),
        ReturnedMail.source != Source.REPLY,
    )
    found = and_(in_campaign(campaign.id), evidence.correlate(Delivery).exists())
    return found if Came.COMPLAINT in kinds else and_(found, Delivery.state == DeliveryState.ACCEPTED)


def unmatched(most: int = 1_000) -> list[ReturnedMail]:
    """What belongs to no message, the newest first: for whoever runs the installation."""
    query = select(ReturnedMail).where(ReturnedMail.partner_id.is_(None))  # unscoped: belongs to nobody
    return list(db.session.scalars(query.order_by(ReturnedMail.received_at.desc()).limit(most)))
