"""Erasing one person over all tables and stored files at once, with a receipt that names nobody.

Rows stay where figures are made of them: their fields are emptied. A “no” stays as its keyed hash, a deal keeps its money.
"""

import secrets
from collections import Counter
from typing import Any

import structlog
from sqlalchemy import JSON, Column, case, delete, literal, select, update

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.audience import consent
from app.audience.models import Erasure
from app.clock import now
from app.db import db, scoped
from app.errors import NotFound
from app.flows import person_data, person_files
from app.flows.person_register import TABLES
from app.flows.person_texts import mentions
from app.flows.person_ties import TIES, Subject, table_of
from app.leads.models import Lead, LeadStatus

log = structlog.get_logger(__name__)

# What stands in an emptied field where "" or {} would not do. Unique per row where the column is unique.
_INSTEAD: dict[str, Any] = {"lead.name": "Erased", "seed.name": "Erased"}


def erase(actor: Actor, person: Subject) -> Erasure:
    """Erase them. Raises NotFound when nothing is held, Refused while a running import would bring them back."""
    found = person_data.holdings(person)
    if found.is_empty:
        raise NotFound(kind="Person")
    person_files.must_not_wait(person, list(found.files))
    told = _told(person)
    places: Counter[tuple[str, str]] = Counter()
    _texts(person, places)
    consent.withdraw(person.partner.id, person.contacts, now())
    for place in found.places:
        deed = _empty(place.key, person)
        if deed:
            places[place.title, deed] += place.rows
    files = person_files.delete(list(found.files))
    if files:
        places["Files of imports", "deleted"] += files
    receipt = Erasure(
        partner_id=person.partner.id,
        number=_number(),
        address_hash=person.hash,
        masked=masked(person.email),
        places=[{"place": title, "deed": deed, "rows": rows} for (title, deed), rows in places.items()],
        told=told,
        person_id=actor.person.id,
    )
    db.session.add(receipt)
    db.session.flush()
    record(actor, "person.erased", receipt, places=len(places), rows=sum(places.values()))
    db.session.expire_all()
    log.info("person.erased", erasure_id=receipt.id)
    return receipt


def masked(email: str) -> str:
    """`s…@v….example`: enough to know one's own receipt again, too little to find anybody."""
    local, _, domain = email.partition("@")
    ending = domain.rpartition(".")[2][:8]
    return f"{local[:1]}…@{domain[:1]}….{ending}"


def receipts(partner: Organisation, most: int = 200) -> list[Erasure]:
    """The partner's receipts, the newest first."""
    return list(db.session.scalars(scoped(partner, Erasure).order_by(Erasure.id.desc()).limit(most)))


def _told(person: Subject) -> list[str]:
    """The vendors who could read a lead of theirs: they may hold a copy, and have to be told (GDPR, article 19)."""
    query = (
        select(Organisation.name)
        .join(Lead, Lead.vendor_id == Organisation.id)  # unscoped: by the partner's own leads
        .where(Lead.id.in_(person.leads), Lead.shared_at.is_not(None))
        .distinct()
    )
    return sorted(db.session.scalars(query))


def _texts(person: Subject, places: Counter[tuple[str, str]]) -> None:
    """Take them out of free text, before the words to look for are gone."""
    for text in list(mentions(person)):
        t = table_of(text.table)
        db.session.execute(update(t).where(t.c.id == text.id).values({text.column: text.without(person)}))
        places[TABLES[text.table].title or text.table, "taken out of the text"] += 1


def _empty(name: str, person: Subject) -> str:
    """Empty or drop the rows of one table that are tied to them; returns what was done, in a word."""
    t, register = table_of(name), TABLES[name]
    tie = TIES[name](t, person)
    if register.drop:
        db.session.execute(delete(t).where(tie))
        return "removed"
    values = {column: _blank(name, t.c[column]) for column in register.columns("own")}
    if not values:
        return ""
    db.session.execute(update(t).where(tie).values({**values, **_beside(name)}))
    return "emptied"


def _blank(name: str, column: Column[Any]) -> Any:
    if (name, column.name) == ("contact", "email"):
        return literal("erased-") + column.table.c.pid + "@erased.invalid"
    instead = _INSTEAD.get(f"{name}.{column.name}")
    if instead is not None:
        return instead
    if column.nullable:
        return None
    return {} if isinstance(column.type, JSON) else ""


def _beside(name: str) -> dict[str, Any]:
    """What else changes with a row whose person is gone: it is marked as erased, a mail that waits is not sent."""
    t, moment = table_of(name), now()
    if name == "contact":
        return {"erased_at": moment, "updated_at": moment}
    if name == "outgoing_mail":
        return {
            "subject": "", "text": "", "html": "",
            "failed_at": case((t.c.sent_at.is_(None), literal(moment, t.c.failed_at.type)), else_=t.c.failed_at),
            "reason": case((t.c.sent_at.is_(None), literal("The person was erased")), else_=t.c.reason),
        }  # fmt: skip
    if name == "lead":  # nobody waits for an answer to a person who isn't known any more
        waits = t.c.status.in_([LeadStatus.NEW, LeadStatus.REROUTED])
        reason = case((waits, literal("Erased on request")), else_=None)
        return {
            "answered_at": case((waits, literal(moment, t.c.answered_at.type)), else_=t.c.answered_at),
            "status": case((waits, literal(LeadStatus.REJECTED, t.c.status.type)), else_=t.c.status),
            "reject_reason": reason,
        }
    if name == "seed":
        return {"stopped_at": moment}
    return {}


def _number() -> str:
    return f"ER-{now():%Y}-{secrets.token_hex(4).upper()}"
