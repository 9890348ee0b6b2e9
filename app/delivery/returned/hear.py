"""What evidence does, in one transaction: it is kept once, settles an uncertain message, and stops mail to a dead address.

Suppression is always of the address the message went to, found through our own token, and never of an address that a mail names.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.audience.models import Contact, SuppressionReason, SuppressionScope
from app.audience.records import AddressChange
from app.audience.suppress import suppress
from app.clock import now
from app.db import db, is_sqlite
from app.delivery.models import Delivery, DeliveryState, Send, SendTally
from app.delivery.records import Came, ReturnedMail
from app.delivery.returned import soft
from app.delivery.returned.evidence import LABELS, SETTLES, Evidence, reason_of, words_for_people

log = structlog.get_logger(__name__)

_LATELY = timedelta(days=2)


@dataclass(frozen=True)
class About:
    """The message that evidence is about, and the address it went to."""

    delivery_id: int
    send_id: int
    contact_id: int
    partner_id: int
    vendor_id: int
    email: str
    address_hash: str


def about(delivery_id: int) -> About | None:
    """What is known of a message; None where there is no such row."""
    row = db.session.execute(
        select(  # unscoped: by a verified token's id
            Delivery.id,
            Delivery.send_id,
            Delivery.contact_id,
            Delivery.partner_id,
            Send.vendor_id,
            Contact.email,
            Contact.address_hash,
            Delivery.committed_at,
        )
        .join(Send, Send.id == Delivery.send_id)
        .join(Contact, Contact.id == Delivery.contact_id)
        .where(Delivery.id == delivery_id)
    ).one_or_none()
    if row is None:
        return None
    return About(
        delivery_id=row.id,
        send_id=row.send_id,
        contact_id=row.contact_id,
        partner_id=row.partner_id,
        vendor_id=row.vendor_id,
        email=row.email,
        address_hash=_went_to(row.contact_id, row.committed_at) or row.address_hash,
    )


def _went_to(contact_id: int, sent_at: datetime | None) -> str | None:
    """The address that a contact had then, where it was corrected since."""
    if sent_at is None:
        return None
    found: str | None = db.session.scalar(
        select(AddressChange.address_hash)  # unscoped: of this contact
        .where(AddressChange.contact_id == contact_id, AddressChange.changed_at > sent_at)
        .order_by(AddressChange.changed_at)
        .limit(1)
    )
    return found


def hear(evidence: Evidence, message: About | None) -> bool:
    """Keep the evidence and let it do what it does. False where it was heard before: then nothing happens."""
    if not _kept(evidence, message):
        return False
    log.info(
        "returned.heard",
        kind=str(evidence.kind),
        source=str(evidence.source),
        delivery_id=message.delivery_id if message else None,
    )
    if message is None:
        return True
    settle(message.delivery_id, message.send_id, evidence)
    if evidence.kind is Came.COMPLAINT:
        for scope, owner in (
            (SuppressionScope.PARTNER, message.partner_id),
            (SuppressionScope.VENDOR, message.vendor_id),
        ):
            _suppress(scope, owner, message, SuppressionReason.COMPLAINT, evidence.at)
    elif evidence.kind is Came.HARD or (
        evidence.kind is Came.SOFT
        and soft.is_enough(message.partner_id, message.contact_id, message.address_hash)
    ):
        _suppress(
            SuppressionScope.PARTNER, message.partner_id, message, SuppressionReason.BOUNCE, evidence.at
        )
    return True


def _suppress(
    scope: SuppressionScope, owner: int, message: About, reason: SuppressionReason, at: datetime
) -> None:
    suppress(scope, owner, message.address_hash, reason, message.delivery_id, at)


def _kept(evidence: Evidence, message: About | None) -> bool:
    insert_into: Any = sqlite.insert(ReturnedMail) if is_sqlite() else postgresql.insert(ReturnedMail)
    statement = insert_into.values(**values(evidence, message)).on_conflict_do_nothing(
        index_elements=["dedupe"]
    )
    return db.session.execute(statement.returning(ReturnedMail.id)).scalar_one_or_none() is not None


def values(evidence: Evidence, message: About | None) -> dict[str, Any]:
    """The row that keeps a piece of evidence."""
    return {
        "partner_id": message.partner_id if message else None,
        "delivery_id": message.delivery_id if message else None,
        "send_id": message.send_id if message else None,
        "contact_id": message.contact_id if message else None,
        "address_hash": message.address_hash if message else None,
        "kind": evidence.kind,
        "status": evidence.status[:20],
        "cause": evidence.cause[:20],
        "words": words_for_people(evidence.words, message.email if message else ""),
        "source": evidence.source,
        "received_at": evidence.at,
        "dedupe": evidence.key[:64],
    }


def settle(delivery_id: int, send_id: int, evidence: Evidence) -> bool:
    """Decide an uncertain message by what came in about it. Whether this did it."""
    state = SETTLES.get(evidence.kind)
    if state is None:
        return False
    reason, reply = _said(state, evidence)
    uncertain = (Delivery.id == delivery_id, Delivery.state == DeliveryState.UNCERTAIN)
    done = db.session.execute(
        update(Delivery).where(*uncertain).values(state=state, reason=reason, reply=reply or Delivery.reply)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        return False
    counted = (SendTally.send_id == send_id, SendTally.is_final.is_(True))
    db.session.execute(update(SendTally).where(*counted).values(is_final=False))
    log.info("returned.settled", delivery_id=delivery_id, state=str(state))
    return True


def _said(state: DeliveryState, evidence: Evidence) -> tuple[str, str]:
    why = reason_of(evidence.cause) or LABELS[evidence.kind]
    if state is DeliveryState.REJECTED:
        return f"It came back: {why}"[:80], words_for_people(evidence.words, "")[:200]
    return f"It arrived, as came in later: {why}"[:80], ""


def settle_late() -> int:
    """Decide messages that became uncertain after the evidence about them had come in; returns how many."""
    query = (
        select(ReturnedMail, Delivery.id)  # unscoped: the beat
        .join(Delivery, Delivery.id == ReturnedMail.delivery_id)
        .where(
            ReturnedMail.received_at > now() - _LATELY,
            ReturnedMail.kind.in_(SETTLES),
            Delivery.state == DeliveryState.UNCERTAIN,
            Delivery.committed_at <= ReturnedMail.received_at,
        )
        .order_by(ReturnedMail.id)
        .limit(500)
    )
    done = 0
    for row, delivery_id in db.session.execute(query).all():
        told = Evidence(row.kind, row.source, row.received_at, row.dedupe, row.cause, row.status, row.words)
        done += settle(delivery_id, row.send_id or 0, told)
    return done


def keep_all(rows: list[dict[str, Any]]) -> None:
    """Keep many pieces of evidence in one statement, those that are known already left alone."""
    if rows:
        insert_into: Any = sqlite.insert(ReturnedMail) if is_sqlite() else postgresql.insert(ReturnedMail)
        db.session.execute(insert_into.on_conflict_do_nothing(index_elements=["dedupe"]), rows)
