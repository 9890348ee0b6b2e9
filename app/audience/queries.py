"""What the contact pages read: contacts by page, one contact with its lists, consents and noes, imports."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, or_, select

from app.accounts.models import Organisation, Person
from app.audience import mailable
from app.audience.models import Contact, ContactImport, ContactList, ListMember, Suppression
from app.audience.people import People
from app.audience.suppress import suppressions_of
from app.db import db, get_or_404, scoped
from app.errors import NotFound
from app.programs.queries import vendors_of

PAGE = 50


@dataclass(frozen=True)
class Listed:
    """A contact in the list, and why it can't be mailed; None when it can."""

    contact: Contact
    reason: mailable.Reason | None


@dataclass(frozen=True)
class Shown:
    """One page of the list. `older` is the id to go on from; None on the last page."""

    rows: list[Listed]
    total: int
    older: int | None


@dataclass(frozen=True)
class Refusal:
    """A no that keeps the partner from mailing a contact: who is meant, and the row."""

    whom: str
    row: Suppression


def contacts(
    partner: Organisation, words: str = "", list_id: int | None = None, before: int | None = None
) -> Shown:
    """The partner's contacts, newest first: those whose name, company or address holds every word, in a list if one is given."""
    query = _chosen(partner, words, list_id)
    total = (
        db.session.scalar(select(func.count()).select_from(query.with_only_columns(Contact.id).subquery()))
        or 0
    )
    if before is not None:
        query = query.where(Contact.id < before)
    found = list(db.session.scalars(query.order_by(Contact.id.desc()).limit(PAGE + 1)))
    page = found[:PAGE]
    verdicts = mailable.verdicts(partner.id, None, [contact.id for contact in page])
    rows = [Listed(contact, verdicts[contact.id]) for contact in page]
    return Shown(rows, total, page[-1].id if len(found) > PAGE else None)


def _chosen(partner: Organisation, words: str, list_id: int | None) -> Select[Contact]:
    query = scoped(partner, Contact).where(Contact.erased_at.is_(None))
    for word in words.lower().split()[:5]:
        like = f"%{word.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        fields = (Contact.email, Contact.first_name, Contact.last_name, Contact.company)
        query = query.where(or_(*(func.lower(column).like(like, escape="!") for column in fields)))
    if list_id is not None:
        members = select(ListMember.contact_id).where(
            ListMember.list_id == list_id, ListMember.partner_id == partner.id
        )  # unscoped: by partner id
        query = query.where(Contact.id.in_(members))
    return query


def every_contact(partner: Organisation, words: str = "", list_id: int | None = None) -> Iterator[Listed]:
    """All chosen contacts with their verdicts, a thousand at a time, for an export."""
    after = 0
    while True:
        rows = list(
            db.session.scalars(
                _chosen(partner, words, list_id).where(Contact.id > after).order_by(Contact.id).limit(1_000)
            )
        )
        if not rows:
            return
        verdicts = mailable.verdicts(partner.id, None, [row.id for row in rows])
        for row in rows:
            yield Listed(row, verdicts[row.id])
        after = rows[-1].id
        db.session.expunge_all()


def every_one_of(partner: Organisation, people: People) -> Iterator[Listed]:
    """All of these people with their verdicts, a thousand at a time, for an export."""
    after, query = 0, people.by_windows().select(partner.id, Contact).order_by(Contact.id).limit(1_000)
    while rows := list(db.session.scalars(query.where(Contact.id > after))):
        verdicts = mailable.verdicts(partner.id, None, [row.id for row in rows])
        for row in rows:
            yield Listed(row, verdicts[row.id])
        after = rows[-1].id
        db.session.expunge_all()


def contact(partner: Organisation, pid: str) -> Contact:
    """One contact. Raises NotFound for another partner's, an erased and an unknown one alike."""
    found = get_or_404(partner, Contact, pid)
    if found.erased_at is not None:
        raise NotFound()
    return found


def lists_with(partner: Organisation, one: Contact) -> list[ContactList]:
    """The lists a contact is in, by name."""
    query = scoped(partner, ContactList).join(ListMember, ListMember.list_id == ContactList.id)
    return list(db.session.scalars(query.where(ListMember.contact_id == one.id).order_by(ContactList.name)))


def refusals_of(partner: Organisation, one: Contact) -> list[Refusal]:
    """Every no that counts for this contact, with whom it is said to."""
    vendors = {vendor.id: vendor.name for vendor, _ in vendors_of(partner)}
    names = {"partner": "you", "platform": "every sender here"}
    rows = suppressions_of(partner.id, list(vendors), one.address_hash)
    return [Refusal(names.get(str(row.scope)) or vendors[row.organisation_id], row) for row in rows]


def imports(partner: Organisation, most: int = 100) -> list[ContactImport]:
    """The partner's imports, the newest first."""
    return list(
        db.session.scalars(scoped(partner, ContactImport).order_by(ContactImport.id.desc()).limit(most))
    )


def list_of_import(partner: Organisation, imp: ContactImport) -> ContactList | None:
    """The list an import goes into; None while nobody has said."""
    if imp.list_id is None:
        return None
    return db.session.scalars(scoped(partner, ContactList).where(ContactList.id == imp.list_id)).one_or_none()


def names_of(people: Sequence[int | None]) -> dict[int, str]:
    """Names of people by id, for “by whom”."""
    wanted = {person for person in people if person is not None}
    if not wanted:
        return {}
    return {
        row[0]: row[1]
        for row in db.session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
    }
