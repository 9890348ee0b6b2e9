"""What still stands between a draft and its launch, each with its mend and the page where it is mended.

The law's part (postal address, sender, unsubscribe) and the kit's part (required words) are checked alike.
"""

from collections.abc import Collection
from dataclasses import dataclass

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.assets.brand import brand_by_id, default_brand, gaps
from app.campaigns import unsaved
from app.campaigns.chosen import chosen, is_chosen
from app.campaigns.models import Campaign
from app.campaigns.review_clock import at
from app.campaigns.review_models import Outcome
from app.campaigns.review_people import in_words as who_has_it
from app.campaigns.review_state import Standing
from app.campaigns.review_state import standing as review_standing
from app.campaigns.words import missing_slots
from app.clock import today
from app.db import db
from app.errors import NotFound
from app.kits.models import VersionStatus
from app.kits.queries import kit_source, version_by_id
from app.kits.visibility import Cause, why_not
from app.programs.queries import partnership_between


@dataclass(frozen=True)
class Problem:
    """One reason why a campaign can't be launched; `href` is the path of the page that mends it."""

    text: str
    mend: str
    href: str


def problems(campaign: Campaign) -> list[Problem]:
    """Everything that stands in the way, in the order of the steps; empty when the campaign may be launched."""
    partner = db.session.get(Organisation, campaign.partner_id)
    if partner is None:
        raise NotFound(kind="Organisation")
    return (
        _kit(campaign, partner)
        + _words(campaign)
        + _brand(campaign, partner)
        + _audience(campaign, partner)
        + _review(campaign, partner)
    )


def before_review(campaign: Campaign) -> list[Problem]:
    """What must be there before the vendor looks at it: all that a reviewer sees. The people may be chosen later."""
    partner = db.session.get_one(Organisation, campaign.partner_id)
    return _kit(campaign, partner) + _words(campaign) + _brand(campaign, partner)


def standing(campaign: Campaign) -> list[Problem]:
    """What forbids sending any more of a campaign that is launched: the partnership has ended, the kit was recalled or is over.

    Terms that changed since (a tier, a region) forbid new campaigns, not the rest of this one.
    """
    partner = db.session.get(Organisation, campaign.partner_id)
    if partner is None:
        raise NotFound(kind="Organisation")
    return _kit(campaign, partner, (Cause.ENDED, Cause.OVER))


def _kit(
    campaign: Campaign, partner: Organisation, causes: Collection[Cause] = tuple(Cause)
) -> list[Problem]:
    version = version_by_id(campaign.kit_version_id)
    terms = partnership_between(campaign.vendor_id, campaign.partner_id)
    if version.status is VersionStatus.RECALLED and terms is not None:
        text = f"The vendor has recalled this kit: {version.recall_reason}"
        return [Problem(text, "Start again from its new version.", f"/campaigns/{campaign.pid}/newer")]
    reason = why_not(kit_source(version), terms, today(partner.timezone))
    return [Problem(reason.text, reason.mend, "/kits")] if reason and reason.cause in causes else []


def _words(campaign: Campaign) -> list[Problem]:
    kit = kit_source(version_by_id(campaign.kit_version_id))
    return [
        Problem(
            f"“{slot.label or slot.name}” is empty.",
            "Fill it in.",
            f"/campaigns/{campaign.pid}/words#slot-{slot.name}",
        )
        for slot in missing_slots(campaign, kit)
    ]


def not_saved(actor: Actor, campaign: Campaign) -> list[Problem]:
    """Words that whoever launches has typed and that could not be saved: others would go out in their place."""
    if not actor.is_partner:
        return []
    kit = kit_source(version_by_id(campaign.kit_version_id))
    waiting = unsaved.of(actor, campaign, kit)
    return [
        Problem(
            f"What you typed into “{slot.label or slot.name}” is not saved.",
            "Mend it, or go back to what was there.",
            f"/campaigns/{campaign.pid}/words#slot-{slot.name}",
        )
        for slot in kit.slots
        if slot.name in waiting
    ]


def _brand(campaign: Campaign, partner: Organisation) -> list[Problem]:
    brand = brand_by_id(partner, campaign.brand_id) or default_brand(partner)
    here = "/brand" if brand is None or brand.is_default else f"/brand/{brand.pid}"
    return [Problem(gap.text, "Add it to your brand.", f"{here}#{gap.field}") for gap in gaps(brand)]


def _audience(campaign: Campaign, partner: Organisation) -> list[Problem]:
    here = f"/campaigns/{campaign.pid}/audience"
    if not is_chosen(campaign):
        return [Problem("Nobody is chosen yet.", "Choose a list or a segment.", here)]
    if chosen(partner, campaign):
        return []
    gone = "The segment is gone." if campaign.segment_id else "The list is gone."
    return [Problem(gone, "Choose another.", here)]


def _review(campaign: Campaign, partner: Organisation) -> list[Problem]:
    """The vendor's yes, where the kit asks for it."""
    where = review_standing(campaign)
    if not where.blocks:
        return []
    vendor = db.session.get_one(Organisation, campaign.vendor_id).name
    text, mend = _awaited(campaign, where, vendor, partner.timezone)
    return [Problem(text, mend, f"/campaigns/{campaign.pid}/review")]


def _awaited(campaign: Campaign, where: Standing, vendor: str, zone: str) -> tuple[str, str]:
    if where.open is not None:
        since, until = (at(moment, zone) for moment in (where.open.asked_at, where.open.due_at))
        return (
            f"{who_has_it(where.open, campaign)} looks at it before it goes out, since {since}.",
            f"An answer is due by {until}. You get a mail; then it can be launched or planned.",
        )
    if where.lapsed is not None:
        return f"It was changed after {vendor} approved it.", "Ask for the review again."
    if where.last is not None and where.last.outcome is Outcome.CHANGES:
        return f"{vendor} asked for changes.", "Make them, then ask for the review again."
    return f"{vendor} looks at this campaign before it goes out.", "Ask for the review."
