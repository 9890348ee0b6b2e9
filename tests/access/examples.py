"""One object of Harbour IT or Northwind Cloud for every route that takes arguments, so that rivals can be sent after it.

A room adds a function that makes the object through its models and gives the route's values, and a line in EXAMPLES.
Where a rival may rightly see it (a kit that is open to every partner), SEEN_BY names who, and why.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import Invitation, InvitationKind, Membership, Role
from app.audience import importing
from app.audience.columns import Becomes
from app.audience.consent import Plan, Why
from app.audience.models import Contact
from app.audience.suppress import address_hash
from app.clock import now
from app.db import db
from tests.rig.cast import Cast

Values = dict[str, Any]
Example = Callable[[Cast], Values]


def _kept(row: Any) -> Any:
    db.session.add(row)
    db.session.commit()
    return row


def colleague(cast: Cast) -> Values:
    """Jonas's seat at Harbour IT."""
    return {
        "pid": db.session.scalars(select(Membership).where(Membership.person_id == cast.jonas.id)).one().pid
    }


def colleague_invitation(cast: Cast) -> Values:
    """An invitation of a colleague to Harbour IT."""
    row = Invitation(
        organisation_id=cast.harbour.id,
        kind=InvitationKind.COLLEAGUE,
        email="femke@harbour-it.example",
        role=Role.VIEWER,
        expires_at=now() + timedelta(days=1),
    )
    return {"pid": _kept(row).pid}


def partner_invitation(cast: Cast) -> Values:
    """An invitation of a company by Northwind Cloud."""
    row = Invitation(
        organisation_id=cast.northwind.id,
        kind=InvitationKind.PARTNER,
        email="anne@weserbit.example",
        partner_name="Weserbit",
        role=Role.ADMIN,
        expires_at=now() + timedelta(days=1),
    )
    return {"pid": _kept(row).pid}


def contact_of_harbour(cast: Cast) -> Values:
    """Sanne, a contact of Harbour IT."""
    row = Contact(partner_id=cast.harbour.id, email="sanne@vandijk.example", address_hash=address_hash("sanne@vandijk.example"))
    return {"pid": _kept(row).pid}


def import_to_confirm(cast: Cast) -> Values:
    """A file that Maya uploaded to Harbour IT's contacts and nobody has confirmed."""
    file = b"email,name\nsanne@vandijk.example,Sanne\n"
    return {"pid": _kept(importing.start(Actor(cast.maya, cast.harbour, Role.ADMIN), "crm.csv", file)).pid}


def import_with_refusals(cast: Cast) -> Values:
    """An import of Harbour IT that has ended, with a refused row."""
    maya = Actor(cast.maya, cast.harbour, Role.ADMIN)
    row = _kept(importing.start(maya, "crm.csv", b"email,name\nnobody,Sanne\n"))
    importing.confirm(maya, row, [Becomes.EMAIL, Becomes.LEAVE_OUT], Plan(Why.UNKNOWN), "Customers")
    db.session.commit()
    importing.run(row.id)
    return {"pid": row.pid}


EXAMPLES: dict[str, Example] = {
    "contacts.show": contact_of_harbour,
    "contacts.suppress": contact_of_harbour,
    "contacts.unsuppress": contact_of_harbour,
    "contacts.delete": contact_of_harbour,
    "imports.show": import_to_confirm,
    "imports.confirm": import_to_confirm,
    "imports.forecast": import_to_confirm,
    "imports.stop": import_to_confirm,
    "imports.progress": import_with_refusals,
    "imports.refused": import_with_refusals,
    "settings.change_role": colleague,
    "settings.remove": colleague,
    "settings.resend": colleague_invitation,
    "settings.revoke": colleague_invitation,
    "partners.resend": partner_invitation,
    "partners.revoke": partner_invitation,
}

# Endpoint: (rivals who may see it, why). Rivals are "lieve" (a partner of the same vendor) and "simon" (another vendor).
SEEN_BY: dict[str, tuple[frozenset[str], str]] = {}
