"""Both sides hear of each step of a review by mail, with the link to where something is to be done.

The vendor's mails go to whoever has the review, the partner's to whoever asked; none names a person of the partner's lists.
"""

from collections.abc import Iterable

from app.accounts.actor import EDITORS
from app.accounts.models import Organisation, Person
from app.campaigns.models import Campaign
from app.campaigns.review_about import subjects
from app.campaigns.review_clock import at
from app.campaigns.review_models import ReviewComment, ReviewRound
from app.campaigns.review_people import admins, holders, in_words, name_of, with_roles
from app.db import db
from app.kits.queries import kit_source, version_by_id
from app.mail.posting import post
from app.web.hosts import app_url_for


def asked(row: ReviewRound, campaign: Campaign, changed: int) -> None:
    """To the reviewer: a campaign waits; `changed` is in how many places it differs from the kit."""
    _to_vendor("review_asked", row, campaign, holders(row, campaign), changed=changed)


def changes_asked(row: ReviewRound, campaign: Campaign, comments: list[ReviewComment]) -> None:
    """To the partner: what is to be changed, in the reviewer's words."""
    labels = subjects(kit_source(version_by_id(row.kit_version_id)))
    _to_partner("review_changes", row, campaign, comments=comments, labels=labels, link=_words(campaign))


def approved(row: ReviewRound, campaign: Campaign) -> None:
    """To the partner: it may go out."""
    _to_partner("review_approved", row, campaign, link=_launch(campaign))


def reminder(row: ReviewRound, campaign: Campaign) -> None:
    """To the reviewer: half of the time has passed."""
    _to_vendor("review_reminder", row, campaign, holders(row, campaign))


def late(row: ReviewRound, campaign: Campaign) -> None:
    """To the vendor's admins and the partner: the time has passed, and who has it now."""
    people = {person.id: person for person in (*admins(campaign), *holders(row, campaign))}
    _to_vendor("review_late", row, campaign, people.values())
    _to_partner("review_waits", row, campaign, link=_review(campaign))


def taken_back(row: ReviewRound, campaign: Campaign) -> None:
    """To the reviewer: there is nothing to answer any more."""
    _to_vendor("review_taken_back", row, campaign, holders(row, campaign))


def closed(row: ReviewRound, campaign: Campaign) -> None:
    """To both sides: it ended without an answer, and why."""
    _to_vendor("review_closed", row, campaign, holders(row, campaign))
    _to_partner("review_closed", row, campaign, link=_review(campaign))


def _to_vendor(
    template: str, row: ReviewRound, campaign: Campaign, people: Iterable[Person], **facts: object
) -> None:
    link = app_url_for("reviews.show", pid=row.pid)
    partner = db.session.get_one(Organisation, row.partner_id)
    for person in people:
        if person.id != row.decided_by:
            context = {**_context(row, campaign, "vendor"), "person": person, "link": link, **facts}
            post(template, person.email, context, partner)


def _to_partner(template: str, row: ReviewRound, campaign: Campaign, **facts: object) -> None:
    """To whoever asked, or to everybody who may answer there once they have left."""
    may = with_roles(row.partner_id, EDITORS)
    vendor = db.session.get_one(Organisation, row.vendor_id)
    for person in [person for person in may if person.id == row.asked_by] or may:
        if person.id != row.decided_by:
            context = {**_context(row, campaign, "partner"), "person": person, **facts}
            post(template, person.email, context, vendor)


def _context(row: ReviewRound, campaign: Campaign, side: str) -> dict[str, object]:
    partner = db.session.get_one(Organisation, row.partner_id)
    vendor = db.session.get_one(Organisation, row.vendor_id)
    zone = (vendor if side == "vendor" else partner).timezone
    return {
        "review": row,
        "campaign": campaign,
        "kit": kit_source(version_by_id(row.kit_version_id)),
        "partner": partner,
        "vendor": vendor,
        "side": side,
        "due": at(row.due_at, zone),
        "asker": name_of(row.asked_by),
        "decider": name_of(row.decided_by),
        "holder": in_words(row, campaign),
    }


def _words(campaign: Campaign) -> str:
    return app_url_for("campaigns.words", pid=campaign.pid)


def _review(campaign: Campaign) -> str:
    return app_url_for("reviews.mine", campaign=campaign.pid)


def _launch(campaign: Campaign) -> str:
    return app_url_for("launches.check", pid=campaign.pid)
