"""A campaign's words: what the partner put into the kit's slots, checked by the same rules wherever it comes from.

Stored are only the words that differ from the kit's; pictures are stored by their asset and get their address when read.
"""

from collections.abc import Mapping
from typing import Any

from app.accounts.actor import Actor
from app.assets.models import Asset
from app.assets.queries import ENDINGS
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db, scoped
from app.errors import Refused
from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.queries import kit_source, version_by_id
from app.kits.slots import SlotError, clean, filled, missing
from app.web.hosts import public_url_for

OPEN = frozenset({CampaignStatus.DRAFT, CampaignStatus.CHANGES_REQUESTED})


def stored(campaign: Campaign, kit: KitSource) -> dict[str, Any]:
    """What the partner wrote, as slots store it; words for slots that the kit doesn't have are left out."""
    own = {
        slot.name: campaign.slot_values[slot.name] for slot in kit.slots if slot.name in campaign.slot_values
    }
    return {name: _with_address(value) if isinstance(value, dict) else value for name, value in own.items()}


def values(campaign: Campaign, kit: KitSource) -> dict[str, Any]:
    """Every slot as templates read it: the partner's words, else the kit's default, else `Missing` where one is required."""
    return filled(kit, stored(campaign, kit))


def missing_slots(campaign: Campaign, kit: KitSource) -> list[Slot]:
    """Required slots that nobody has filled, in the kit's order."""
    return missing(kit, stored(campaign, kit))


def save(actor: Actor, campaign: Campaign, raw: Mapping[str, Any]) -> dict[str, str]:
    """Store the given slots' words (others stay) and return a sentence for each that was refused; those keep what they had.

    `raw` maps slots to text as typed, lists of texts, or for pictures {"asset": public id, "alt": text}; empty ones go back to
    the kit's default. Raises Refused once the campaign is no longer open to changes.
    """
    must_be_open(campaign)
    kit = kit_source(version_by_id(campaign.kit_version_id))
    kept = dict(campaign.slot_values)
    errors: dict[str, str] = {}
    for name, given in raw.items():
        slot = kit.slot(name)
        if slot is None:
            errors[name] = "This kit has no such field."
            continue
        try:
            value = clean(slot, picture(actor, given) if slot.type is SlotType.IMAGE else given)
        except SlotError as error:
            errors[name] = error.message
            continue
        if value is None or value == _default(slot):
            kept.pop(name, None)
        else:
            kept[name] = value
    if kept != campaign.slot_values:
        campaign.slot_values = kept
    campaign.updated_at = now()
    return errors


def must_be_open(campaign: Campaign) -> None:
    """Raises Refused unless the campaign may still be changed."""
    if campaign.status not in OPEN:
        raise Refused(
            "This campaign is past its draft, so nothing was changed. Take it back to draft first, or copy it."
        )


def _default(slot: Slot) -> object:
    return clean(slot, slot.default) if slot.default is not None else None


def picture(actor: Actor, given: Any) -> dict[str, Any] | None:
    """What is known of a picture of the partner's own library; address and size never come from outside. None for none.

    Raises SlotError for a picture that isn't in the library.
    """
    if not isinstance(given, Mapping) or not given.get("asset"):
        return None
    query = scoped(actor.organisation, Asset).where(Asset.pid == str(given["asset"]), Asset.is_public)
    asset = db.session.scalars(query).one_or_none()
    if asset is None or asset.content_type not in ENDINGS or asset.width is None:
        raise SlotError("This picture isn’t in your library. Upload it again.")
    facts = {"asset": asset.pid, "ending": ENDINGS[asset.content_type], "name": asset.name}
    return _with_address(
        {**facts, "alt": str(given.get("alt") or ""), "width": asset.width, "height": asset.height}
    )


def _with_address(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "url": public_url_for("media.file", pid=value["asset"], ending=value["ending"])}
