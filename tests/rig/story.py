"""Rows of a campaign that has run, written through the models: for tests of what comes after the launch."""

from dataclasses import dataclass
from typing import Any, TypeVar

from app.accounts.models import Organisation
from app.audience.models import Contact, ContactList
from app.audience.suppress import address_hash
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Rendering, Send, SendStatus
from app.kits.models import Kit, KitVersion, VersionStatus
from app.landing.models import PublishedPage, Submission

T = TypeVar("T")


@dataclass(frozen=True)
class Story:
    """One launched campaign with one person who got its mail."""

    version: KitVersion
    campaign: Campaign
    contacts: ContactList
    contact: Contact
    send: Send
    rendering: Rendering
    delivery: Delivery
    page: PublishedPage


def _add(row: T) -> T:
    db.session.add(row)
    db.session.flush()
    return row


def campaign(
    vendor: Organisation,
    partner: Organisation,
    name: str = "Spring",
    shares_leads: bool = False,
    manifest: dict[str, Any] | None = None,
) -> Story:
    """A finished campaign of `partner` with a kit of `vendor`, whose kit.toml is `manifest`; commits."""
    kit = _add(Kit(vendor_id=vendor.id, slug=f"kit-{name}-{partner.id}".lower(), name=f"Kit {name}"))
    version = _add(
        KitVersion(
            kit_id=kit.id,
            vendor_id=vendor.id,
            version="1.0",
            status=VersionStatus.PUBLISHED,
            manifest=manifest or {},
            archive_key="x",
            sha256="0" * 64,
        )
    )
    people = _add(ContactList(partner_id=partner.id, name=f"List {name}"))
    row = _add(
        Campaign(
            partner_id=partner.id,
            vendor_id=vendor.id,
            kit_version_id=version.id,
            name=name,
            status=CampaignStatus.FINISHED,
            list_id=people.id,
            timezone=partner.timezone,
            shares_leads=shares_leads,
            launched_at=now(),
        )
    )
    email = f"sanne.{name}@vandijk.example".lower()
    contact = _add(
        Contact(partner_id=partner.id, email=email, address_hash=address_hash(email), first_name="Sanne")
    )
    send = _add(
        Send(
            partner_id=partner.id,
            vendor_id=vendor.id,
            campaign_id=row.id,
            email="invitation",
            status=SendStatus.FINISHED,
            list_id=people.id,
            expected=1,
        )
    )
    rendering = _add(
        Rendering(
            send_id=send.id,
            partner_id=partner.id,
            vendor_id=vendor.id,
            subject="Is home the weakest door?",
            html="",
            text="",
            segments=b"",
        )
    )
    delivery = _add(
        Delivery(
            send_id=send.id,
            campaign_id=row.id,
            partner_id=partner.id,
            contact_id=contact.id,
            rendering_id=rendering.id,
            tracked=True,
            state=DeliveryState.ACCEPTED,
            decided_at=now(),
        )
    )
    content = {"title": "Book your check", "consents": {}, "controller": partner.name}
    page = _add(
        PublishedPage(
            partner_id=partner.id, vendor_id=vendor.id, campaign_id=row.id, name="check", content=content
        )
    )
    db.session.commit()
    return Story(version, row, people, contact, send, rendering, delivery, page)


def submission(story: Story, email: str = "", token: str = "n1", **fields: str) -> Submission:
    """A filled form on the story's page, as the landing room stores it; `email` empty: the contact's."""
    address = email or story.contact.email
    known = address == story.contact.email
    return _add(
        Submission(
            partner_id=story.campaign.partner_id,
            campaign_id=story.campaign.id,
            page_id=story.page.id,
            form_token=token,
            email=address,
            contact_id=story.contact.id if known else None,
            delivery_id=story.delivery.id if known else None,
            fields={"name": "Sanne Willems", "company": "Van Dijk Logistiek", "email": address, **fields},
        )
    )
