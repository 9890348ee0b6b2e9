"""The noes of a partner, a vendor or the platform: asked about, added by hand, taken back. Kept as keyed hashes, never as addresses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, update

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation, OrganisationKind
from app.audience import consent
from app.audience.models import Consent, Contact, Suppression, SuppressionReason, SuppressionScope
from app.audience.suppress import PLATFORM, address_hash, lift, suppress_all
from app.clock import now
from app.db import db, scoped
from app.errors import Refused
from app.programs.queries import vendors_of

MONTHS = 12
REASONS = {
    SuppressionReason.UNSUBSCRIBE: "Said no with the link in a mail",
    SuppressionReason.COMPLAINT: "Marked a mail as spam",
    SuppressionReason.BOUNCE: "The address bounced",
    SuppressionReason.MANUAL: "Added by hand or from a file",
}

IN_SHORT = {
    SuppressionReason.UNSUBSCRIBE: "By link",
    SuppressionReason.COMPLAINT: "As spam",
    SuppressionReason.BOUNCE: "Bounced",
    SuppressionReason.MANUAL: "By hand",
}


@dataclass(frozen=True)
class Holder:
    """Whose noes: a partner's, a vendor's (they hold for all its partners' campaigns with it), or everybody's."""

    scope: SuppressionScope
    organisation_id: int

    @property
    def mine(self) -> ColumnElement[bool]:
        """The condition on Suppression."""
        return and_(Suppression.scope == self.scope, Suppression.organisation_id == self.organisation_id)


EVERYBODY = Holder(SuppressionScope.PLATFORM, PLATFORM)


def holder_of(organisation: Organisation) -> Holder:
    """The noes that an organisation keeps itself."""
    vendor = organisation.kind is OrganisationKind.VENDOR
    return Holder(SuppressionScope.VENDOR if vendor else SuppressionScope.PARTNER, organisation.id)


@dataclass(frozen=True)
class Month:
    """How many came in a month, by reason."""

    begins: datetime
    people: dict[SuppressionReason, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.people.values())


@dataclass(frozen=True)
class Counts:
    """All noes by reason, and those of the last twelve months, the latest first."""

    reasons: dict[SuppressionReason, int]
    months: tuple[Month, ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.reasons.values())


def counts(holder: Holder) -> Counts:
    """Count by reason, and by month (UTC)."""
    begins = _months(now())
    ends = [now().replace(year=now().year + 1), *begins[:-1]]
    within = [
        func.sum(case((and_(Suppression.at >= start, Suppression.at < end), 1), else_=0))
        for start, end in zip(begins, ends, strict=True)
    ]
    rows = db.session.execute(
        select(Suppression.reason, func.count(), *within).where(holder.mine).group_by(Suppression.reason)
    ).all()
    reasons = {reason: next((row[1] for row in rows if row[0] is reason), 0) for reason in SuppressionReason}
    months = tuple(
        Month(start, {row[0]: int(row[2 + number] or 0) for row in rows})
        for number, start in enumerate(begins)
    )
    return Counts({reason: people for reason, people in reasons.items() if people}, months)


def _months(moment: datetime) -> list[datetime]:
    """The starts of the last twelve months, the latest first."""
    number = moment.year * 12 + moment.month - 1
    return [
        datetime((number - back) // 12, (number - back) % 12 + 1, 1, tzinfo=UTC) for back in range(MONTHS)
    ]


def look_up(holder: Holder, email: str) -> list[Suppression]:
    """What keeps a normalised address from being mailed, as this holder may know it: its own noes and the platform's."""
    query = select(Suppression).where(
        Suppression.address_hash == address_hash(email), or_(holder.mine, EVERYBODY.mine)
    )
    return list(db.session.scalars(query.order_by(Suppression.at, Suppression.id)))


def add(holder: Holder, emails: Sequence[str], at: datetime) -> int:
    """Add a batch of normalised addresses as noes by hand, dated `at`; returns how many were new. What is there stays as it is.

    A partner's yes of these people is withdrawn at the same moment, as it is when they say no themselves.
    """
    hashes = {address_hash(email): email for email in emails}
    known = _known(holder, list(hashes))
    fresh = [each for each in hashes if each not in known]
    suppress_all(holder.scope, holder.organisation_id, fresh, SuppressionReason.MANUAL, at=at)
    if holder.scope is SuppressionScope.PARTNER and fresh:
        people = db.session.scalars(
            select(Contact.id).where(  # unscoped: by partner id
                Contact.partner_id == holder.organisation_id, Contact.email.in_([hashes[h] for h in fresh])
            )
        )
        consent.withdraw(holder.organisation_id, list(people), at)
    return len(fresh)


def _known(holder: Holder, hashes: list[str]) -> set[str]:
    return set(
        db.session.scalars(
            select(Suppression.address_hash).where(holder.mine, Suppression.address_hash.in_(hashes))
        )
    )


def take_back(actor: Actor, email: str) -> None:
    """Take back what was added by hand. Raises Refused for every other no: those are the person's own, or their mail server's."""
    holder = holder_of(actor.organisation)
    rows = [row for row in look_up(holder, email) if is_by_hand(holder, row)]
    if not rows:
        raise Refused("Only what was added by hand or from a file can be taken back.")
    lift(rows)
    for row in rows:
        _restore(holder, row.at, email)
    record(actor, "noes.taken_back", actor.organisation)


def remove(holder: Holder, email: str) -> int:
    """The operator's way to take back any no of a holder's for one address; returns how many."""
    rows = [row for row in look_up(holder, email) if row.scope is holder.scope]
    lift(rows)
    return len(rows)


def is_by_hand(holder: Holder, row: Suppression) -> bool:
    """Whether it is the holder's own and was added by its people."""
    return row.scope is holder.scope and row.reason is SuppressionReason.MANUAL


def _restore(holder: Holder, at: datetime, email: str) -> None:
    if holder.scope is not SuppressionScope.PARTNER:
        return
    people = select(Contact.id).where(  # unscoped: by partner id
        Contact.partner_id == holder.organisation_id, Contact.email == email
    )
    for contact_id in db.session.scalars(people).all():
        consent.restore(holder.organisation_id, contact_id, at)


def take_back_all(holder: Holder, at: datetime) -> int:
    """Take back everything that was added by hand at one moment, that is by one file; returns how many."""
    gone = db.session.execute(
        delete(Suppression)
        .where(holder.mine, Suppression.reason == SuppressionReason.MANUAL, Suppression.at == at)
        .execution_options(synchronize_session=False)
    )
    if holder.scope is SuppressionScope.PARTNER:
        db.session.execute(
            update(Consent)  # unscoped: by partner id
            .where(Consent.partner_id == holder.organisation_id, Consent.withdrawn_at == at)
            .values(withdrawn_at=None)
            .execution_options(synchronize_session=False)
        )
    return int(gone.rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Match:
    """A contact of the partner's that a no keeps from being mailed."""

    contact: Contact
    whom: str
    reason: SuppressionReason
    at: datetime


def matches(partner: Organisation) -> Iterator[Match]:
    """The partner's contacts who said no, to the partner, one of its vendors or everybody: all of a hash that can be exported."""
    vendors = {vendor.id: vendor.name for vendor, _ in vendors_of(partner)}
    counted = or_(
        holder_of(partner).mine,
        EVERYBODY.mine,
        and_(Suppression.scope == SuppressionScope.VENDOR, Suppression.organisation_id.in_(vendors)),
    )
    query = (
        scoped(partner, Contact)
        .join(Suppression, Suppression.address_hash == Contact.address_hash)
        .where(Contact.erased_at.is_(None), counted)
        .add_columns(Suppression.scope, Suppression.organisation_id, Suppression.reason, Suppression.at)
        .order_by(Contact.id, Suppression.id)
        .execution_options(yield_per=500)
    )
    for contact, scope, organisation_id, reason, at in db.session.execute(query):
        names = {SuppressionScope.PARTNER: partner.name, SuppressionScope.PLATFORM: "every sender here"}
        yield Match(contact, names.get(scope) or vendors[organisation_id], reason, at)
