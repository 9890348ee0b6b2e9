"""Double opt-in: a yes on a form counts once the button in a mail to that address was pressed, where the partner asks for it.

Whoever types someone else's address causes one mail that asks, and no other.
"""

from datetime import timedelta

import structlog
from sqlalchemy import select

from app import tokens
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.audience import consent
from app.audience.consent import Yes
from app.audience.models import ConsentBasis, ConsentPurpose, Contact, OptIn
from app.audience.remember import GivenConsent
from app.clock import now
from app.db import db
from app.errors import NotFound
from app.mail.posting import post
from app.web.hosts import public_url_for

log = structlog.get_logger(__name__)

PURPOSE = "opt-in"
LASTS = 14 * 86_400  # seconds that the link works
AGAIN = timedelta(days=1)  # between two mails that ask the same person
METHOD = "double opt-in"


def ask(contact: Contact, given: GivenConsent) -> OptIn:
    """Keep a yes that waits, and ask by mail whether it was theirs; who was asked within a day is not asked again."""
    partner = db.session.get_one(Organisation, contact.partner_id)
    waiting = db.session.scalars(
        select(OptIn)  # unscoped: by the partner's own contact
        .where(
            OptIn.contact_id == contact.id,
            OptIn.confirmed_at.is_(None),
            OptIn.asked_at > now() - AGAIN,
            OptIn.wording_version == given.wording_version,
        )
        .order_by(OptIn.id.desc())
    ).first()
    if waiting is not None:
        return waiting
    row = OptIn(
        partner_id=partner.id,
        contact_id=contact.id,
        source=given.source[:200],
        wording=given.wording,
        wording_version=given.wording_version[:40],
        controller=given.controller[:160],
        asked_at=given.at,
    )
    db.session.add(row)
    db.session.flush()
    link = public_url_for("choices.opt_in", token=tokens.make_timed(PURPOSE, {"o": row.pid}))
    post("opt_in", contact.email, {"partner": partner, "asked": row, "link": link}, partner)
    log.info("opt_in.asked", opt_in=row.id, partner_id=partner.id)
    return row


def asked(token: str) -> OptIn:
    """The yes that a link asks about. Raises BadToken for a forged or old link, NotFound where it is gone."""
    pid = str(tokens.read_timed(PURPOSE, token, LASTS)["o"])
    row = db.session.scalars(select(OptIn).where(OptIn.pid == pid)).one_or_none()  # unscoped: a signed token
    if row is None:
        raise NotFound()
    return row


def confirm(row: OptIn) -> None:
    """The button was pressed: from now on the yes counts. Pressing twice changes nothing."""
    contact = db.session.get_one(Contact, row.contact_id)  # unscoped: the row's own
    if row.confirmed_at is not None or contact.erased_at is not None:
        return
    row.confirmed_at = now()
    partner = partner_of(row)
    yes = Yes(
        ConsentPurpose.MARKETING,
        ConsentBasis.EXPRESS,
        f"{row.source}, confirmed by mail on {row.confirmed_at:%Y-%m-%d %H:%M} UTC",
        METHOD,
        row.asked_at.date(),
        row.wording,
        row.wording_version,
    )
    made = consent.record(partner, contact, yes)
    made.controller = row.controller
    record(None, "contact.opt_in_confirmed", contact, opt_in=row.id)


def partner_of(row: OptIn) -> Organisation:
    """Whose mails it is about."""
    return db.session.get_one(Organisation, row.partner_id)


def address_of(row: OptIn) -> str | None:
    """Whom it was about; None once they are erased."""
    contact = db.session.get_one(Contact, row.contact_id)  # unscoped: the row's own
    return None if contact.erased_at else contact.email


def waiting_of(partner: Organisation, contact: Contact) -> list[OptIn]:
    """What this person has not confirmed yet, the newest first."""
    query = select(OptIn).where(  # unscoped: by partner id
        OptIn.partner_id == partner.id, OptIn.contact_id == contact.id, OptIn.confirmed_at.is_(None)
    )
    return list(db.session.scalars(query.order_by(OptIn.id.desc())))
