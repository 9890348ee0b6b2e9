"""Accepting an invitation: the person is made or found, and gets a seat.

What a new partner needs beyond that, its organisation and its partnership, is made in programs.
"""

from app.accounts import audit, passwords
from app.accounts.actor import Actor
from app.accounts.models import Invitation, Membership, Organisation, Person, Role
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid


def new_person(invitation: Invitation, name: str, password: str) -> Person:
    """Make the person whom the invitation names. Raises Invalid where the password can't be taken."""
    trouble = passwords.trouble(password, invitation.email, name, invitation.partner_name or "")
    if trouble:
        raise Invalid(trouble, {"password": trouble})
    person = Person(email=invitation.email, name=name, session_epoch=0)
    passwords.store(person, password)
    db.session.add(person)
    db.session.flush()
    return person


def seat(person: Person, organisation: Organisation, role: Role) -> Membership:
    """Give `person` a seat; who has one there already keeps their role."""
    held = db.session.scalars(
        scoped(organisation, Membership).where(Membership.person_id == person.id)
    ).one_or_none()
    if held is not None:
        return held
    membership = Membership(person_id=person.id, organisation_id=organisation.id, role=role)
    db.session.add(membership)
    db.session.flush()
    return membership


def use_up(invitation: Invitation) -> None:
    """The invitation is accepted: its link works no more."""
    invitation.accepted_at = now()


def join_team(invitation: Invitation, organisation: Organisation, person: Person) -> Membership:
    """Accept a colleague's invitation."""
    membership = seat(person, organisation, invitation.role)
    use_up(invitation)
    audit.record(
        Actor(person, organisation, membership.role),
        "invitation.accepted",
        invitation,
        role=str(membership.role),
    )
    return membership
