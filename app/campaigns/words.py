"""A campaign's words: what the partner put into the kit's slots, checked by the same rules wherever it comes from.

Stored are only the words that differ from the kit's; pictures are stored by their asset and get their address when read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from markupsafe import Markup

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.assets.brand import brand_by_id, brands, default_brand
from app.assets.models import Asset
from app.assets.queries import ENDINGS, media_address
from app.campaigns import history
from app.campaigns.models import Campaign, CampaignStatus, SlotEdit
from app.clock import local, now
from app.db import db, scoped
from app.errors import NotFound, Refused
from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.queries import kit_source, version_by_id
from app.kits.slots import SlotError, check_values, clean, default_of, filled, missing

OPEN = frozenset({CampaignStatus.DRAFT, CampaignStatus.CHANGES_REQUESTED})
CHANGEABLE = OPEN | {CampaignStatus.APPROVED}


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


@dataclass(frozen=True)
class Clash:
    """Somebody changed the same words meanwhile: who and when (None where that isn't known any more), and what they wrote."""

    person: str | None
    at: datetime | None
    theirs: Any

    @property
    def text(self) -> str:
        """What is said under the field."""
        who = f"{self.person} changed this" if self.person else "This was changed"
        when = f" at {self.at:%H:%M}" if self.at else ""
        return f"{who}{when}, while you wrote. Yours is not saved: keep yours, or take theirs."


@dataclass(frozen=True)
class Outcome:
    """What became of words that came: a sentence for each slot that was refused, whose words clashed, which slots changed, and
    which were left as somebody else wrote them meanwhile.
    """

    errors: dict[str, str]
    clashes: dict[str, Clash]
    changed: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()


def save(actor: Actor, campaign: Campaign, raw: Mapping[str, Any]) -> dict[str, str]:
    """Store the given slots' words (others stay) and return a sentence for each that was refused; those keep what they had.

    `raw` maps slots to text as typed, lists of texts, or for pictures {"asset": public id, "alt": text}; empty ones go back to
    the kit's default. Raises Refused once the campaign is no longer open to changes.
    """
    return apply(actor, campaign, raw).errors


def apply(
    actor: Actor, campaign: Campaign, raw: Mapping[str, Any], seen: Mapping[str, str] | None = None
) -> Outcome:
    """`save` for a page that was open for a while: `seen` has the mark of each slot's words as the page showed them.

    Words that were changed elsewhere since are left alone where the page didn't touch them, and where it did they clash: nothing is
    overwritten that nobody has seen. Clashes are errors too.
    """
    begin_change(campaign)
    kit = kit_source(version_by_id(campaign.kit_version_id))
    cleaned, errors = check_values(kit, raw, partial(picture, actor))
    kept = dict(campaign.slot_values)
    clashes: dict[str, Clash] = {}
    elsewhere = []
    for name, value in own_words(kit, cleaned).items():
        here, base = kept.get(name), (seen or {}).get(name)
        if value == here:
            continue
        if base is not None and base != history.mark(here):
            if base == history.mark(value):
                elsewhere.append(name)
            else:
                clashes[name] = _clash(campaign, name)
            continue
        kept[name] = value
    changed = [name for name in kept if kept[name] != campaign.slot_values.get(name)]
    history.put(actor, campaign, {name: value for name, value in kept.items() if value is not None})
    errors |= {name: clash.text for name, clash in clashes.items()}
    return Outcome(errors, clashes, tuple(changed), tuple(elsewhere))


def own_words(kit: KitSource, cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """Cleaned values as they are stored: None for those that are the kit's own words."""
    found = {}
    for name, value in cleaned.items():
        slot = kit.slot(name)
        found[name] = None if slot is None or value == default_of(slot) else value
    return found


def clash_of(campaign: Campaign, name: str, value: object, seen: str) -> Clash | None:
    """The clash that saving this value would be, if `seen` is the mark of what stood there when it was begun."""
    here = campaign.slot_values.get(name)
    if value == here or seen in (history.mark(here), history.mark(value)):
        return None
    return _clash(campaign, name)


def _clash(campaign: Campaign, name: str) -> Clash:
    theirs = campaign.slot_values.get(name)
    found = history.last_of(campaign, name)
    if found is None:
        return Clash(None, None, theirs)
    edit, person = found
    partner = db.session.get_one(Organisation, campaign.partner_id)
    return Clash(person.name, local(edit.at, partner.timezone), theirs)


def to_kit(actor: Actor, campaign: Campaign, names: Collection[str] | None = None) -> list[str]:
    """Go back to the kit's own words in these slots, or in all. Returns the slots that changed; history keeps what stood there."""
    begin_change(campaign)
    gone = [name for name in campaign.slot_values if names is None or name in names]
    history.put(actor, campaign, {k: v for k, v in campaign.slot_values.items() if k not in gone})
    return gone


def undo(actor: Actor, campaign: Campaign) -> list[str]:
    """Take back the actor's last change. Returns the slots; none where there is nothing to take back."""
    begin_change(campaign)
    edit = undoable(actor, campaign)
    return history.turn(actor, campaign, edit, "was", _fits(campaign)) if edit else []


def redo(actor: Actor, campaign: Campaign) -> list[str]:
    """Do again what the actor took back last. Returns the slots; none where there is nothing to do again."""
    begin_change(campaign)
    edit = redoable(actor, campaign)
    return history.turn(actor, campaign, edit, "is", _fits(campaign)) if edit else []


def undoable(actor: Actor, campaign: Campaign) -> SlotEdit | None:
    """What `undo` would take back."""
    return history.undoable(actor, campaign, _fits(campaign))


def redoable(actor: Actor, campaign: Campaign) -> SlotEdit | None:
    """What `redo` would do again."""
    return history.redoable(actor, campaign, _fits(campaign))


def _fits(campaign: Campaign) -> history.Fits:
    """Whether a slot of the campaign's kit may hold these stored words."""
    kit = kit_source(version_by_id(campaign.kit_version_id))

    def fits(name: str, value: Any) -> bool:
        slot = kit.slot(name)
        try:
            return value is None or (slot is not None and clean(slot, value) == value)
        except SlotError:
            return False

    return fits


def in_one_line(slot: Slot, value: object) -> str:
    """A stored value as people read it: text without markup, a list with commas, a day in words, a picture's description."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return str(value.get("alt") or value.get("name") or "")
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    if slot.type is SlotType.DATE:
        day = date.fromisoformat(str(value))
        return f"{day.day} {day:%B %Y}"
    if slot.type is SlotType.RICH:
        spaced = str(value).replace("<", " <")
        return Markup(spaced).striptags()  # noqa: S704 - only to take the tags out
    return " ".join(str(value).split())


def choose_brand(actor: Actor, campaign: Campaign, pid: str) -> bool:
    """Dress the campaign in another brand of the partner's; False where it wears it already. Raises NotFound for any other."""
    begin_change(campaign)
    chosen = next((brand for brand in brands(actor.organisation) if brand.pid == pid), None)
    if chosen is None:
        raise NotFound(kind="BrandProfile")
    worn = brand_by_id(actor.organisation, campaign.brand_id) or default_brand(actor.organisation)
    if worn is not None and worn.id == chosen.id:
        return False
    campaign.brand_id, campaign.updated_at = chosen.id, now()
    history.lapse(actor, campaign)
    return True


def begin_change(campaign: Campaign) -> None:
    """Hold the campaign's row, so that two people's savings come one after the other. Raises Refused unless words may be changed.

    The words of an approved campaign may be changed; that takes the approval back.
    """
    db.session.flush()
    db.session.refresh(campaign, with_for_update=True)
    if campaign.status not in CHANGEABLE:
        must_be_open(campaign)


def must_be_open(campaign: Campaign) -> None:
    """Raises Refused unless the campaign may still be changed."""
    if campaign.status not in OPEN:
        raise Refused(
            "This campaign is past its draft, so nothing was changed. Take it back to draft first, or copy it."
        )


def picture(actor: Actor, given: object) -> dict[str, Any] | None:
    """What is known of a picture of the partner's own library; address and size never come from outside. None for none.

    Raises SlotError for a picture that isn't in the library.
    """
    if not isinstance(given, Mapping) or not given.get("asset"):
        return None
    query = scoped(actor.organisation, Asset).where(
        Asset.pid == str(given["asset"]), Asset.is_public, Asset.deleted_at.is_(None)
    )
    asset = db.session.scalars(query).one_or_none()
    if asset is None or asset.content_type not in ENDINGS or asset.width is None:
        raise SlotError("This picture isn’t in your library. Upload it again.")
    facts = {"asset": asset.pid, "ending": ENDINGS[asset.content_type], "name": asset.name}
    return _with_address(
        {**facts, "alt": str(given.get("alt") or asset.alt), "width": asset.width, "height": asset.height}
    )


def _with_address(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "url": media_address(value["asset"], value["ending"])}
