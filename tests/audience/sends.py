"""A mail that went out, down to its delivery row: what an unsubscribe link needs."""

from app import tokens
from app.audience.models import Contact, ContactList
from app.campaigns.models import Campaign
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Rendering, Send
from app.kits.models import Kit, KitVersion
from tests.rig.cast import Cast


def delivered(cast: Cast, person: Contact, into: ContactList) -> Delivery:
    """Harbour IT's mail with Northwind to this contact, accepted by their server."""
    kit = Kit(vendor_id=cast.northwind.id, name="Secure the Hybrid Office", slug=f"secure-{person.id}")
    db.session.add(kit)
    db.session.flush()
    version = KitVersion(
        kit_id=kit.id,
        vendor_id=cast.northwind.id,
        version="1.0",
        manifest={},
        archive_key="k",
        sha256="0" * 64,
    )
    db.session.add(version)
    db.session.flush()
    both = {"partner_id": cast.harbour.id, "vendor_id": cast.northwind.id}
    campaign = Campaign(
        **both,
        kit_version_id=version.id,
        name="Secure the Hybrid Office, spring",
        timezone="Europe/Amsterdam",
    )
    db.session.add(campaign)
    db.session.flush()
    send = Send(**both, campaign_id=campaign.id, email="invite", list_id=into.id)
    db.session.add(send)
    db.session.flush()
    rendering = Rendering(
        **both, send_id=send.id, subject="Is your office safe?", html="", text="", segments=b""
    )
    db.session.add(rendering)
    db.session.flush()
    row = Delivery(
        send_id=send.id, campaign_id=campaign.id, partner_id=cast.harbour.id, contact_id=person.id,
        rendering_id=rendering.id, state=DeliveryState.ACCEPTED,
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row


def link(row: Delivery) -> str:
    """The unsubscribe address of a delivery, on the public origin."""
    return f"http://127.0.0.1:8000/u/{tokens.make('unsubscribe', row.id)}"
