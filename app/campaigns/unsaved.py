"""What a person typed and could not be saved: too long, no date, or changed by somebody else meanwhile. It waits for them.

Nobody else sees it. It goes when the field is saved, put right or taken back.
"""

from collections.abc import Collection, Mapping
from typing import Any

from app.accounts.actor import Actor
from app.campaigns import words
from app.campaigns.models import Campaign, UnsavedWords
from app.clock import now
from app.db import db, scoped
from app.kits.pieces import KitSource, SlotType
from app.kits.slots import check_values

MOST = 20_000  # characters of one field


def keep(
    actor: Actor,
    campaign: Campaign,
    raw: Mapping[str, Any],
    refused: Collection[str],
    seen: Mapping[str, str],
) -> None:
    """Remember what was typed into the refused slots, and forget what was typed before into the others that came."""
    row = _row(actor, campaign)
    typed = dict(row.typed) if row else {}
    for name, given in raw.items():
        typed.pop(name, None)
        if name in refused and isinstance(given, str) and len(given) <= MOST:
            typed[name] = {"raw": given, "seen": seen.get(name, "")}
    _store(actor, campaign, row, typed)


def forget(actor: Actor, campaign: Campaign, names: Collection[str] | None = None) -> None:
    """Throw away what was typed into these slots, or into all."""
    row = _row(actor, campaign)
    if row is not None:
        gone = row.typed if names is None else names
        _store(actor, campaign, row, {k: v for k, v in row.typed.items() if k not in gone})


def of(actor: Actor, campaign: Campaign, kit: KitSource) -> dict[str, dict[str, str]]:
    """What waits for the actor, by slot: what was typed (`raw`), and the mark of what stood there then (`seen`)."""
    row = _row(actor, campaign)
    return {name: entry for name, entry in (row.typed if row else {}).items() if _takes_text(kit, name)}


def problems(
    campaign: Campaign, kit: KitSource, waiting: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, str], dict[str, words.Clash]]:
    """Why each of what waits is not saved, in a sentence, and which of it clashes with somebody else's words."""
    cleaned, errors = check_values(kit, {name: entry["raw"] for name, entry in waiting.items()})
    clashes = {}
    for name, value in words.own_words(kit, cleaned).items():
        clash = words.clash_of(campaign, name, value, waiting[name]["seen"])
        if clash is not None:
            clashes[name] = clash
        errors[name] = clash.text if clash else "This isn’t saved yet. Choose Save."
    return errors, clashes


def _takes_text(kit: KitSource, name: str) -> bool:
    slot = kit.slot(name)
    return slot is not None and slot.type is not SlotType.IMAGE


def _row(actor: Actor, campaign: Campaign) -> UnsavedWords | None:
    query = scoped(actor.organisation, UnsavedWords).where(
        UnsavedWords.campaign_id == campaign.id, UnsavedWords.person_id == actor.person.id
    )
    return db.session.scalars(query).one_or_none()


def _store(
    actor: Actor, campaign: Campaign, row: UnsavedWords | None, typed: dict[str, dict[str, str]]
) -> None:
    if row is None and typed:
        owners = {"partner_id": campaign.partner_id, "campaign_id": campaign.id, "person_id": actor.person.id}
        db.session.add(UnsavedWords(typed=typed, **owners))
    elif row is not None and not typed:
        db.session.delete(row)
    elif row is not None and typed != row.typed:
        row.typed, row.updated_at = typed, now()
