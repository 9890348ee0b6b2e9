"""A forgotten password: a link by mail that works for two hours and only until the password changes.

Whether the address is known shows neither in the answer nor in the time it takes.
"""

import hmac
from datetime import timedelta

from sqlalchemy import select

from app import mail, tokens
from app.accounts import attempts, audit, passwords
from app.accounts.actor import Actor
from app.accounts.errors import LinkWornOut
from app.accounts.models import Membership, Organisation, Person
from app.accounts.signin import normal, person_by_email
from app.db import db
from app.settings import current
from app.web.hosts import app_url_for

VALID = timedelta(hours=2)
_PURPOSE = "reset"


def ask(email: str, network: str) -> None:
    """Mail a link to whoever has this address; for unknown ones the same is done and taken back. Raises Paused."""
    attempts.spend(attempts.limits("reset", normal(email), network))
    person = person_by_email(email)
    if person is not None:
        _mail(person)
        return
    with db.session.begin_nested() as undone:
        _mail(Person(pid="nobody", email=normal(email), name="Nobody", password_hash=None, session_epoch=0))
        undone.rollback()


def read(token: str) -> Person:
    """The person a link is for. Raises LinkWornOut when it is too old, forged, or the password has changed since."""
    try:
        held = tokens.read_timed(_PURPOSE, token, int(VALID.total_seconds()))
    except tokens.BadToken:
        raise LinkWornOut() from None
    person = db.session.scalars(select(Person).where(Person.pid == str(held.get("person")))).one_or_none()
    if person is None or not hmac.compare_digest(str(held.get("state")), _state(person)):
        raise LinkWornOut()
    return person


def choose(person: Person, password: str) -> None:
    """Set a new password: every session ends, the person is told by mail, each of their organisations' logs notes it."""
    passwords.store(person, password)
    values = {"name": person.name, "link": app_url_for("accounts.forgotten")}
    mail.post("password_changed", person.email, values, None)
    homes = select(Organisation, Membership.role).join(  # unscoped: each of the person's own organisations
        Membership, Membership.organisation_id == Organisation.id
    )
    for organisation, role in db.session.execute(homes.where(Membership.person_id == person.id)):
        audit.record(Actor(person, organisation, role), "person.password_changed", person)


def _mail(person: Person) -> None:
    token = tokens.make_timed(_PURPOSE, {"person": person.pid, "state": _state(person)})
    hours = int(VALID.total_seconds() // 3600)
    values = {"name": person.name, "link": app_url_for("accounts.reset", token=token), "hours": hours}
    mail.post("password_reset", person.email, values, None)


def _state(person: Person) -> str:
    held = f"{person.password_hash or ''}\0{person.session_epoch}\0{person.email}"
    return hmac.digest(current().secret_key.encode(), held.encode(), "sha256").hex()[:32]
