"""Signing in: who may come in with an address and a password, and how often they may be wrong."""

from sqlalchemy import func, select

from app.accounts import attempts, passwords
from app.accounts.errors import NoSeat, WrongPassword
from app.accounts.models import Membership, Person
from app.clock import now
from app.db import db


def normal(email: str) -> str:
    """An address as people are kept: without blanks around it and in lower case."""
    return email.strip().lower()


def person_by_email(email: str) -> Person | None:
    """The person with this address, if there is one."""
    return db.session.scalars(select(Person).where(Person.email == normal(email))).one_or_none()


def sign_in(email: str, password: str, network: str) -> Person:
    """The person, when address and password fit; `network` is the IP address the try comes from.

    Raises Paused after too many tries, WrongPassword, or NoSeat for people who belong to no organisation any more.
    """
    person = check(email, password, network)
    if not has_seat(person):
        raise NoSeat()
    arrived(person)
    return person


def check(email: str, password: str, network: str) -> Person:
    """The person, when address and password fit. Raises Paused or WrongPassword; call it before anything is written."""
    counters = attempts.limits("sign-in", normal(email), network)
    left = attempts.spend(counters)
    held = db.session.execute(
        select(Person.id, Person.password_hash).where(Person.email == normal(email))
    ).one_or_none()
    # Hashing is slow on purpose: no transaction is held over it, or a guesser could keep SQLite's one writer busy.
    db.session.rollback()
    right = passwords.fits(held.password_hash if held else None, password)
    person = db.session.get(Person, held.id) if held and right else None
    if person is None:
        raise WrongPassword(left)
    attempts.forgive(counters)
    passwords.renew(person, password)
    return person


def arrived(person: Person) -> None:
    """Note when the person last came in."""
    person.last_sign_in_at = now()


def has_seat(person: Person) -> bool:
    """Whether the person belongs to any organisation."""
    query = select(func.count()).select_from(Membership).where(Membership.person_id == person.id)
    return bool(db.session.scalar(query))
