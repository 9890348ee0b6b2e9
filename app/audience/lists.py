"""The partner's lists: found or made by name."""

from sqlalchemy import func, select

from app.accounts.models import Organisation
from app.audience.models import Contact, ContactList, ListMember
from app.db import db, scoped


def list_named(partner: Organisation, name: str) -> ContactList:
    """The partner's list of this name, made if there is none; capitals make no difference."""
    found = db.session.scalars(
        scoped(partner, ContactList).where(func.lower(ContactList.name) == name.lower())
    ).first()
    if found is None:
        found = ContactList(partner_id=partner.id, name=name)
        db.session.add(found)
        db.session.flush()
    return found


def lists_of(partner: Organisation) -> list[tuple[ContactList, int]]:
    """Every list with how many people are in it, by name."""
    members = (
        select(ListMember.list_id, func.count().label("people"))  # unscoped: by partner id
        .join(Contact, Contact.id == ListMember.contact_id)
        .where(ListMember.partner_id == partner.id, Contact.erased_at.is_(None))
        .group_by(ListMember.list_id)
        .subquery()
    )
    query = (
        scoped(partner, ContactList)
        .outerjoin(members, members.c.list_id == ContactList.id)
        .order_by(ContactList.name)
    )
    return [(row, people or 0) for row, people in db.session.execute(query.add_columns(members.c.people))]
