"""What brands and campaigns have to do with each other: which campaigns run with a brand, and so whether it may be put away."""

from app.accounts.actor import Actor
from app.assets import brand as operations
from app.assets.models import BrandProfile
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db, scoped
from app.errors import Refused

_S = CampaignStatus
_RUNNING = (
    _S.IN_REVIEW,
    _S.CHANGES_REQUESTED,
    _S.APPROVED,
    _S.SCHEDULED,
    _S.LAUNCHING,
    _S.SENDING,
    _S.PAUSED,
)


def used_by(actor: Actor, brand: BrandProfile) -> list[Campaign]:
    """The partner's campaigns with this brand, the newest first."""
    query = scoped(actor.organisation, Campaign).where(Campaign.brand_id == brand.id)
    return list(db.session.scalars(query.order_by(Campaign.id.desc())))


def archive(actor: Actor, brand: BrandProfile) -> None:
    """Put a brand away. Raises Refused, naming the campaign, while one that isn't over takes it."""
    running = [campaign for campaign in used_by(actor, brand) if campaign.status in _RUNNING]
    if running:
        more = f" and {len(running) - 1} more" if len(running) > 1 else ""
        raise Refused(
            f"“{running[0].name}”{more} still goes out with this brand. Archive it when that is over, or cancel it first."
        )
    operations.archive(actor, brand)
