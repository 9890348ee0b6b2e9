"""As whom a mail is shown: two people made up for it, one of them hardly known, and the partner's own contacts.

A contact's fields stay here: what travels in an address is the contact's opaque id, inside a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, or_

from app.accounts.models import Organisation
from app.audience.models import Contact
from app.audience.people import first_of
from app.campaigns.chosen import chosen
from app.campaigns.models import Campaign
from app.db import db, get_or_404, scoped
from app.render.context import CONTACT_FIELDS

MOST = 20  # found at once
PEOPLE: dict[str, Mapping[str, str]] = {
    "known": {
        "first_name": "Sanne",
        "last_name": "Willems",
        "company": "Van Dijk Logistiek",
        "job_title": "IT manager",
        "email": "sanne@example.com",
    },
    "unknown": {"email": "info@example.com"},
}
PEOPLE_LABELS = {"known": "Sanne Willems", "unknown": "No first name"}


@dataclass(frozen=True)
class Someone:
    """One person a mail can be shown to: the key that stands in forms, the name in the list, and what a mail knows of them."""

    key: str
    label: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Choice:
    """Whom a mail is shown to, and who else may be chosen. `found`: how many contacts a search came to; None without one."""

    chosen: Someone
    examples: tuple[Someone, ...]
    contacts: tuple[Someone, ...]
    found: int | None = None


EXAMPLES = tuple(Someone(key, f"{PEOPLE_LABELS[key]} (an example)", fields) for key, fields in PEOPLE.items())


def choice(partner: Organisation, campaign: Campaign, key: str = "", words: str = "") -> Choice:
    """Whom a campaign's mails can be shown to: the examples, and the contacts that hold these words, else the first of its list.

    `key`: who is chosen, an example's or a contact's public id ("": the first example). Raises NotFound for anybody else's contact.
    """
    chosen = EXAMPLES[0] if not key else someone(partner, key)
    people = _search(partner, words) if words.strip() else _chosen(partner, campaign)
    others = [_contact(person) for person in people]
    if chosen not in (*EXAMPLES, *others):
        others.insert(0, chosen)
    return Choice(chosen, EXAMPLES, tuple(others), len(people) if words.strip() else None)


def someone(partner: Organisation, key: str) -> Someone:
    """An example, or a contact of the partner's own. Raises NotFound."""
    example = next((person for person in EXAMPLES if person.key == key), None)
    return example or _contact(get_or_404(partner, Contact, key))


def fields_for(partner: Organisation, key: str) -> Mapping[str, str]:
    """What a mail knows of them; of a contact that is gone as much as of a stranger."""
    if key in PEOPLE:
        return PEOPLE[key]
    contact = db.session.scalars(scoped(partner, Contact).where(Contact.pid == key)).one_or_none()
    return _fields(contact) if contact else PEOPLE["unknown"]


def _contact(contact: Contact) -> Someone:
    name = f"{contact.first_name} {contact.last_name}".strip()
    label = ", ".join(part for part in (name, contact.company) if part) or contact.email
    return Someone(contact.pid, label, _fields(contact))


def _fields(contact: Contact) -> dict[str, str]:
    return {name: str(getattr(contact, name)) for name in CONTACT_FIELDS}


def _chosen(partner: Organisation, campaign: Campaign) -> list[Contact]:
    found = chosen(partner, campaign)
    return first_of(partner.id, found.people, MOST) if found else []


def _search(partner: Organisation, words: str) -> list[Contact]:
    query = scoped(partner, Contact).where(Contact.erased_at.is_(None))
    for word in words.lower().split()[:5]:
        like = f"%{word.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        fields = (Contact.email, Contact.first_name, Contact.last_name, Contact.company)
        query = query.where(or_(*(func.lower(column).like(like, escape="!") for column in fields)))
    return list(db.session.scalars(query.order_by(Contact.last_name, Contact.id).limit(MOST)))
