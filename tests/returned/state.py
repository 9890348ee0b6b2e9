"""What the database holds after something came back, read afresh."""

from sqlalchemy import func, select

from app.audience.models import Contact, Suppression
from app.db import db
from app.delivery.models import Delivery
from app.delivery.records import IncomingMail, ReturnedMail


def kept() -> list[ReturnedMail]:
    """All evidence, in the order it came."""
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(ReturnedMail).order_by(ReturnedMail.id)))


def noes(person: Contact) -> set[tuple[str, str]]:
    """Scope and reason of each suppression of a person's address."""
    db.session.rollback()
    query = select(Suppression.scope, Suppression.reason).where(
        Suppression.address_hash == person.address_hash
    )
    return {(str(scope), str(reason)) for scope, reason in db.session.execute(query)}


def nothing_changed() -> bool:
    """No evidence, no suppression, nothing stored."""
    db.session.rollback()
    return not any(
        db.session.scalar(select(func.count()).select_from(table))
        for table in (ReturnedMail, Suppression, IncomingMail)
    )


def fresh(row: Delivery) -> Delivery:
    """The row as the database has it now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Delivery, row.id)
