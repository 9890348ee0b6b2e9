"""Where campaigns use files: the pictures that partners put into a kit's slots."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Text, cast, or_

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.assets.models import Asset
from app.assets.usage import Use, Uses, register
from app.campaigns import words
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db, scoped
from app.web.hosts import app_url_for

_KIND = "Campaign"


def in_campaigns(organisation: Organisation, assets: Sequence[Asset]) -> Uses:
    """The organisation's campaigns that show these files; a vendor's own library stands in none."""
    found: dict[int, list[Use]] = defaultdict(list)
    if organisation.kind != "partner":
        return found
    by_pid = {asset.pid: asset.id for asset in assets}
    for campaign in _with(organisation, by_pid):
        use = _use(campaign)
        for pid in {value["asset"] for _, value in _pictures(campaign.slot_values)} & set(by_pid):
            if use:
                found[by_pid[pid]].append(use)
    return found


def move(actor: Actor, was: Asset, becomes: Asset) -> int:
    """Campaigns that are still open take the successor, where the slot's rules allow it."""
    if becomes.width is None or not becomes.is_public:
        return 0
    moved = 0
    for campaign in _with(actor.organisation, {was.pid: was.id}):
        if campaign.status in words.OPEN:
            raw = {
                slot: {"asset": becomes.pid, "alt": value.get("alt", "")}
                for slot, value in campaign.slot_values.items()
                if isinstance(value, dict) and value.get("asset") == was.pid
            }
            moved += bool(raw) and len(words.save(actor, campaign, raw)) < len(raw)
    return moved


def _with(organisation: Organisation, pids: dict[str, int]) -> list[Campaign]:
    if str(organisation.kind) not in ("partner",) or not pids:
        return []
    text = cast(Campaign.slot_values, Text)
    query = scoped(organisation, Campaign).where(or_(*(text.contains(pid, autoescape=True) for pid in pids)))
    return list(db.session.scalars(query.order_by(Campaign.id)))


def _use(campaign: Campaign) -> Use | None:
    """A campaign that came to nothing shows nothing; one that has ended keeps what it sent; every other needs its pictures."""
    ended = campaign.status in (CampaignStatus.FINISHED, CampaignStatus.CANCELLED)
    sent = campaign.launched_at is not None
    if ended and not sent:
        return None
    return Use(_KIND, campaign.name, app_url_for("results.show", pid=campaign.pid), not ended, sent)


def _pictures(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every picture in what a partner wrote, wherever it stands."""
    if isinstance(value, dict):
        if isinstance(value.get("asset"), str):
            yield value["asset"], value
        for inner in value.values():
            yield from _pictures(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pictures(inner)


register("campaigns", in_campaigns, move)
