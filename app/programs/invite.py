"""A vendor invites a company to become its partner, through one person there."""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.accounts import invite
from app.accounts.actor import Actor
from app.accounts.models import Invitation, InvitationKind, Organisation, Role
from app.db import db
from app.errors import Invalid
from app.programs.models import Partnership, PartnershipStatus


@dataclass(frozen=True)
class Offer:
    """Whom to invite, and on which terms."""

    company: str
    name: str
    email: str
    tier: str
    region: str


def invite_partner(actor: Actor, offer: Offer) -> Invitation:
    """Invite a company; the person who accepts becomes its administrator. Raises Invalid where it is a partner or invited already."""
    if _is_partner(actor.organisation, offer.company):
        raise Invalid("Already a partner.", {"company": f"{offer.company} is your partner already."})
    invitation = Invitation(
        kind=InvitationKind.PARTNER,
        role=Role.ADMIN,
        name=offer.name,
        partner_name=offer.company,
        tier=offer.tier,
        region=offer.region,
    )
    return invite.issue(actor.organisation, invitation, offer.email, actor)


def _is_partner(vendor: Organisation, company: str) -> bool:
    query = (
        select(Organisation.id)
        .join(Partnership, Partnership.partner_id == Organisation.id)
        .where(Partnership.vendor_id == vendor.id, Partnership.status == PartnershipStatus.ACTIVE)
        .where(func.lower(Organisation.name) == company.strip().lower())
    )
    return db.session.scalar(query) is not None
