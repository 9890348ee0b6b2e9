"""Invitations: a link by mail, good for 14 days and once, that lets a colleague or a new partner in.

The row decides whether the link still works; the token only finds the row.
"""

from datetime import timedelta

from sqlalchemy import select

from app import mail, tokens
from app.accounts import audit
from app.accounts.actor import Actor
from app.accounts.errors import InvitationClosed
from app.accounts.models import (
    Invitation,
    InvitationKind,
    Membership,
    Organisation,
    OrganisationKind,
    Person,
    Role,
)
from app.accounts.signin import normal
from app.clock import local, now
from app.db import db, scoped
from app.errors import Conflict, Invalid
from app.web import filters
from app.web.hosts import app_url_for

VALID = timedelta(days=14)
_PURPOSE = "invitation"


def roles_for(kind: OrganisationKind) -> tuple[Role, ...]:
    """The roles that people may have at this kind of organisation."""
    return tuple(Role) if kind is OrganisationKind.VENDOR else (Role.ADMIN, Role.MARKETER, Role.VIEWER)


def invite_colleague(actor: Actor, email: str, name: str, role: Role) -> Invitation:
    """Invite somebody into the actor's own organisation. Raises Invalid when they are in it or invited already."""
    if role not in roles_for(actor.organisation.kind):
        raise Invalid("Choose one of the roles offered.", {"role": "Choose one of the roles offered."})
    if _belongs(actor.organisation, email):
        raise Invalid("Already in the team.", {"email": "This person is in your team already."})
    invitation = Invitation(kind=InvitationKind.COLLEAGUE, role=role, name=name)
    return issue(actor.organisation, invitation, email, actor)


def issue(organisation: Organisation, invitation: Invitation, email: str, actor: Actor | None) -> Invitation:
    """Store a new invitation of `organisation` for `email` and mail it; `actor` None means the operator invites.

    Raises Invalid when one of the same kind is open for this address.
    """
    if any(
        held.email == normal(email) and held.kind is invitation.kind
        for held in open_invitations(organisation)
    ):
        raise Invalid(
            "Invited already.",
            {"email": "This person is invited already. Send the open invitation again instead."},
        )
    invitation.organisation_id = organisation.id
    invitation.email = normal(email)
    invitation.invited_by = actor.person.id if actor else None
    invitation.expires_at = now() + VALID
    db.session.add(invitation)
    db.session.flush()
    audit.record(
        actor, "invitation.sent", invitation, organisation_id=organisation.id, role=str(invitation.role)
    )
    _mail(organisation, invitation)
    return invitation


def resend(actor: Actor, invitation: Invitation) -> None:
    """Mail an open or expired invitation again; it works for another 14 days. Raises Conflict when it was used or withdrawn."""
    if invitation.accepted_at or invitation.revoked_at:
        raise Conflict("This invitation was accepted or withdrawn meanwhile.")
    invitation.expires_at = now() + VALID
    audit.record(actor, "invitation.sent_again", invitation)
    _mail(actor.organisation, invitation)


def revoke(actor: Actor, invitation: Invitation) -> None:
    """Withdraw an invitation: its link stops working. Doing it twice changes nothing; an accepted one raises Conflict."""
    if invitation.accepted_at:
        raise Conflict("This invitation was accepted meanwhile. Remove the person from the team instead.")
    if invitation.revoked_at is None:
        invitation.revoked_at = now()
        audit.record(actor, "invitation.revoked", invitation)


def open_invitations(organisation: Organisation, kind: InvitationKind | None = None) -> list[Invitation]:
    """What is neither accepted nor withdrawn, newest first; expired ones are among them, to be sent again."""
    query = scoped(organisation, Invitation).where(
        Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )
    if kind is not None:
        query = query.where(Invitation.kind == kind)
    return list(db.session.scalars(query.order_by(Invitation.created_at.desc(), Invitation.id.desc())))


def link(invitation: Invitation) -> str:
    """The absolute link that accepts it."""
    return app_url_for(
        "accounts.invitation", token=tokens.make_timed(_PURPOSE, {"invitation": invitation.pid})
    )


def read(token: str, lock: bool = False) -> tuple[Invitation, Organisation]:
    """The open invitation of a link, and who invites; `lock` keeps a second click waiting until this request ends.

    Raises InvitationClosed for links that are forged, used, withdrawn or too old.
    """
    try:
        held = tokens.read_timed(_PURPOSE, token, int(VALID.total_seconds()))
    except tokens.BadToken:
        raise InvitationClosed() from None
    query = select(
        Invitation, Organisation
    ).join(  # unscoped: the signed link decides, nobody is signed in yet
        Organisation, Organisation.id == Invitation.organisation_id
    )
    query = query.where(Invitation.pid == str(held.get("invitation")))
    if lock:
        query = query.with_for_update(of=Invitation).execution_options(populate_existing=True)
    row = db.session.execute(query).one_or_none()
    if row is None or row[0].accepted_at or row[0].revoked_at or row[0].expires_at < now():
        raise InvitationClosed()
    return row[0], row[1]


def inviter(invitation: Invitation, organisation: Organisation) -> str:
    """Who invites, by name; the organisation's where no person did."""
    person = db.session.get(Person, invitation.invited_by) if invitation.invited_by else None
    return person.name if person else organisation.name


def _mail(organisation: Organisation, invitation: Invitation) -> None:
    template = "partner_invitation" if invitation.kind is InvitationKind.PARTNER else "invitation"
    until = local(invitation.expires_at, organisation.timezone).date()
    values = {
        "name": invitation.name,
        "inviter": inviter(invitation, organisation),
        "role": str(invitation.role),
        "partner_name": invitation.partner_name,
        "link": link(invitation),
        "until": filters.day(until),
    }
    mail.post(template, invitation.email, values, organisation)


def _belongs(organisation: Organisation, email: str) -> bool:
    query = scoped(organisation, Membership).join(Person, Person.id == Membership.person_id)
    return db.session.scalars(query.where(Person.email == normal(email))).first() is not None
