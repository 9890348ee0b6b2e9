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
from app.audience import preferences
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
    PAUSED = "paused"
    TOPIC_OFF = "topic_off"
    CAPPED = "capped"

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
    Reason.PAUSED: ("Asked for a pause", "Nothing. Mails go on when their pause is over"),
    Reason.TOPIC_OFF: ("Wants no mails about this topic", "Nothing. Other topics still reach them"),
    Reason.CAPPED: (
        "Got enough mails lately",
        "Launch it later, or raise the limit in Contacts → Mail rules",
    ),
}

_MAILABLE = "mailable"


@dataclass(frozen=True)
class Mail:
    """What people would get: with a vendor (None: with nobody), about a topic (None: about none in particular).

    `too_often` is a condition on Contact, for whoever has had enough already: only later rooms know who was mailed.
    """

    vendor_id: int | None = None
    topic_id: int | None = None
    too_often: ColumnElement[bool] | None = None


def mail_of(mail: Mail | int | None) -> Mail:
    """A mail with the vendor of this id (None: with nobody); a Mail as it is."""
    return mail if isinstance(mail, Mail) else Mail(mail)


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
    partner_id: int, mail: Mail
) -> tuple[ColumnElement[Any], list[tuple[Any, ColumnElement[bool]]]]:
    """The verdict on Contact as SQL, and the outer joins (each at most one row) it needs."""
    mine, theirs, everyone = aliased(Suppression), aliased(Suppression), aliased(Suppression)
    joins = [
        (mine, _at(mine, SuppressionScope.PARTNER, partner_id)),
        (theirs, _at(theirs, SuppressionScope.VENDOR, -1 if mail.vendor_id is None else mail.vendor_id)),
        (everyone, _at(everyone, SuppressionScope.PLATFORM, PLATFORM)),
    ]
    own_words = (SuppressionReason.UNSUBSCRIBE, SuppressionReason.MANUAL)
    any_reason = [mine.reason, theirs.reason, everyone.reason]
    agreed = holds(ConsentPurpose.MARKETING)
    verdict = case(
        (mine.reason.in_(own_words), literal(str(Reason.SAID_NO))),
        (theirs.reason.in_(own_words), literal(str(Reason.SAID_NO_VENDOR))),
        (everyone.reason.in_(own_words), literal(str(Reason.SAID_NO_ALL))),
        (or_(*(r == SuppressionReason.COMPLAINT for r in any_reason)), literal(str(Reason.COMPLAINED))),
        (or_(*(r == SuppressionReason.BOUNCE for r in any_reason)), literal(str(Reason.BOUNCED))),
        *((and_(agreed, wish), literal(str(reason))) for reason, wish in _wishes(partner_id, mail)),
        (agreed, literal(_MAILABLE)),
        (ran_out(), literal(str(Reason.EXPIRED))),
        else_=literal(str(Reason.NO_CONSENT)),
    )
    return verdict, joins


def _wishes(partner_id: int, mail: Mail) -> list[tuple[Reason, ColumnElement[bool]]]:
    """Why someone who agreed to mails doesn't get this one now, as conditions on Contact."""
    found = [(Reason.PAUSED, preferences.paused(partner_id, Contact.address_hash))]
    if mail.topic_id is not None:
        off = preferences.topic_off(partner_id, Contact.address_hash, mail.topic_id)
        found.append((Reason.TOPIC_OFF, off))
    if mail.too_often is not None:
        found.append((Reason.CAPPED, mail.too_often))
    return found


def wished_not(partner_id: int, mail: Mail) -> ColumnElement[bool]:
    """A condition on Contact: they paused, left out this topic, or had enough mails."""
    return or_(*(wish for _, wish in _wishes(partner_id, mail)))


def _at(suppression: Any, scope: SuppressionScope, organisation_id: int) -> ColumnElement[bool]:
    return and_(
        suppression.address_hash == Contact.address_hash,
        suppression.scope == scope,
        suppression.organisation_id == organisation_id,
    )


def count(partner: Organisation, mail: Mail | int | None, people: People | int) -> Mailable:
    """Count people (of a list by its id, or others) for a mail of `partner` (by its vendor's id): mailable, and the rest by reason.

    `mail` None: for mails of the partner's own (no vendor's noes).
    """
    verdict, joins = _verdicts(partner.id, mail_of(mail))
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


def may_get(partner_id: int, mail: Mail | int) -> ColumnElement[bool]:
    """For Contact: whether this person may be given this mail."""
    mail = mail_of(mail)
    return and_(
        ~is_suppressed(Contact.address_hash, partner_id, mail.vendor_id),
        holds(ConsentPurpose.MARKETING),
        ~wished_not(partner_id, mail),
    )


def left_out_select(partner_id: int, mail: Mail | int, people: People | int) -> Select[tuple[int, str]]:
    """Those of a list or of other people who are not mailed, as (contact_id, reason), in no order: by the verdicts that `count` counts."""
    verdict, joins = _verdicts(partner_id, mail_of(mail))
    query = people_of(people).select(partner_id, Contact.id.label("contact_id"), verdict.label("reason"))
    for target, condition in joins:
        query = query.outerjoin(target, condition)
    return query.where(verdict != _MAILABLE)


def mailable_select(partner_id: int, mail: Mail | int, people: People | int) -> Select[tuple[int, bool]]:
    """Those of a list (by its id) or of other people who may be mailed as (contact_id, tracked), in no order: for INSERT … FROM SELECT too."""
    query = people_of(people).select(
        partner_id, Contact.id.label("contact_id"), holds(ConsentPurpose.TRACKING).label("tracked")
    )
    return query.where(may_get(partner_id, mail))


def mailable_contacts(
    partner_id: int, mail: Mail | int, people: People | int, after_id: int, limit: int
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
        query = mailable_select(partner_id, mail, those).where(those.between(after_id, last))
        found = db.session.execute(query.order_by(Contact.id).limit(wanted)).all()
        rows += found
        after_id = found[-1].contact_id if len(found) == wanted else last
    return rows


def verdicts(
    partner_id: int, mail: Mail | int | None, contact_ids: Sequence[int]
) -> dict[int, Reason | None]:
    """For each of these contacts of the partner: None if they may be mailed, else the reason why not."""
    verdict, joins = _verdicts(partner_id, mail_of(mail))
    query = select(Contact.id, verdict).where(
        Contact.partner_id == partner_id, Contact.id.in_(contact_ids)
    )  # unscoped: by partner id
    for target, condition in joins:
        query = query.outerjoin(target, condition)
    return {row[0]: None if row[1] == _MAILABLE else Reason(row[1]) for row in db.session.execute(query)}
