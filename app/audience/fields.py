"""The fields that a partner keeps beside the common ones, each with a kind, under its name in `Contact.fields`."""

from app.accounts.models import Organisation
from app.audience.models import ContactField
from app.db import db, scoped


def fields_of(partner: Organisation) -> list[ContactField]:
    """A partner's own fields by name."""
    return list(db.session.scalars(scoped(partner, ContactField).order_by(ContactField.folded)))
