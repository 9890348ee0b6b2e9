"""Who of a list or a segment may be mailed, and for everyone else the one reason why not.

Expansion, the launch page and the contact list all ask here, so that they can never disagree. Everything is set-based SQL.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased

from app.accounts.models import Organisation
from app.audience.models import (
    Consent,
    ConsentPurpose,
    Contact,
    Suppression,
    SuppressionReason,
    SuppressionScope,
)
from app.audience.people import EVERYBODY, People, people_of
from app.audience.suppress import PLATFORM, is_suppressed
from app.clock import now
from app.db import db


class Reason(StrEnum):
    """Why a contact is not mailed, in the order of precedence: a no weighs more than a missing yes."""

    SAID_NO = "said_no"
    SAID_NO_VENDOR = "said_no_vendor"
    SAID_NO_ALL = "said_no_all"
    COMPLAINED = "complained"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    NO_CONSENT = "no_consent"

    @property
    def label(self) -> str:
        """The reason in words, for a table of reasons."""
        return _WORDS[self][0]

    @property
    def mend(self) -> str:
        """What the partner can do about it."""
        return _WORDS[self][1]


_WORDS = {
    Reason.SAID_NO: ("Said no to you", "Nothing. It counts until they say yes again themselves"),
    Reason.SAID_NO_VENDOR: ("Said no to the vendor", "Nothing. Both count, yours and the vendor’s"),
    Reason.SAID_NO_ALL: ("Said no to every sender here", "Nothing. It counts for everyone"),
    Reason.COMPLAINED: ("Marked a mail as spam", "Nothing. It counts for good"),
    Reason.BOUNCED: ("Address bounced before", "Correct the address"),
    Reason.EXPIRED: ("Consent ran out", "Renewed by their next order or question, or by a yes in person"),
    Reason.NO_CONSENT: (
        "No consent to marketing on record",
        "Ask them in person; a mail asking for consent is itself marketing",
    ),
}

_MAILABLE = "mailable"


@dataclass(frozen=True)
class Mailable:
    """A list counted: everyone in it is either mailable or under exactly one reason."""

    total: int
    mailable: int
    reasons: dict[Reason, int]

    @property
    def excluded(self) -> int:
        """How many are not mailed."""
        return self.total - self.mailable


def _given(purpose: ConsentPurpose, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    inner = select(Consent.id).where(  # unscoped: bound to the contact of the outer query
        Consent.contact_id == Contact.id,
        Consent.purpose == purpose,
        Consent.withdrawn_at.is_(None),
        *conditions,
    )
    return inner.correlate(Contact).exists()


def holds(purpose: ConsentPurpose) -> ColumnElement[bool]:
    """An EXISTS for Contact: a yes to this purpose that is neither withdrawn nor run out (the last day counts, in UTC)."""
    return _given(purpose, or_(Consent.expires_on.is_(None), Consent.expires_on >= now().date()))


def ran_out() -> ColumnElement[bool]:
    """An EXISTS for Contact: a yes to marketing that was never withdrawn but has run out."""
    return _given(ConsentPurpose.MARKETING, Consent.expires_on < now().date())


def _verdicts(
    partner_id: int, vendor_id: int | None
) -> tuple[ColumnElement[Any], list[tuple[Any, ColumnElement[bool]]]]:
    """The verdict on Contact as SQL, and the outer joins (each at most one row) it needs."""
    mine, theirs, everyone = aliased(Suppression), aliased(Suppression), aliased(Suppression)
    joins = [
        (mine, _at(mine, SuppressionScope.PARTNER, partner_id)),
        (theirs, _at(theirs, SuppressionScope.VENDOR, -1 if vendor_id is None else vendor_id)),
        (everyone, _at(everyone, SuppressionScope.PLATFORM, PLATFORM)),
    ]
    own_words = (SuppressionReason.UNSUBSCRIBE, SuppressionReason.MANUAL)
    any_reason = [mine.reason, theirs.reason, everyone.reason]
    verdict = case(
        (mine.reason.in_(own_words), literal(str(Reason.SAID_NO))),
        (theirs.reason.in_(own_words), literal(str(Reason.SAID_NO_VENDOR))),
        (everyone.reason.in_(own_words), literal(str(Reason.SAID_NO_ALL))),
        (or_(*(r == SuppressionReason.COMPLAINT for r in any_reason)), literal(str(Reason.COMPLAINED))),
        (or_(*(r == SuppressionReason.BOUNCE for r in any_reason)), literal(str(Reason.BOUNCED))),
        (holds(ConsentPurpose.MARKETING), literal(_MAILABLE)),
        (ran_out(), literal(str(Reason.EXPIRED))),
        else_=literal(str(Reason.NO_CONSENT)),
    )
    return verdict, joins


def _at(suppression: Any, scope: SuppressionScope, organisation_id: int) -> ColumnElement[bool]:
    return and_(
        suppression.address_hash == Contact.address_hash,
        suppression.scope == scope,
        suppression.organisation_id == organisation_id,
    )


def count(partner: Organisation, vendor_id: int | None, people: People | int) -> Mailable:
    """Count people (of a list by its id, or others) for a mail of `partner` with this vendor: mailable, and the rest by reason.

    `vendor_id` None: for mails of the partner's own (no vendor's noes).
    """
    verdict, joins = _verdicts(partner.id, vendor_id)
    return _tally(people_of(people).select(partner.id, verdict.label("verdict")), joins)


def count_everyone(partner: Organisation) -> Mailable:
    """Count all contacts of a partner, whatever their lists, for mails of its own (no vendor's noes)."""
    return count(partner, None, EVERYBODY)


def _tally(inner: Select[Any], joins: list[tuple[Any, ColumnElement[bool]]]) -> Mailable:
    for target, condition in joins:
        inner = inner.outerjoin(target, condition)
    table = inner.subquery()
    found = {
        row[0]: row[1]
        for row in db.session.execute(select(table.c.verdict, func.count()).group_by(table.c.verdict))
    }
    reasons = {reason: found[str(reason)] for reason in Reason if str(reason) in found}
    return Mailable(total=sum(found.values()), mailable=found.get(_MAILABLE, 0), reasons=reasons)


def left_out_select(partner_id: int, vendor_id: int, people: People | int) -> Select[tuple[int, str]]:
    """Those of a list or of other people who are not mailed, as (contact_id, reason), in no order: by the verdicts that `count` counts."""
    verdict, joins = _verdicts(partner_id, vendor_id)
    query = people_of(people).select(partner_id, Contact.id.label("contact_id"), verdict.label("reason"))
    for target, condition in joins:
        query = query.outerjoin(target, condition)
    return query.where(verdict != _MAILABLE)


def mailable_select(partner_id: int, vendor_id: int, people: People | int) -> Select[tuple[int, bool]]:
    """Those of a list (by its id) or of other people who may be mailed as (contact_id, tracked), in no order: for INSERT … FROM SELECT too."""
    query = people_of(people).select(
        partner_id, Contact.id.label("contact_id"), holds(ConsentPurpose.TRACKING).label("tracked")
    )
    return query.where(
        ~is_suppressed(Contact.address_hash, partner_id, vendor_id), holds(ConsentPurpose.MARKETING)
    )


def mailable_contacts(
    partner_id: int, vendor_id: int, people: People | int, after_id: int, limit: int
) -> list[Row[tuple[int, bool]]]:
    """Up to `limit` mailable contacts with an id above `after_id`: rows (contact_id, tracked) in the order of contact_id.

    Fewer than `limit` means that nobody is left. Both sides of a window of people are named to the database,
    so that it reads just those rows even before it has statistics about a list that was imported a second ago.
    """
    those = people_of(people).by_windows()
    rows: list[Row[tuple[int, bool]]] = []
    while len(rows) < limit:
        wanted = limit - len(rows)
        window = select(those.id.label("contact_id")).where(  # unscoped: by partner id
            those.candidates(partner_id), those.id > after_id
        )
        last = db.session.scalar(
            select(func.max(window.order_by(those.id).limit(max(wanted, 500)).subquery().c.contact_id))
        )
        if last is None:
            break
        query = mailable_select(partner_id, vendor_id, those).where(those.between(after_id, last))
        found = db.session.execute(query.order_by(Contact.id).limit(wanted)).all()
        rows += found
        after_id = found[-1].contact_id if len(found) == wanted else last
    return rows


def verdicts(partner_id: int, vendor_id: int | None, contact_ids: Sequence[int]) -> dict[int, Reason | None]:
    """For each of these contacts of the partner: None if they may be mailed, else the reason why not."""
    verdict, joins = _verdicts(partner_id, vendor_id)
    query = select(Contact.id, verdict).where(
        Contact.partner_id == partner_id, Contact.id.in_(contact_ids)
    )  # unscoped: by partner id
    for target, condition in joins:
        query = query.outerjoin(target, condition)
    return {row[0]: None if row[1] == _MAILABLE else Reason(row[1]) for row in db.session.execute(query)}
