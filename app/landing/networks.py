"""Which social networks brought people: forms that were filled in after a link that named its network."""

from sqlalchemy import func, select

from app.campaigns.models import Campaign
from app.db import db
from app.landing.models import Submission


def forms_by_post(campaign: Campaign) -> dict[tuple[str, str], int]:
    """How many forms came by each post on each network: (the post's name, the network) to a count. Robots' are left out."""
    post = Submission.source["utm_content"].as_string()
    network = Submission.source["utm_source"].as_string()
    query = (
        select(post, network, func.count())  # unscoped: by the caller's scoped campaign
        .where(
            Submission.campaign_id == campaign.id,
            Submission.held_reason.is_(None),
            Submission.source["utm_medium"].as_string() == "social",
        )
        .group_by(post, network)
    )
    return {(row[0] or "", row[1] or ""): row[2] for row in db.session.execute(query)}
