"""Finding reviews: a vendor's queue, one round, what was said about a campaign, and how many wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from app.accounts.models import Organisation
from app.campaigns.models import Campaign
from app.campaigns.queries import Row, campaigns_of
from app.campaigns.review_clock import USUAL_DAYS, Clock, clock
from app.campaigns.review_models import Outcome, ReviewComment, ReviewRound, ReviewTerms
from app.clock import now
from app.db import db, get_or_404, scoped
from app.errors import NotFound
from app.kits.models import Kit, KitVersion


@dataclass(frozen=True)
class Line:
    """A round with the campaign it is about and, while it is open, its clock."""

    round: ReviewRound
    row: Row
    clock: Clock


def round_for(organisation: Organisation, pid: str) -> ReviewRound:
    """A round of the vendor's kits or of the partner's campaigns. Raises NotFound."""
    return get_or_404(organisation, ReviewRound, pid)


def comment_for(organisation: Organisation, pid: str) -> ReviewComment:
    """A comment on one of them. Raises NotFound."""
    return get_or_404(organisation, ReviewComment, pid)


def campaign_of(row: ReviewRound | ReviewComment) -> Campaign:
    """The campaign it is about; whoever asks has checked that the row is theirs."""
    return db.session.get_one(Campaign, row.campaign_id)  # unscoped: by the asker's own row


def newest_of(campaign: Campaign) -> ReviewRound:
    """The campaign's newest round. Raises NotFound where it has none."""
    query = select(ReviewRound).where(  # unscoped: by its campaign
        ReviewRound.campaign_id == campaign.id
    )
    found = db.session.scalars(query.order_by(ReviewRound.number.desc())).first()
    if found is None:
        raise NotFound(kind="ReviewRound")
    return found


def waiting(vendor: Organisation) -> list[Line]:
    """What waits for the vendor's answer, the longest first."""
    query = scoped(vendor, ReviewRound).where(ReviewRound.outcome.is_(None))
    return _lines(vendor, list(db.session.scalars(query.order_by(ReviewRound.due_at, ReviewRound.id))))


def of_kit(vendor: Organisation, kit: Kit) -> list[Line]:
    """Every round of campaigns made from this kit, the latest asked first."""
    query = scoped(vendor, ReviewRound).join(Campaign, Campaign.id == ReviewRound.campaign_id)
    own = query.join(KitVersion, KitVersion.id == Campaign.kit_version_id).where(KitVersion.kit_id == kit.id)
    return _lines(vendor, list(db.session.scalars(own.order_by(ReviewRound.id.desc()))))


def answered(vendor: Organisation, limit: int = 20) -> list[Line]:
    """What was answered, taken back or closed, the latest first."""
    query = scoped(vendor, ReviewRound).where(ReviewRound.outcome.is_not(None))
    return _lines(
        vendor, list(db.session.scalars(query.order_by(ReviewRound.decided_at.desc()).limit(limit)))
    )


def waiting_count(vendor: Organisation) -> int:
    """How many reviews wait for the vendor."""
    rows = scoped(vendor, ReviewRound).where(ReviewRound.outcome.is_(None))
    return db.session.scalar(select(func.count()).select_from(rows.subquery())) or 0


def usual_answer(vendor: Organisation) -> timedelta | None:
    """The median time in which the last fifty were answered, on the clock; None before five."""
    query = scoped(vendor, ReviewRound).where(ReviewRound.outcome.in_((Outcome.APPROVED, Outcome.CHANGES)))
    rows = list(db.session.scalars(query.order_by(ReviewRound.decided_at.desc()).limit(50)))
    taken = sorted(row.decided_at - row.asked_at for row in rows if row.decided_at)
    return taken[len(taken) // 2] if len(taken) >= 5 else None


def clock_of(row: ReviewRound) -> Clock:
    """The round's clock now, or as it stood when it was answered."""
    vendor = db.session.get_one(Organisation, row.vendor_id)
    return clock(row.asked_at, row.days, row.decided_at or now(), vendor.timezone)


def days_of(vendor: Organisation) -> int:
    """In how many working days this vendor promises an answer."""
    return db.session.scalar(scoped(vendor, ReviewTerms).with_only_columns(ReviewTerms.days)) or USUAL_DAYS


def comments(campaign: Campaign, *, sent_only: bool) -> list[ReviewComment]:
    """What was said about a campaign, oldest first; `sent_only`: what the partner may read."""
    query = select(ReviewComment).where(  # unscoped: by its campaign
        ReviewComment.campaign_id == campaign.id
    )
    if sent_only:
        query = query.where(ReviewComment.sent_at.is_not(None))
    return list(db.session.scalars(query.order_by(ReviewComment.id)))


def unresolved(rows: Sequence[ReviewComment]) -> list[ReviewComment]:
    """Those that nobody has settled."""
    return [row for row in rows if row.resolved_at is None]


def open_ids() -> list[int]:
    """Every round that waits, for the beat; it looks at each by itself."""
    query = select(ReviewRound.id).where(  # unscoped: the beat's own walk over all of them
        ReviewRound.outcome.is_(None)
    )
    return list(db.session.scalars(query.order_by(ReviewRound.id)))


def _lines(vendor: Organisation, rounds: list[ReviewRound]) -> list[Line]:
    wanted = {row.campaign_id for row in rounds}
    by_id = {row.campaign.id: row for row in campaigns_of(vendor)} if wanted else {}
    return [Line(row, by_id[row.campaign_id], clock_of(row)) for row in rounds]
