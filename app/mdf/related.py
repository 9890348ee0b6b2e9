"""The rows that a request or a claim points to.

Whoever asks has looked the request or the claim up for an organisation of theirs; what it points to belongs to its two sides.
"""

from app.accounts.models import Organisation
from app.assets.models import Asset
from app.campaigns.models import Campaign
from app.campaigns.queries import campaign_by_id
from app.db import db
from app.mdf.models import ActivityType, Claim, Fund, MdfRequest


def vendor_of(row: MdfRequest | Claim | Campaign) -> Organisation:
    """The vendor whose money it is."""
    return db.session.get_one(Organisation, row.vendor_id)


def partner_of(row: MdfRequest | Claim) -> Organisation:
    """The partner who asks."""
    return db.session.get_one(Organisation, row.partner_id)


def request_of(claim: Claim) -> MdfRequest:
    """The request that a claim draws on."""
    return db.session.get_one(MdfRequest, claim.request_id)  # unscoped: by the claim's own id


def fund_of(request: MdfRequest) -> Fund:
    """The fund that pays."""
    return db.session.get_one(Fund, request.fund_id)  # unscoped: by the request's own id


def activity_of(request: MdfRequest) -> ActivityType:
    """What the money is for."""
    return db.session.get_one(ActivityType, request.activity_type_id)  # unscoped: by the request's own id


def campaign_of(request: MdfRequest) -> Campaign | None:
    """The campaign that the activity goes with; None for one outside the platform."""
    return campaign_by_id(request.campaign_id) if request.campaign_id else None


def invoice_of(claim: Claim) -> Asset | None:
    """The invoice's file, if one was added."""
    if claim.invoice_asset_id is None:
        return None
    return db.session.get(Asset, claim.invoice_asset_id)  # unscoped: by the claim's own id
