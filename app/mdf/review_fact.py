"""What a vendor's reviewer reads of the money behind a campaign: the request that names it, if there is one."""

from sqlalchemy import select

from app.campaigns.models import Campaign
from app.db import db
from app.mdf.models import MdfRequest, RequestStatus
from app.web.filters import money

_SHOWN = (
    RequestStatus.SUBMITTED,
    RequestStatus.INFORMATION_REQUESTED,
    RequestStatus.APPROVED,
    RequestStatus.CLAIMED,
)


def money_of(campaign: Campaign) -> tuple[str, str] | None:
    """`Money`, and what is asked or approved with the request's number; None where no money was asked for."""
    query = select(MdfRequest).where(  # unscoped: of the reviewer's own campaign
        MdfRequest.campaign_id == campaign.id, MdfRequest.status.in_(_SHOWN)
    )
    row = db.session.scalars(query.order_by(MdfRequest.id.desc())).first()
    if row is None:
        return None
    approved = row.approved_minor is not None
    amount = money((row.approved_minor if row.approved_minor is not None else row.asked_minor, row.currency))
    return "Money", f"{amount} {'approved' if approved else 'asked'}, {row.number}"
