"""The worker's side of the product's own mails: one try at one mail, and the beat that finds what is due."""

from email import message_from_bytes, policy
from email.utils import parseaddr

import structlog
from flask import Flask

from app.accounts.models import Organisation
from app.db import db
from app.delivery.dkim import BadKey, Signer, signed
from app.delivery.signing import own_key, own_signer
from app.mail import sending
from app.mail.allow import may_mail
from app.mail.errors import MailDelayed, MailRefused, MailUncertain
from app.mail.models import OutgoingMail
from app.mail.transport import send
from app.queue import JobName, ring
from app.settings import Settings, current

log = structlog.get_logger(__name__)


def send_mail(mail_id: int) -> None:
    """Try once to send a mail (needs an application context). Commits before and after the network, so it is safe to run twice."""
    mail = sending.claim(mail_id)
    if mail is None:
        db.session.rollback()
        return
    organisation = db.session.get(Organisation, mail.organisation_id) if mail.organisation_id else None
    sender_name = f"{organisation.name} via Throughline" if organisation else "Throughline"
    db.session.commit()
    _try(current(), mail, sender_name)
    db.session.commit()


def wake_due(app: Flask) -> int:
    """Ring for the mails that are due, from the database alone; returns how many. Commits what it notes."""
    with app.app_context():
        sending.give_up_on_unanswered()
        ids = sending.to_ring()
        db.session.commit()
        if ids:
            ring(current(), [(JobName.SEND_MAIL, (mail_id,)) for mail_id in ids])
        return len(ids)


def _own_signer(settings: Settings, mail: OutgoingMail) -> Signer | None:
    """A test or a copy of a campaign's mail comes from the partner's own domain, where it has one: that signs. Raises BadKey."""
    if mail.raw is None or mail.organisation_id is None:
        return None
    head = message_from_bytes(mail.raw.partition(b"\r\n\r\n")[0], policy=policy.default)
    domain = parseaddr(str(head.get("From", "")))[1].rpartition("@")[2].lower()
    if not domain or domain == settings.mail_from.rpartition("@")[2].lower():
        return None
    own = own_key(settings, mail.organisation_id, domain)
    return None if own is None else own_signer(own)


def _try(settings: Settings, mail: OutgoingMail, sender_name: str) -> None:
    if not may_mail(settings, mail.recipient):
        log.warning("mail.not_allowed", mail_id=mail.id, template=mail.template)
        sending.failed(mail, "MAIL_ALLOW doesn’t name this address.")
        return
    if mail.attempts > sending.MAX_ATTEMPTS:
        log.error("mail.no_outcome", mail_id=mail.id, template=mail.template, attempt=mail.attempts)
        sending.failed(mail, "Every try ended without an answer.")
        return
    try:
        own = _own_signer(settings, mail)
        db.session.commit()
        message = sending.compose(mail, sender_name, settings.mail_from)
        send(settings, signed(settings, message, own), mail.recipient)
    except BadKey as error:
        log.error("mail.not_signed", mail_id=mail.id)
        sending.delayed(mail, error.message)
    except MailRefused as error:
        log.warning("mail.refused", mail_id=mail.id, template=mail.template, **error.facts)
        sending.failed(mail, error.message)
    except MailDelayed as error:
        if isinstance(error, MailUncertain) and mail.raw is not None:
            log.warning("mail.uncertain", mail_id=mail.id, template=mail.template)
            sending.uncertain(mail, error.message)
            return
        log.warning(
            "mail.delayed", mail_id=mail.id, template=mail.template, attempt=mail.attempts, **error.facts
        )
        sending.delayed(mail, error.message)
    else:
        log.info("mail.sent", mail_id=mail.id, template=mail.template)
        sending.sent(mail)
