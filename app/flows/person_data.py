"""Everything a partner holds on one person, over all tables and stored files: to look at, and to hand to them."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, select

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.audience.address import normalise
from app.audience.models import Contact
from app.clock import now
from app.db import db
from app.flows import person_files
from app.flows.person_register import TABLES
from app.flows.person_texts import Mention, mentions
from app.flows.person_ties import TIES, Subject, subject, table_of

_SHOWN = 200  # rows of one place on the page; the file has them all
_NAMED = {
    "list_id": "contact_list",
    "campaign_id": "campaign",
    "vendor_id": "organisation",
    "topic_id": "topic",
}
_MACHINERY = {
    "assigned_to",
    "registered_by",
    "recorded_by",
    "decided_by",
    "asked_by",
    "attempts",
    "pid",
    "epoch",
    "worker",
    "lease_until",
    "crashes",
    "form_token",
    "rung_at",
    "html",
    "password_hash",
}


@dataclass(frozen=True)
class Place:
    """One place that holds something on the person."""

    key: str
    title: str
    rows: int
    fate: str  # what erasing does, in words


@dataclass(frozen=True)
class Holdings:
    """What is held, place by place; nothing where nobody of this address is known."""

    subject: Subject
    places: tuple[Place, ...]
    texts: tuple[Mention, ...]
    files: tuple[person_files.Held, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to erase: a “no” as a hash, counts and receipts may still be there."""
        named = any(TABLES[place.key].columns("own") or TABLES[place.key].drop for place in self.places)
        return not (named or self.texts or self.files)


def about(partner: Organisation, typed: str) -> Subject:
    """The person of an address as it was typed. Raises BadAddress."""
    return subject(partner, normalise(typed))


def about_contact(partner: Organisation, contact: Contact) -> Subject:
    """The person of a contact."""
    return subject(partner, contact.email)


def holdings(person: Subject) -> Holdings:
    """Count what every table and file holds on them."""
    places = []
    for name, tie in TIES.items():
        t = table_of(name)
        rows = db.session.scalar(select(func.count()).select_from(t).where(tie(t, person))) or 0
        if rows:
            places.append(Place(name, TABLES[name].title or name, rows, _fate(name)))
    return Holdings(person, tuple(places), tuple(mentions(person)), tuple(person_files.files_with(person)))


def _fate(name: str) -> str:
    register = TABLES[name]
    if register.drop:
        return "goes"
    if register.why_kept and not register.columns("own"):
        return f"stays. {register.why_kept}"
    if register.columns("own"):
        return "is emptied" + (f"; one thing stays. {register.why_kept}" if register.why_kept else "")
    return "stays, as a count: it names nobody"


def export(actor: Actor, person: Subject) -> dict[str, Any]:
    """All of it as plain data under headings, for a JSON file. Noted in the log."""
    found = holdings(person)
    record(actor, "person.exported", actor.organisation, places=len(found.places))
    return {
        "about": person.email,
        "held_by": person.partner.name,
        "made_at": now().isoformat(),
        "what_this_is": "Everything this company holds on this person in Throughline, place by place.",
        "places": [
            {"place": place.title, "rows": [_readable(row) for row in _rows(place.key, person)]}
            for place in found.places
        ],
        "texts_that_name_them": [
            {"place": f"{TABLES[text.table].title or text.table}: {text.column}", "text": text.value}
            for text in found.texts
        ],
        "files": [
            {
                "file": held.imp.filename,
                "uploaded_at": held.imp.created_at.isoformat(),
                "lines": list(held.lines),
            }
            for held in found.files
        ],
    }


def shown(person: Subject, name: str) -> list[dict[str, Any]]:
    """The rows of one place, for the page: those that say something, up to some hundred."""
    rows = []
    for row in _rows(name, person):
        rows.append(_spoken(row))
        if len(rows) == _SHOWN:
            break
    return rows


def _rows(name: str, person: Subject) -> Iterator[RowMapping]:
    t = table_of(name)
    query = select(*_told(name)).where(TIES[name](t, person)).order_by(*t.primary_key.columns)
    yield from db.session.execute(query.execution_options(yield_per=500)).mappings()


def _told(name: str) -> list[ColumnElement[Any]]:
    """What says something to a person: no ids of ours, nothing that only the machinery needs; lists and campaigns by name."""
    t = table_of(name)
    found: list[ColumnElement[Any]] = []
    for column in (t.c[each] for each in TABLES[name].columns()):
        if column.name in _NAMED:
            other = table_of(_NAMED[column.name])
            word = column.name.removesuffix("_id")
            found.append(select(other.c.name).where(other.c.id == column).scalar_subquery().label(word))
        elif column.name not in _MACHINERY and column.name != "id" and not column.name.endswith("_id"):
            found.append(column)
    return found


def _readable(row: RowMapping) -> dict[str, Any]:
    return {key: _plain(value) for key, value in _spoken(row).items()}


def _spoken(row: RowMapping) -> dict[str, Any]:
    """What is filled in, under words apart."""
    return {key.replace("_", " "): value for key, value in row.items() if value not in (None, "", {}, [])}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, str):
        return str(value)
    return value
