"""What a contact was sent, for its page: one line a message, the newest first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.accounts.models import Organisation
from app.audience.models import Contact
from app.campaigns.models import Campaign
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Rendering


@dataclass(frozen=True)
class Message:
    """One message to one contact."""

    campaign: str
    campaign_pid: str
    subject: str
    state: DeliveryState
    at: datetime | None


def messages_to(partner: Organisation, contact: Contact, most: int = 20) -> list[Message]:
    """The last messages of this partner to this contact."""
    query = (
        select(
            Campaign.name, Campaign.pid, Rendering.subject, Delivery.state, Delivery.decided_at
        )  # unscoped: by partner id
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .join(Rendering, Rendering.id == Delivery.rendering_id)
        .where(Delivery.partner_id == partner.id, Delivery.contact_id == contact.id)
        .order_by(Delivery.id.desc())
        .limit(most)
    )
    return [Message(*row) for row in db.session.execute(query)]
