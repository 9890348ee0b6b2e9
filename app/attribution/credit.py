"""Credits: what each campaign is given of a won deal, stored with the model that said so, and rebuilt from touches at any time.

The lines of a deal add up to its amount exactly; what no touch explains stands on a line of its own, unattributed.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, or_, select

from app.attribution.models import VERSION, Model, Touch, share_out
from app.attribution.records import Credit, TouchKind, Touchpoint
from app.audience.models import Contact
from app.campaigns.models import Campaign
from app.db import db
from app.leads.models import Deal, DealStatus, Lead

ACTS = (TouchKind.CLICKED, TouchKind.VISITED, TouchKind.SUBMITTED)
"""What counts as a touch: what a person did. A mail that was only sent to them earns nothing."""


def write(deal: Deal, model: Model = Model.LAST) -> list[Credit]:
    """Write a won deal's credits by `model`, in place of those it has by this model. Raises ValueError for a deal that isn't won."""
    if deal.status is not DealStatus.WON or deal.closed_at is None:
        raise ValueError(f"deal {deal.id} is not won")
    db.session.execute(delete(Credit).where(Credit.deal_id == deal.id, Credit.model == str(model)))
    shares = share_out(model, deal.amount_minor, touches_of(deal), deal.closed_at)
    lines = [
        Credit(
            partner_id=deal.partner_id,
            vendor_id=deal.vendor_id,
            deal_id=deal.id,
            campaign_id=share.touch.campaign_id if share.touch else None,
            touchpoint_id=share.touch.id if share.touch else None,
            model=str(model),
            model_version=VERSION,
            amount_minor=share.minor,
            currency=deal.currency,
        )
        for share in shares
    ]
    db.session.add_all(lines)
    db.session.flush()
    return lines


def rebuild(model: Model = Model.LAST) -> int:
    """Write the credits of all won deals anew, after a change of rule or of touches. Returns how many deals."""
    deals = list(
        db.session.scalars(select(Deal).where(Deal.status == DealStatus.WON).order_by(Deal.id))
    )  # unscoped: the operator's rebuild of all
    for deal in deals:
        write(deal, model)
    return len(deals)


def touches_of(deal: Deal) -> list[Touch]:
    """The touches of everybody at the deal's account with campaigns of its vendor, oldest first."""
    people = _people(deal)
    if not people:
        return []
    rows = db.session.execute(
        select(
            Touchpoint.id, Touchpoint.campaign_id, Touchpoint.at
        )  # unscoped: restricted to the deal's partner and vendor
        .where(
            Touchpoint.partner_id == deal.partner_id,
            Touchpoint.vendor_id == deal.vendor_id,
            Touchpoint.contact_id.in_(people),
            Touchpoint.kind.in_(ACTS),
        )
        .order_by(Touchpoint.at, Touchpoint.id)
    )
    return [Touch(*row) for row in rows]


def _people(deal: Deal) -> list[int]:
    """The deal's contact, its lead's, and the partner's contacts at a company of the account's name."""
    own = {deal.contact_id}
    if deal.lead_id is not None:
        own.add(
            db.session.scalar(select(Lead.contact_id).where(Lead.id == deal.lead_id))
        )  # unscoped: the deal's own lead
    known = [contact for contact in own if contact is not None]
    account = deal.account.strip().lower()
    same: list[ColumnElement[bool]] = [Contact.id.in_(known)]
    if account:
        same.append(func.lower(func.trim(Contact.company)) == account)
    return list(
        db.session.scalars(select(Contact.id).where(Contact.partner_id == deal.partner_id, or_(*same)))
    )  # unscoped: the deal's partner


@dataclass(frozen=True)
class Line:
    """A credit as a page shows it; `campaign` None is the unattributed line."""

    credit: Credit
    campaign: str | None


def lines(deal: Deal, model: Model = Model.LAST) -> list[Line]:
    """A deal's credits by one model with their campaigns' names, in the order they were given."""
    rows = db.session.execute(
        select(Credit, Campaign.name)  # unscoped: the caller holds the deal
        .outerjoin(Campaign, Campaign.id == Credit.campaign_id)
        .where(Credit.deal_id == deal.id, Credit.model == str(model))
        .order_by(Credit.id)
    )
    return [Line(*row) for row in rows]
