"""A thing to do on a partner's home page, and those that a vendor's answer to a review brings."""

from dataclasses import dataclass

from flask import url_for

from app.accounts.actor import Actor
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.review_models import Outcome, ReviewRound
from app.db import db, scoped


@dataclass(frozen=True)
class Todo:
    """One thing to do, why, and the button that leads to it."""

    title: str
    why: str
    icon: str
    href: str
    action: str
    waits: bool = False


def reviews_to_answer(actor: Actor) -> list[Todo]:
    """Campaigns that the vendor wants changed, and those that are approved and not launched."""
    rows = db.session.execute(
        scoped(actor.organisation, Campaign)
        .add_columns(ReviewRound.outcome)
        .join(ReviewRound, ReviewRound.campaign_id == Campaign.id)
        .where(
            Campaign.status.in_((CampaignStatus.CHANGES_REQUESTED, CampaignStatus.APPROVED)),
            ReviewRound.outcome.in_((Outcome.CHANGES, Outcome.APPROVED)),
            ReviewRound.lapsed_at.is_(None),
            Campaign.missed_at.is_(None),
            Campaign.paused_reason.is_(None),
        )
        .order_by(ReviewRound.decided_at.desc())
    )
    newest = {campaign.id: (campaign, outcome) for campaign, outcome in reversed(list(rows))}
    return [_todo(campaign, outcome) for campaign, outcome in newest.values()]


def _todo(campaign: Campaign, outcome: Outcome) -> Todo:
    if outcome is Outcome.CHANGES:
        return Todo(
            f"Change “{campaign.name}” as asked",
            "The vendor looked at it and asks for changes. Then ask again.",
            "message",
            url_for("reviews.mine", campaign=campaign.pid),
            "See what",
            waits=True,
        )
    return Todo(
        f"Launch “{campaign.name}”",
        "The vendor approved it. Choose now, or a time.",
        "send",
        url_for("launches.check", pid=campaign.pid),
        "Check and launch",
    )
