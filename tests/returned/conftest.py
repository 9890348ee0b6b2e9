"""What these tests start from: Harbour IT's messages to Sanne and Gert, accepted by the first server."""

from dataclasses import dataclass

import pytest

from app.audience.models import Contact, ContactList
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Rendering, Send
from tests.audience.people import agreed, contact
from tests.audience.sends import delivered
from tests.rig.cast import Cast


@dataclass(frozen=True)
class Sent:
    """Two people and the message each got."""

    sanne: Contact
    gert: Contact
    to_sanne: Delivery
    to_gert: Delivery


@pytest.fixture
def sent(cast: Cast) -> Sent:
    """Both messages are accepted."""
    into = ContactList(partner_id=cast.harbour.id, name="Customers")
    db.session.add(into)
    db.session.flush()
    people = [
        contact(cast.harbour, f"{name}@vandijk.example", into, first_name=name.title())
        for name in ("sanne", "gert")
    ]
    for person in people:
        agreed(person)
    return Sent(*people, *(delivered(cast, person, into) for person in people))


def again(row: Delivery) -> Delivery:
    """Another send of the same campaign to the same person, accepted too."""
    first = db.session.get_one(Send, row.send_id)
    both = {"partner_id": first.partner_id, "vendor_id": first.vendor_id}
    send = Send(**both, campaign_id=first.campaign_id, email="invite", list_id=first.list_id)
    db.session.add(send)
    db.session.flush()
    rendering = Rendering(**both, send_id=send.id, subject="Once more", html="", text="", segments=b"")
    db.session.add(rendering)
    db.session.flush()
    made = Delivery(
        send_id=send.id,
        campaign_id=first.campaign_id,
        partner_id=row.partner_id,
        contact_id=row.contact_id,
        rendering_id=rendering.id,
        state=DeliveryState.ACCEPTED,
    )
    db.session.add(made)
    db.session.commit()
    return made
