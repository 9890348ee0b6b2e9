"""A campaign that was launched begins again from the version of its kit that is open now: a new draft with every word that still fits.

A campaign that was not launched moves itself to the newer version; that is app.campaigns.newer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.campaigns import make, subject_test, words
from app.campaigns.models import Campaign
from app.errors import Refused
from app.kits.models import KitVersion, VersionStatus
from app.kits.pieces import KitSource
from app.kits.queries import OpenKit, kit_source, open_kits, version_by_id
from app.kits.slots import check_values, missing


@dataclass(frozen=True)
class Fit:
    """What a new draft would keep: how many of the partner's words, which not and why (label, reason), and what is then to fill in."""

    item: OpenKit
    kept: int
    lost: tuple[tuple[str, str], ...]
    to_fill: tuple[str, ...]


@dataclass(frozen=True)
class Renewed:
    """The campaign on the new version, and how many words did not fit."""

    campaign: Campaign
    lost: int


def version_of(campaign: Campaign) -> KitVersion:
    """The version the campaign was made from."""
    return version_by_id(campaign.kit_version_id)


def is_withdrawn(version: KitVersion) -> bool:
    """Whether its vendor took it back."""
    return version.status is VersionStatus.RECALLED


def offer(actor: Actor, campaign: Campaign) -> Fit | None:
    """What the kit's open version would keep of this campaign; None where the partner sees no other version of the kit."""
    item = _open(actor, campaign)
    if item is None:
        return None
    values, errors = _checked(actor, campaign, item.source)
    kept = {name: value for name, value in values.items() if value is not None}
    lost = tuple((_label(campaign, name), reason) for name, reason in errors.items())
    to_fill = tuple(slot.label or slot.name for slot in missing(item.source, kept))
    return Fit(item, len(kept), lost, to_fill)


def renew(actor: Actor, campaign: Campaign) -> Renewed:
    """A new draft from the kit's open version. Raises Refused where there is none, and for a campaign that can move by itself.

    Nobody is chosen for it: people who have had the campaign's mail would get another.
    """
    item = _open(actor, campaign)
    if item is None:
        raise Refused("There is no other version of this kit for you. Choose another kit.")
    if campaign.status in words.CHANGEABLE:
        raise Refused("This campaign isn’t launched: it can move to the newer version itself.")
    made = make.create(actor, item.version, f"{campaign.name[: make.MAX_NAME - 25]} ({item.version.version})")
    made.brand_id, made.timezone = campaign.brand_id, campaign.timezone
    own = _raw(campaign)
    lost = words.save(actor, made, own) if own else {}
    planned = subject_test.of(campaign)
    if planned is not None and subject_test.may_be_tested(item.source, planned.experiment.email):
        subject_test.copy(actor, planned, made)
    record(actor, "campaign.renewed", made, of=campaign.id, kit_version_id=item.version.id)
    return Renewed(made, len(lost))


def _open(actor: Actor, campaign: Campaign) -> OpenKit | None:
    mine = version_of(campaign)
    found = (item for item in open_kits(actor.organisation) if item.kit.id == mine.kit_id)
    return next((item for item in found if item.version.id != mine.id), None)


def _raw(campaign: Campaign) -> dict[str, Any]:
    return {name: value for name, value in campaign.slot_values.items() if value is not None}


def _checked(
    actor: Actor, campaign: Campaign, source: KitSource
) -> tuple[Mapping[str, object], Mapping[str, str]]:
    return check_values(source, _raw(campaign), partial(words.picture, actor))


def _label(campaign: Campaign, name: str) -> str:
    slot = kit_source(version_of(campaign)).slot(name)
    return slot.label if slot and slot.label else name
