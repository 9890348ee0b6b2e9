"""Mails to a partner's administrators about their sender domain: it is in use, a record went missing, it is used no more."""

from datetime import datetime

from sqlalchemy import select

from app.accounts.models import Membership, Organisation, Person, Role
from app.clock import local
from app.db import db, scoped
from app.domains.models import SenderDomain
from app.domains.names import shown
from app.mail import post
from app.web.hosts import app_url_for


def verified(domain: SenderDomain) -> None:
    """Its records were all seen."""
    name = shown(domain.name)
    _tell(
        domain,
        f"{name} is in use",
        f"All records of {name} were found.",
        f"Campaigns you launch from now on come from {domain.local_part}@{name} and are signed by it. Keep the records where they are.",
    )


def failing(domain: SenderDomain, found: str, until: datetime) -> None:
    """Its key is not in the DNS as it should be."""
    name = shown(domain.name)
    partner = db.session.get_one(Organisation, domain.partner_id)
    day = f"{local(until, partner.timezone):%A %-d %B, %H:%M}"
    _tell(
        domain,
        f"{name}: the record of your signature is missing",
        f"The DKIM record of {name} is not as it should be. {found}",
        f"Put it back by {day}. After that your campaigns go out from the platform’s own domain, with your address for answers.",
    )


def lapsed(domain: SenderDomain) -> None:
    """It is not used any more."""
    name = shown(domain.name)
    _tell(
        domain,
        f"{name} is not used any more",
        f"Mail from {name} can’t be signed so that receivers find it good.",
        "Campaigns you launch go out from the platform’s own domain, with your address for answers. A campaign that is being sent "
        "from it is paused. Once the records stand again it is used again.",
    )


def _tell(domain: SenderDomain, subject: str, what: str, then: str) -> None:
    partner = db.session.get_one(Organisation, domain.partner_id)
    admins = (
        scoped(partner, Membership)
        .where(Membership.role == Role.ADMIN)
        .with_only_columns(Membership.person_id)
    )
    link = app_url_for("sender.show")
    for person in db.session.scalars(select(Person).where(Person.id.in_(admins)).order_by(Person.id)):
        context = {"person": person, "subject": subject, "what": what, "then": then, "link": link}
        post("sender_domain", person.email, context, partner)
