"""A planned campaign whose approval ended before its time: the partner hears of it now, not when it should have gone out.

Words are fixed once a campaign is planned; a brand isn't, since other campaigns wear it too.
"""

import structlog
from sqlalchemy import select

from app.accounts import audit
from app.assets.models import BrandProfile
from app.campaigns import review
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus
from app.campaigns.queries import vendor_of
from app.campaigns.review_models import Outcome, ReviewRound
from app.db import db
from app.flows import overdue

log = structlog.get_logger(__name__)


def take_back_changed() -> int:
    """Take back every planned campaign that is no longer what was approved; its time is kept. Returns how many.

    Commits after each; safe to run at any time, twice too. Only those are looked at whose partner changed a brand since the yes.
    """
    query = (
        select(Campaign.id)  # unscoped: the beat's own walk
        .join(ReviewRound, ReviewRound.campaign_id == Campaign.id)
        .join(BrandProfile, BrandProfile.partner_id == Campaign.partner_id)
        .where(
            Campaign.status == CampaignStatus.SCHEDULED,
            ReviewRound.outcome == Outcome.APPROVED,
            ReviewRound.lapsed_at.is_(None),
            BrandProfile.updated_at > ReviewRound.decided_at,
        )
        .distinct()
    )
    done = 0
    for campaign_id in db.session.scalars(query).all():
        try:
            done += _take_back(campaign_id)
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            log.error("review.take_back_failed", campaign_id=campaign_id, error=type(error).__name__)
    return done


def _take_back(campaign_id: int) -> bool:
    campaign = db.session.get_one(Campaign, campaign_id)  # unscoped: the beat's own walk
    db.session.refresh(campaign, with_for_update=True)
    if campaign.status is not CampaignStatus.SCHEDULED or not review.standing(campaign).blocks:
        return False
    CAMPAIGN.move(campaign, CampaignStatus.APPROVED)
    review.lapse(campaign)
    audit.record(None, "review.unscheduled", campaign, organisation_id=campaign.partner_id)
    why = f"It was changed, such as its brand, after {vendor_of(campaign).name} approved it."
    overdue.tell(
        campaign, f"It does not go out as planned. {why}", "Ask for the review again, then launch it."
    )
    log.info("review.unscheduled", campaign_id=campaign.id)
    return True
