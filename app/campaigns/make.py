"""A campaign's life before its launch: made from a kit, renamed, copied, cancelled, or deleted while it is a draft."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.assets.brand import default_brand
from app.assets.store import store
from app.audience.models import Topic
from app.campaigns import review, subject_test
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus
from app.campaigns.records import CampaignBox
from app.campaigns.words import must_be_open
from app.clock import now
from app.db import db, get_or_404, scoped
from app.errors import Invalid, Refused
from app.kits.models import KitVersion, VersionStatus
from app.kits.queries import kit_source, open_kits, version_by_id

MAX_NAME = 120


def create(actor: Actor, version: KitVersion, name: str = "") -> Campaign:
    """A draft of the partner's from a published version that is open to it today. Raises Refused for any other version."""
    if not any(item.version.id == version.id for item in open_kits(actor.organisation)):
        raise Refused(
            "This kit isn’t open to you: it was replaced or recalled, its time is over, or the partnership has ended."
        )
    brand = default_brand(actor.organisation)
    campaign = Campaign(
        partner_id=actor.organisation.id,
        vendor_id=version.vendor_id,
        kit_version_id=version.id,
        brand_id=brand.id if brand else None,
        name=_free_name(actor, name.strip()[:MAX_NAME] or kit_source(version).name),
        timezone=actor.organisation.timezone,
        slot_values={},
        created_by=actor.person.id,
    )
    db.session.add(campaign)
    db.session.flush()
    record(actor, "campaign.created", campaign, kit_version_id=version.id)
    return campaign


def rename(actor: Actor, campaign: Campaign, name: str) -> None:
    """Give the campaign another name; only the partner and the vendor see it. Raises Invalid."""
    text = " ".join(name.split())
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise Invalid("The name is not changed.", {"name": f"Write a name of 1 to {MAX_NAME} characters."})
    campaign.name = text
    campaign.updated_at = now()


def set_topic(actor: Actor, campaign: Campaign, pid: str) -> None:
    """Say what the campaign is about, by the public id of one of the partner's topics; empty: nothing in particular.

    Raises NotFound for a topic of another's, Refused once the campaign is past its draft.
    """
    topic = get_or_404(actor.organisation, Topic, pid).id if pid else None
    if topic != campaign.topic_id:
        must_be_open(campaign)
        campaign.topic_id = topic
        campaign.updated_at = now()


def copy(actor: Actor, campaign: Campaign) -> Campaign:
    """A new draft with the same kit, words and test, without people and time. Raises Refused if the kit is no longer open."""
    version = version_by_id(campaign.kit_version_id)
    if version.status is not VersionStatus.PUBLISHED:
        newer = [item.version for item in open_kits(actor.organisation) if item.kit.id == version.kit_id]
        raise Refused(
            f"{version.version} of this kit is no longer offered. "
            + (f"Start from {newer[0].version} instead." if newer else "Choose another kit.")
        )
    made = create(actor, version, f"{campaign.name[: MAX_NAME - 7]} (copy)")
    made.slot_values = dict(campaign.slot_values)
    made.brand_id = campaign.brand_id
    planned = subject_test.of(campaign)
    if planned is not None:
        subject_test.copy(actor, planned, made)
    return made


def cancel(actor: Actor, campaign: Campaign) -> None:
    """Give up a campaign that has not begun to send. Raises Conflict once it has: then it is paused or cancelled where it runs."""
    if campaign.status in (CampaignStatus.LAUNCHING, CampaignStatus.SENDING, CampaignStatus.PAUSED):
        raise Refused("This campaign is being sent. Cancel it on its own page.")
    review.close(campaign, "The partner gave the campaign up.")
    CAMPAIGN.move(campaign, CampaignStatus.CANCELLED)
    campaign.finished_at = campaign.updated_at = now()
    record(actor, "campaign.cancelled", campaign)


def delete(actor: Actor, campaign: Campaign) -> None:
    """Remove a draft and its planned test. Raises Refused for anything that others already refer to."""
    if campaign.status is not CampaignStatus.DRAFT:
        raise Refused("Only drafts are deleted. Cancel this campaign instead: what happened stays on record.")
    boxes = select(CampaignBox.key).where(CampaignBox.campaign_id == campaign.id)  # unscoped: by the campaign
    zips = [key for key in db.session.scalars(boxes) if key]
    try:
        with db.session.begin_nested():
            subject_test.remove(actor, campaign)
            db.session.delete(campaign)
            db.session.flush()
    except IntegrityError:
        raise Refused(
            "Funding or a review was asked for this campaign, so it stays on record. Cancel it instead."
        ) from None
    for key in zips:
        store().delete(key)
    record(actor, "campaign.deleted", campaign)


def _free_name(actor: Actor, wanted: str) -> str:
    """The wanted name, with a number behind it if the partner already has one like it."""
    taken = set(db.session.scalars(scoped(actor.organisation, Campaign).with_only_columns(Campaign.name)))
    names = [wanted, *(f"{wanted[: MAX_NAME - 5]} {number}" for number in range(2, 1000))]
    return next((name for name in names if name not in taken), wanted)
