"""Whom a campaign goes to: one of the partner's lists, or one of its segments as its rules stand now."""

from dataclasses import dataclass

from app.accounts.models import Organisation
from app.audience.models import ContactList, Segment
from app.audience.people import People
from app.audience.rules import Rules
from app.campaigns.models import Campaign
from app.db import db, scoped


@dataclass(frozen=True)
class Audience:
    """A list or a segment: its name, its public id, and the people."""

    name: str
    pid: str
    people: People
    is_segment: bool = False


def is_chosen(campaign: Campaign) -> bool:
    """Whether a list or a segment was chosen, be it still there or not."""
    return campaign.list_id is not None or campaign.segment_id is not None


def chosen(partner: Organisation, campaign: Campaign) -> Audience | None:
    """The campaign's list or segment; None while nobody is chosen, or when it is gone."""
    if campaign.segment_id is not None:
        segment = db.session.scalars(
            scoped(partner, Segment).where(Segment.id == campaign.segment_id)
        ).one_or_none()
        if segment is None:
            return None
        people = People(rules=Rules.from_json(segment.rules))
        return Audience(segment.name, segment.pid, people, is_segment=True)
    found = db.session.scalars(
        scoped(partner, ContactList).where(ContactList.id == (campaign.list_id or 0))
    ).one_or_none()
    return Audience(found.name, found.pid, People(found.id)) if found else None


def people_of(campaign: Campaign) -> People | None:
    """Its people, for a caller that has no organisation at hand."""
    partner = db.session.get_one(Organisation, campaign.partner_id)
    found = chosen(partner, campaign)
    return found.people if found else None
