"""Choosing whom a campaign goes to, while it is a draft: one of the partner's lists or segments, counted again at launch."""

from app.accounts.actor import Actor
from app.audience.models import ContactList, Segment
from app.campaigns.chosen import Audience, chosen
from app.campaigns.models import Campaign
from app.campaigns.words import must_be_open
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid


def choose(actor: Actor, campaign: Campaign, pid: str) -> Audience:
    """Take a list or a segment of the partner's own. Raises Invalid for any other, Refused once the campaign is past its draft."""
    must_be_open(campaign)
    partner = actor.organisation
    a_list = db.session.scalars(scoped(partner, ContactList).where(ContactList.pid == pid)).one_or_none()
    segment = db.session.scalars(scoped(partner, Segment).where(Segment.pid == pid)).one_or_none()
    if a_list is None and segment is None:
        raise Invalid("Nobody is chosen yet.", {"list": "Choose one of your lists or segments."})
    campaign.list_id = a_list.id if a_list else None
    campaign.segment_id = segment.id if segment else None
    campaign.updated_at = now()
    found = chosen(partner, campaign)
    assert found is not None  # noqa: S101 — it was just read
    return found
