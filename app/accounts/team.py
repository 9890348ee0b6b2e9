"""Who belongs to an organisation, and in which role. One administrator always stays."""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.accounts import audit
from app.accounts.actor import Actor
from app.accounts.errors import LastAdmin
from app.accounts.invite import roles_for
from app.accounts.models import Membership, Organisation, Person, Role
from app.db import db, scoped
from app.errors import Invalid


@dataclass(frozen=True)
class Mate:
    """One member of a team."""

    membership: Membership
    person: Person


def team(organisation: Organisation) -> list[Mate]:
    """Everyone with a seat, by name."""
    rows = db.session.execute(
        select(Membership, Person)  # unscoped: restricted to the organisation below
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organisation_id == organisation.id)
        .order_by(func.lower(Person.name), Person.id)
    )
    return [Mate(membership, person) for membership, person in rows]


def change_role(actor: Actor, membership: Membership, role: Role) -> None:
    """Give a colleague another role. Raises LastAdmin, or Invalid for a role that this kind of organisation doesn't have."""
    if role not in roles_for(actor.organisation.kind):
        raise Invalid("Choose one of the roles offered.", {"role": "Choose one of the roles offered."})
    if role is membership.role:
        return
    _keep_an_admin(actor, membership)
    was, membership.role = membership.role, role
    audit.record(
        actor,
        "membership.role_changed",
        membership,
        person_id=membership.person_id,
        was=str(was),
        role=str(role),
    )


def remove(actor: Actor, membership: Membership) -> None:
    """Take a colleague's seat; their next request finds them outside. Raises LastAdmin."""
    _keep_an_admin(actor, membership)
    audit.record(
        actor, "membership.removed", membership, person_id=membership.person_id, role=str(membership.role)
    )
    db.session.delete(membership)


def _keep_an_admin(actor: Actor, membership: Membership) -> None:
    if membership.role is not Role.ADMIN:
        return
    # Two administrators who demote each other at once wait for one another here.
    db.session.execute(
        select(Organisation.id).where(Organisation.id == actor.organisation.id).with_for_update()
    )
    others = scoped(actor.organisation, Membership).where(
        Membership.role == Role.ADMIN, Membership.id != membership.id
    )
    if not db.session.scalars(others).first():
        raise LastAdmin(actor.organisation.name)
