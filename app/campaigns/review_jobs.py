"""The beat's part in reviews, from the database alone: reminders after half the time, the vendor's admins after all of it.

Each round has a transaction of its own, so that one bad one holds up no other.
"""

import structlog

from app.accounts.audit import record
from app.campaigns import review, review_mail, review_people
from app.campaigns.models import Campaign
from app.campaigns.review_models import ReviewRound
from app.campaigns.review_queries import campaign_of, clock_of, open_ids
from app.clock import now
from app.db import db
from app.kits.models import VersionStatus
from app.kits.queries import version_by_id
from app.programs.queries import partnership_between

log = structlog.get_logger(__name__)


def wake_reviews() -> int:
    """Look at every waiting round; returns for how many something was done. Commits after each. Safe to run at any time, twice too."""
    done = 0
    for round_id in open_ids():
        try:
            did = look(round_id)
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            log.error("review.look_failed", round_id=round_id, error=type(error).__name__)
            continue
        if did:
            log.info("review.looked", round_id=round_id, did=did)
            done += 1
    return done


def look(round_id: int) -> str:
    """Close, escalate or remind, whichever is due for one round, once each. Returns which it was; "" for nothing."""
    row = db.session.get(ReviewRound, round_id)  # unscoped: the beat's own walk
    if row is None or not _due(row):
        return ""
    campaign = campaign_of(row)
    db.session.refresh(campaign, with_for_update=True)
    db.session.refresh(row, with_for_update=True)
    return _act(row, campaign) if _due(row) else ""


def _due(row: ReviewRound) -> bool:
    if row.outcome is not None:
        return False
    clock = clock_of(row)
    over = clock.is_over and row.escalated_at is None
    return (
        bool(_ended(row)) or over or (clock.is_half and row.reminded_at is None and row.escalated_at is None)
    )


def _act(row: ReviewRound, campaign: Campaign) -> str:
    reason = _ended(row)
    if reason:
        review.close(campaign, reason)
        return "closed"
    clock = clock_of(row)
    if clock.is_over and row.escalated_at is None:
        _escalate(row, campaign)
        return "escalated"
    if clock.is_half and row.reminded_at is None and row.escalated_at is None:
        row.reminded_at = now()
        review_mail.reminder(row, campaign)
        return "reminded"
    return ""


def _escalate(row: ReviewRound, campaign: Campaign) -> None:
    """An admin has it from now on: the one who has it already, else the one who is there longest."""
    row.escalated_at = now()
    admins = review_people.admins(campaign)
    if admins and row.reviewer_id not in {person.id for person in admins}:
        row.reviewer_id = admins[0].id
    record(None, "review.escalated", row, organisation_id=row.vendor_id, campaign_id=campaign.id)
    review_mail.late(row, campaign)


def _ended(row: ReviewRound) -> str:
    """Why nobody can answer it any more; "" where they can."""
    version = version_by_id(row.kit_version_id)
    if version.status is VersionStatus.RECALLED:
        return f"The vendor has withdrawn this version of the kit: {version.recall_reason}"
    if partnership_between(row.vendor_id, row.partner_id) is None:
        return "The partnership has ended."
    return ""
