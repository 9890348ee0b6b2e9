"""Accepting a vendor's invitation: the partner organisation, its first administrator, and the partnership.

Somebody who runs a partner already may join with it instead: a partner may have many vendors.
"""

from sqlalchemy import select

from app import mail
from app.accounts import audit, join
from app.accounts.actor import Actor
from app.accounts.models import Invitation, Membership, Organisation, OrganisationKind, Person, Role
from app.accounts.organise import free_slug
from app.clock import now
from app.db import db, scoped
from app.errors import Conflict
from app.programs.models import Partnership, PartnershipStatus
from app.web.hosts import app_url_for


def homes(person: Person) -> list[Organisation]:
    """The partner organisations that `person` administers, by name: each could take the invitation."""
    query = (
        select(Organisation)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(
            Membership.person_id == person.id,
            Membership.role == Role.ADMIN,
            Organisation.kind == OrganisationKind.PARTNER,
        )
        .order_by(Organisation.name)
    )
    return list(db.session.scalars(query))


def join_partner(
    invitation: Invitation, vendor: Organisation, person: Person, home: Organisation | None
) -> Organisation:
    """Accept as `home`, or as a new organisation when None; returns the partner. Raises Conflict when `home` is a partner already.

    That `person` administers `home` is the caller's to check. The vendor is told by mail.
    """
    partner = home or _found(invitation, vendor, person)
    partnership = _agree(invitation, vendor, partner)
    join.use_up(invitation)
    actor = Actor(person, partner, Role.ADMIN)
    audit.record(actor, "partnership.agreed", partnership, vendor_id=vendor.id)
    audit.record(None, "partner.joined", partnership, organisation_id=vendor.id, partner_id=partner.id)
    _tell(invitation, vendor, partner, person)
    return partner


def _found(invitation: Invitation, vendor: Organisation, person: Person) -> Organisation:
    name = invitation.partner_name or person.name
    partner = Organisation(
        kind=OrganisationKind.PARTNER,
        name=name,
        slug=free_slug(name),
        country=vendor.country,
        timezone=vendor.timezone,
        currency=vendor.currency,
    )
    db.session.add(partner)
    db.session.flush()
    join.seat(person, partner, Role.ADMIN)
    audit.record(Actor(person, partner, Role.ADMIN), "organisation.created", partner)
    return partner


def _agree(invitation: Invitation, vendor: Organisation, partner: Organisation) -> Partnership:
    held = db.session.scalars(
        scoped(partner, Partnership).where(Partnership.vendor_id == vendor.id)
    ).one_or_none()
    if held is not None and held.status is PartnershipStatus.ACTIVE:
        raise Conflict(f"{partner.name} is a partner of {vendor.name} already.")
    partnership = held or Partnership(vendor_id=vendor.id, partner_id=partner.id)
    partnership.status = PartnershipStatus.ACTIVE
    partnership.tier = invitation.tier or ""
    partnership.region = invitation.region or ""
    partnership.manager_id = invitation.invited_by
    partnership.agreed_at = now()
    db.session.add(partnership)
    db.session.flush()
    return partnership


def _tell(invitation: Invitation, vendor: Organisation, partner: Organisation, person: Person) -> None:
    team = (
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.organisation_id == vendor.id)
    )
    told = list(db.session.scalars(team.where(Person.id == invitation.invited_by)))
    for reader in told or db.session.scalars(team.where(Membership.role == Role.ADMIN)):
        values = {
            "name": reader.name,
            "person": person.name,
            "partner": partner,
            "tier": invitation.tier,
            "link": app_url_for("partners.index"),
        }
        mail.post("partner_joined", reader.email, values, vendor)
