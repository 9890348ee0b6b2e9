"""From the row to the wire: what one try at one of the product's own mails changes in its row.

A lease keeps two workers apart; a try that comes back after its lease was taken over changes nothing.
"""

from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from sqlalchemy import ColumnElement, and_, or_, select, update

from app.clock import now
from app.db import db
from app.mail.models import OutgoingMail

LEASE = timedelta(minutes=3)  # longer than every step of one SMTP conversation together
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 30, 120))
RING_AGAIN = timedelta(seconds=30)  # a bell unheard for so long (Redis away, no worker) is rung again
MAX_ATTEMPTS = len(PAUSES) + 1


def claim(mail_id: int) -> OutgoingMail | None:
    """Take the mail for one try, if it is due and nobody else has it; None otherwise. The caller commits."""
    moment = now()
    return db.session.scalars(
        update(OutgoingMail)
        .where(OutgoingMail.id == mail_id, *_due(moment))
        .values(lease_until=moment + LEASE, attempts=OutgoingMail.attempts + 1)
        .returning(OutgoingMail)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()


def sent(mail: OutgoingMail) -> None:
    """Note that the server took it."""
    _settle(mail, sent_at=now(), lease_until=None, reason=None)


def failed(mail: OutgoingMail, reason: str) -> None:
    """Note that no other try is made, and why."""
    _settle(mail, failed_at=now(), lease_until=None, reason=reason[:200])


def uncertain(mail: OutgoingMail, reason: str) -> None:
    """Note that a finished message left and nobody knows whether it arrived: it isn't sent again."""
    _settle(mail, uncertain_at=now(), lease_until=None, reason=reason[:200])


def give_up_on_unanswered() -> int:
    """Finished messages whose try never came back, because its worker died: uncertain now. Returns how many."""
    moment = now()
    lost = update(OutgoingMail).where(
        OutgoingMail.raw.is_not(None),
        OutgoingMail.lease_until < moment,
        OutgoingMail.sent_at.is_(None),
        OutgoingMail.failed_at.is_(None),
        OutgoingMail.uncertain_at.is_(None),
    )
    values = {"uncertain_at": moment, "lease_until": None, "reason": "The worker died while it sent it."}
    found = db.session.execute(lost.values(**values).execution_options(synchronize_session=False))
    return int(found.rowcount)  # type: ignore[attr-defined]


def delayed(mail: OutgoingMail, reason: str) -> None:
    """Note a try that didn't work: the next one comes after a growing pause, the last one fails it."""
    if mail.attempts >= MAX_ATTEMPTS:
        failed(mail, reason)
    else:
        _settle(mail, not_before=now() + PAUSES[mail.attempts - 1], lease_until=None, reason=reason[:200])


def to_ring(limit: int = 500) -> list[int]:
    """Ids of the mails whose time has come, which nobody holds and for which no bell rang lately; notes that it rings."""
    moment = now()
    quiet = or_(
        OutgoingMail.rung_at.is_(None),
        OutgoingMail.rung_at < OutgoingMail.not_before,
        OutgoingMail.rung_at < moment - RING_AGAIN,
    )
    due = select(OutgoingMail.id).where(*_due(moment), quiet).order_by(OutgoingMail.not_before).limit(limit)
    ids = list(db.session.scalars(due))
    if ids:
        db.session.execute(
            update(OutgoingMail)
            .where(OutgoingMail.id.in_(ids))
            .values(rung_at=moment)
            .execution_options(synchronize_session=False)
        )
    return ids


def compose(mail: OutgoingMail, sender_name: str, sender: str) -> EmailMessage | bytes:
    """The mail as it goes out: a finished message as it is, else one with a text and an HTML part. Its Message-ID is the same
    over all tries.
    """
    if mail.raw is not None:
        return mail.raw
    local, _, domain = sender.rpartition("@")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=sender_name, username=local, domain=domain)
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.pid}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _due(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        OutgoingMail.sent_at.is_(None),
        OutgoingMail.failed_at.is_(None),
        OutgoingMail.uncertain_at.is_(None),
        OutgoingMail.not_before <= moment,
        # Nobody knows what a try of a finished message came to that never came back: it isn't taken again.
        or_(
            OutgoingMail.lease_until.is_(None),
            and_(OutgoingMail.lease_until < moment, OutgoingMail.raw.is_(None)),
        ),
    )


def _settle(mail: OutgoingMail, **values: object) -> None:
    if mail.raw and "not_before" not in values:
        values["raw"] = b""  # decided: what was in it is nobody's business any more
    db.session.execute(
        update(OutgoingMail)
        .where(
            OutgoingMail.id == mail.id, OutgoingMail.attempts == mail.attempts, OutgoingMail.sent_at.is_(None)
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    db.session.expire(mail)
