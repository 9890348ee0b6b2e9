"""The partner's lists: found or made by name, and who is put in and taken out by hand."""

from sqlalchemy import func, select

from app.accounts.actor import Actor
from app.accounts.audit import record
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


def all_lists(partner: Organisation) -> list[ContactList]:
    """Every list by name, uncounted."""
    return list(db.session.scalars(scoped(partner, ContactList).order_by(func.lower(ContactList.name))))


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


def add(actor: Actor, into: ContactList, contact: Contact) -> None:
    """Put a contact into a list; one who is in it stays."""
    key = {"list_id": into.id, "contact_id": contact.id}
    if db.session.get(ListMember, key) is None:  # unscoped: of the partner’s own list
        db.session.add(ListMember(**key, partner_id=actor.organisation.id))
        record(actor, "list.joined", contact, list=into.pid)


def remove(actor: Actor, out_of: ContactList, contact: Contact) -> None:
    """Take a contact out of a list; one who isn't in it stays out."""
    key = {"list_id": out_of.id, "contact_id": contact.id}
    row = db.session.get(ListMember, key)  # unscoped: of the partner’s own list
    if row is not None:
        db.session.delete(row)
        record(actor, "list.left", contact, list=out_of.pid)
