"""What still stands between a draft and its launch, each with its mend and the page where it is mended.

The law's part (postal address, sender, unsubscribe) and the kit's part (required words) are checked alike.
"""

from dataclasses import dataclass

from app.accounts.models import Organisation
from app.assets.brand import brand_by_id, default_brand, gaps
from app.audience.models import ContactList
from app.campaigns.models import Campaign
from app.campaigns.words import missing_slots
from app.clock import today
from app.db import db, scoped
from app.errors import NotFound
from app.kits.models import VersionStatus
from app.kits.queries import is_current, kit_source, version_by_id
from app.programs.models import PartnershipStatus
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
        _kit(campaign, partner) + _words(campaign) + _brand(campaign, partner) + _audience(campaign, partner)
    )


def standing(campaign: Campaign) -> list[Problem]:
    """What forbids sending any more of a campaign that is launched: the partnership has ended, the kit was recalled or is over."""
    partner = db.session.get(Organisation, campaign.partner_id)
    if partner is None:
        raise NotFound(kind="Organisation")
    return _kit(campaign, partner)


def _kit(campaign: Campaign, partner: Organisation) -> list[Problem]:
    partnership = partnership_between(campaign.vendor_id, campaign.partner_id)
    if partnership is None or partnership.status is not PartnershipStatus.ACTIVE:
        return [
            Problem("You no longer work with this vendor.", "Ask them to renew the partnership.", "/kits")
        ]
    version = version_by_id(campaign.kit_version_id)
    if version.status is VersionStatus.RECALLED:
        return [
            Problem(
                f"The vendor has recalled this kit: {version.recall_reason}",
                "Start again from its new version.",
                "/kits",
            )
        ]
    if not is_current(kit_source(version), today(partner.timezone)):
        return [Problem("The kit’s time is over.", "Choose a kit that runs now.", "/kits")]
    return []


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


def _brand(campaign: Campaign, partner: Organisation) -> list[Problem]:
    brand = brand_by_id(partner, campaign.brand_id) or default_brand(partner)
    return [Problem(gap.text, "Add it to your brand.", f"/brand#{gap.field}") for gap in gaps(brand)]


def _audience(campaign: Campaign, partner: Organisation) -> list[Problem]:
    here = f"/campaigns/{campaign.pid}/audience"
    if campaign.list_id is None:
        return [Problem("Nobody is chosen yet.", "Choose a list.", here)]
    found = db.session.scalars(
        scoped(partner, ContactList).where(ContactList.id == campaign.list_id)
    ).one_or_none()
    return [] if found else [Problem("The list is gone.", "Choose another.", here)]
