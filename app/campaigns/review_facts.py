"""What a review is about, in a few lines beside it: never a person of the partner's, only how many there are.

Rooms that come after this one add a line of theirs with `register_fact`.
"""

from collections.abc import Callable

from app.accounts.models import Organisation
from app.audience.mailable import count as count_mailable
from app.campaigns import in_words
from app.campaigns.chosen import people_of
from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared
from app.campaigns.review_models import ReviewRound
from app.db import db
from app.programs.queries import partnership_between
from app.web.filters import plural

Finder = Callable[[Campaign], tuple[str, str] | None]
_FINDERS: list[Finder] = []


def register_fact(find: Finder) -> None:
    """Show a line more: label and value, or None where there is nothing to say."""
    if find not in _FINDERS:
        _FINDERS.append(find)


def facts(row: ReviewRound, campaign: Campaign, made: Prepared) -> list[tuple[str, str]]:
    """Label and value of each: who asks, to how many, when, as whom, and what later rooms know."""
    partner = db.session.get_one(Organisation, row.partner_id)
    vendor = db.session.get_one(Organisation, row.vendor_id)
    ship = partnership_between(row.vendor_id, row.partner_id)
    terms = ", ".join(
        part
        for part in (partner.name, ship.tier.capitalize() if ship else "", ship.region if ship else "")
        if part
    )
    people = "Not chosen yet"
    chosen = people_of(campaign)
    if chosen is not None:
        number = count_mailable(partner, campaign.vendor_id, chosen).mailable
        people = f"{plural(number, 'person', 'people')}, consent for each. You see the count only"
    found = [
        ("Partner", terms),
        ("Audience", people),
        ("Planned", in_words.planned(campaign, vendor.timezone) or "Not planned yet"),
        ("Sent as", made.partner.sender_name or made.partner.name),
        ("Answers go to", made.partner.email or "–"),
    ]
    return found + [fact for find in _FINDERS if (fact := find(campaign)) is not None]
