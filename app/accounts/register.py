"""The first vendor: made by the operator on the command line, taken over by a person through an invitation."""

import re

from sqlalchemy import select

from app.accounts import audit, invite
from app.accounts.models import (
    Invitation,
    InvitationKind,
    Organisation,
    OrganisationKind,
    Role,
)
from app.accounts.organise import free_slug
from app.db import db
from app.errors import Invalid
from app.mail.posting import address


def create_vendor(name: str, slug: str | None, admin_email: str, admin_name: str) -> Organisation:
    """Make a vendor and mail its first administrator an invitation; returns the vendor. The caller commits.

    Raises Invalid when the short name is taken or not one, HeaderRefused when the address isn't one.
    """
    if not name.strip():
        raise Invalid("Give the vendor’s name.", {"name": "Give the vendor’s name."})
    if slug is not None:
        _check(slug)
    organisation = Organisation(kind=OrganisationKind.VENDOR, name=name.strip(), slug=slug or free_slug(name))
    db.session.add(organisation)
    db.session.flush()
    audit.record(None, "organisation.created", organisation)
    invitation = Invitation(kind=InvitationKind.COLLEAGUE, role=Role.ADMIN, name=admin_name.strip())
    invite.issue(organisation, invitation, address(admin_email.strip()), None)
    return organisation


def _check(slug: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or len(slug) > 80:
        raise Invalid(
            "A short name holds small letters, digits and single hyphens.",
            {"slug": "Small letters, digits, hyphens."},
        )
    if db.session.scalar(select(Organisation.id).where(Organisation.slug == slug)) is not None:
        raise Invalid(f"The short name {slug} is taken.", {"slug": "Taken."})
