"""Consent as it can be proved: how long each basis holds, how one is recorded, how all of a contact's are withdrawn.

Customers may be mailed for two years after an order, people who asked for six months (CASL); an express yes holds until it is withdrawn.
"""

import calendar
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, true, update

from app.accounts.models import Organisation
from app.assets.brand import default_brand
from app.audience.models import Consent, ConsentBasis, ConsentPurpose, Contact
from app.clock import now
from app.db import db

MONTHS = {ConsentBasis.CUSTOMER: 24, ConsentBasis.INQUIRY: 6}
BASIS_WORDS = {
    ConsentBasis.EXPRESS: "Agreed",
    ConsentBasis.CUSTOMER: "Customer",
    ConsentBasis.INQUIRY: "Asked a question",
}


class Why(StrEnum):
    """The answer to “Why may you mail them?” for a whole file: a basis, a column that says it, or nobody knows."""

    CUSTOMER = "customer"
    EXPRESS = "express"
    INQUIRY = "inquiry"
    COLUMN = "column"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Plan:
    """Why the people of a file may be mailed. `given_on` is ISO; None means that a column holds the date."""

    why: Why
    source: str = ""
    wording: str = ""
    wording_version: str = ""
    given_on: str | None = None
    tracking: bool = False  # all of them agreed to tracking too; a column may say it row by row instead

    def to_json(self) -> dict[str, Any]:
        """What is kept with the import."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Plan":
        """The same, read back."""
        return cls(**{**raw, "why": Why(raw["why"])})


def add_months(day: date, months: int) -> date:
    """The same day so many months later; the last of the month where there is no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def expires_on(basis: ConsentBasis, given_on: date) -> date | None:
    """The last day on which this basis counts; None for as long as nobody withdraws it."""
    months = MONTHS.get(basis)
    return add_months(given_on, months) if months else None


def controller_of(partner: Organisation) -> str:
    """Whom the yes was given to: the partner's legal name, or its name while no brand says more."""
    brand = default_brand(partner)
    return ((brand.legal_name if brand else "") or partner.name)[:160]


@dataclass(frozen=True)
class Yes:
    """One yes to be recorded."""

    purpose: ConsentPurpose
    basis: ConsentBasis
    source: str
    method: str
    given_on: date
    wording: str = ""
    wording_version: str = ""


def record(partner: Organisation, contact: Contact, yes: Yes, by: int | None = None) -> Consent:
    """Record a yes of one contact; `by` is the person who enters it, None when the contact did. Returns the row."""
    row = Consent(
        partner_id=partner.id,
        contact_id=contact.id,
        purpose=yes.purpose,
        basis=yes.basis,
        source=yes.source[:200],
        wording=yes.wording,
        wording_version=yes.wording_version[:40],
        controller=controller_of(partner),
        method=yes.method,
        given_on=yes.given_on,
        expires_on=expires_on(yes.basis, yes.given_on),
        recorded_by=by,
    )
    db.session.add(row)
    return row


def withdraw(
    partner_id: int,
    contact_ids: Sequence[int],
    at: datetime | None = None,
    purpose: ConsentPurpose | None = None,
) -> None:
    """Date every open yes of these contacts (to one purpose, if given) as withdrawn. Nothing is deleted: the record is the proof."""
    db.session.execute(
        update(Consent)  # unscoped: by partner id
        .where(
            Consent.partner_id == partner_id,
            Consent.contact_id.in_(contact_ids),
            Consent.withdrawn_at.is_(None),
            true() if purpose is None else Consent.purpose == purpose,
        )
        .values(withdrawn_at=at or now())
        .execution_options(synchronize_session="fetch")
    )


def restore(partner_id: int, contact_id: int, withdrawn_at: datetime) -> None:
    """Take a withdrawal back: the yeses that were withdrawn at just that moment count again."""
    db.session.execute(
        update(Consent)  # unscoped: by partner id
        .where(
            Consent.partner_id == partner_id,
            Consent.contact_id == contact_id,
            Consent.withdrawn_at == withdrawn_at,
        )
        .values(withdrawn_at=None)
        .execution_options(synchronize_session="fetch")
    )


def consents_of(partner_id: int, contact_id: int) -> list[Consent]:
    """Everything this contact ever agreed to, the newest first."""
    query = select(Consent).where(
        Consent.partner_id == partner_id, Consent.contact_id == contact_id
    )  # unscoped: by partner id
    return list(db.session.scalars(query.order_by(Consent.given_on.desc(), Consent.id.desc())))
