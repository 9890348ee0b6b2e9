"""What the audience's tests share beside the fixed cast: Harbour IT's list of customers."""

import pytest

from app.audience.models import ContactList
from app.db import db
from tests.rig.cast import Cast


@pytest.fixture
def customers(cast: Cast) -> ContactList:
    """Harbour IT's list of customers, empty."""
    row = ContactList(partner_id=cast.harbour.id, name="Customers")
    db.session.add(row)
    db.session.commit()
    return row
