"""What a reviewer says beside a field or a piece, and the partner's answer: open until either side settles it.

A comment is the reviewer's own until it is sent with the answer to the round; then both sides keep it.
"""

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.campaigns import review_people
from app.campaigns.models import CampaignStatus
from app.campaigns.review_about import subjects
from app.campaigns.review_models import ReviewComment, ReviewRound
from app.campaigns.review_queries import campaign_of
from app.clock import now
from app.db import db
from app.errors import Conflict, Forbidden, Invalid, Refused
from app.kits.queries import kit_source, version_by_id

MAX_COMMENT = 1_000


def add(actor: Actor, row: ReviewRound, about: str, text: str) -> ReviewComment:
    """Say something in a waiting round. Raises Invalid, Conflict once it is answered, Forbidden and Refused as answering does."""
    review_people.must_answer(row, actor)
    if row.outcome is not None:
        raise Conflict("This review is answered already. Nothing was added.")
    known = subjects(kit_source(version_by_id(row.kit_version_id)))
    if about not in known:
        raise Invalid("The comment isn’t kept.", {"about": "Choose what it is about."})
    comment = ReviewComment(
        partner_id=row.partner_id,
        vendor_id=row.vendor_id,
        campaign_id=row.campaign_id,
        round_id=row.id,
        about=about,
        text=_text(text, "text"),
        author_id=actor.person.id,
    )
    db.session.add(comment)
    db.session.flush()
    record(actor, "review.commented", comment, campaign_id=row.campaign_id)
    return comment


def remove(actor: Actor, comment: ReviewComment) -> None:
    """Take out a comment of one's own that nobody has read yet. Raises Refused otherwise."""
    if comment.author_id != actor.person.id or comment.vendor_id != actor.organisation.id:
        raise Refused("Only whoever wrote a comment takes it out.")
    if comment.sent_at is not None:
        raise Refused("The partner has this comment already. Settle it instead.")
    record(actor, "review.comment_removed", comment, campaign_id=comment.campaign_id)
    db.session.delete(comment)


def reply(actor: Actor, comment: ReviewComment, text: str) -> None:
    """The partner answers, in place of what they answered before. Raises Invalid, Refused while it is with the reviewer."""
    _partners(actor, comment)
    comment.reply, comment.replied_by, comment.replied_at = _text(text, "text"), actor.person.id, now()
    record(actor, "review.replied", comment, campaign_id=comment.campaign_id)


def settle(actor: Actor, comment: ReviewComment) -> None:
    """Either side says that it is done."""
    if actor.is_partner:
        _partners(actor, comment)
    else:
        _vendors(actor, comment)
    if comment.resolved_at is None:
        comment.resolved_at, comment.resolved_by = now(), actor.person.id
        record(actor, "review.comment_settled", comment, campaign_id=comment.campaign_id)


def reopen(actor: Actor, comment: ReviewComment) -> None:
    """It isn't done after all: for either side, so that a click too many is undone."""
    if actor.is_partner:
        _partners(actor, comment)
    else:
        _vendors(actor, comment)
    if comment.resolved_at is not None:
        comment.resolved_at = comment.resolved_by = None
        record(actor, "review.comment_reopened", comment, campaign_id=comment.campaign_id)


def _partners(actor: Actor, comment: ReviewComment) -> None:
    campaign = campaign_of(comment)
    review_people.must_be_partner(campaign, actor)
    if comment.sent_at is None:
        raise Forbidden("This comment isn’t sent yet.")
    if campaign.status not in (CampaignStatus.DRAFT, CampaignStatus.CHANGES_REQUESTED):
        raise Refused("The campaign is with its reviewer, or past it. Take it back first.")


def _vendors(actor: Actor, comment: ReviewComment) -> None:
    campaign = campaign_of(comment)
    row = db.session.get_one(ReviewRound, comment.round_id)  # unscoped: the comment's own round
    review_people.must_answer(row, actor)
    if campaign.status is not CampaignStatus.IN_REVIEW:
        raise Refused("This campaign isn’t in review, so its comments are the partner’s to settle.")


def _text(raw: str, field: str) -> str:
    text = raw.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid("Nothing was kept.", {field: "Write something."})
    if len(text) > MAX_COMMENT:
        raise Invalid("Nothing was kept.", {field: f"Write {MAX_COMMENT:,} characters or fewer."})
    return "".join(c for c in text if c == "\n" or c.isprintable())
