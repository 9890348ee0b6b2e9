"""Whom a campaign goes to: one of the partner's lists, chosen while the campaign is a draft, counted again at launch."""

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.audience.models import ContactList
from app.campaigns.models import Campaign
from app.campaigns.words import must_be_open
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid


def chosen_list(partner: Organisation, campaign: Campaign) -> ContactList | None:
    """The campaign's list; None while nobody is chosen, or when the list is gone."""
    if campaign.list_id is None:
        return None
    return db.session.scalars(
        scoped(partner, ContactList).where(ContactList.id == campaign.list_id)
    ).one_or_none()


def choose(actor: Actor, campaign: Campaign, list_pid: str) -> ContactList:
    """Take a list of the partner's own. Raises Invalid for any other, Refused once the campaign is past its draft."""
    must_be_open(campaign)
    found = db.session.scalars(
        scoped(actor.organisation, ContactList).where(ContactList.pid == list_pid)
    ).one_or_none()
    if found is None:
        raise Invalid("Nobody is chosen yet.", {"list": "Choose one of your lists."})
    campaign.list_id = found.id
    campaign.updated_at = now()
    return found
