"""The signed cookie that remembers a sign-in: person, session epoch, organisation, and since when.

The epoch is compared with the person's on each request, so that a new password or "sign out everywhere" ends every other session.
"""

from datetime import timedelta
from typing import cast

from flask import g, session
from sqlalchemy import select
from werkzeug.local import LocalProxy

from app.accounts.actor import Actor, Seat
from app.accounts.models import Membership, Organisation, OrganisationKind, Person
from app.clock import now
from app.db import db
from app.web.hosts import origin

IDLE = timedelta(days=7)
LONGEST = timedelta(days=30)
_KEYS = ("person", "epoch", "organisation", "since")


def begin(person: Person, organisation_id: int | None = None) -> None:
    """Sign `person` in on this browser. Whatever the cookie held before is dropped, against fixation."""
    session.clear()
    session.permanent = True
    session.update(
        person=person.id,
        epoch=person.session_epoch,
        organisation=organisation_id,
        since=int(now().timestamp()),
    )
    _forget()


def end() -> None:
    """Sign out on this browser."""
    session.clear()
    _forget()


def end_everywhere(person: Person) -> None:
    """End every session of `person`; the caller may begin a new one for this browser."""
    person.session_epoch += 1


def enter(organisation: Organisation) -> None:
    """Work for another organisation from now on; that the person belongs to it is the caller's to check."""
    session["organisation"] = organisation.id
    _forget()


def signed_in() -> Actor | None:
    """The actor of this request, read once; None for anonymous requests and on the public origin."""
    if "actor" not in g:
        g.actor = _load()
    return cast("Actor | None", g.actor)


def seats() -> list[Seat]:
    """Where the signed-in person may work, vendors first, then by name; empty for anonymous requests."""
    actor = signed_in()
    if actor is None:
        return []
    rows = db.session.execute(
        select(Organisation, Membership.role)  # unscoped: a person's own memberships, over all organisations
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.person_id == actor.person.id)
    ).all()
    found = [
        Seat(organisation, role, organisation.id == actor.organisation.id) for organisation, role in rows
    ]
    return sorted(
        found,
        key=lambda seat: (
            seat.organisation.kind is not OrganisationKind.VENDOR,
            seat.organisation.name.casefold(),
        ),
    )


def for_templates() -> dict[str, object]:
    """`actor` and `memberships` for every template; both are read only where a template looks at them."""
    return {"actor": LocalProxy(signed_in), "memberships": LocalProxy(_seats_once)}


def _seats_once() -> list[Seat]:
    if "seats" not in g:
        g.seats = seats()
    return cast("list[Seat]", g.seats)


def _forget() -> None:
    g.pop("actor", None)
    g.pop("seats", None)


def _load() -> Actor | None:
    if origin() != "app" or "person" not in session:
        return None
    held = {key: session.get(key) for key in _KEYS}
    if now().timestamp() - (held["since"] or 0) > LONGEST.total_seconds():
        session.clear()
        return None
    actor = _find(held["person"], held["epoch"], held["organisation"])
    if actor is None:
        session.clear()
    elif actor.organisation.id != held["organisation"]:
        session["organisation"] = actor.organisation.id
    return actor


def _find(person_id: int | None, epoch: int | None, organisation_id: int | None) -> Actor | None:
    rows = db.session.execute(
        select(Person, Organisation, Membership.role)  # unscoped: the sign-in itself decides the tenant
        .join(Membership, Membership.person_id == Person.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Person.id == person_id, Person.session_epoch == epoch)
        .order_by((Organisation.id == organisation_id).desc(), Organisation.name)
        .limit(1)
    ).first()
    return Actor(*rows) if rows else None
