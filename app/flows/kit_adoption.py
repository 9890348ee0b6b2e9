"""How a kit is taken up: each campaign made from it with what it came to, in counts. The vendor sees no contact."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.accounts.models import Organisation
from app.campaigns.queries import Row, rows_of_kit
from app.db import db, scoped
from app.delivery import tally
from app.delivery.models import DeliveryState, Send
from app.kits.models import Kit
from app.leads.models import Lead
from app.programs.models import Partnership
from app.programs.queries import partners_of

MOST = 100  # campaigns on the page, the newest


@dataclass(frozen=True)
class Use:
    """One campaign. `reached`: people whose mail server took its first mail; None where nothing was sent."""

    row: Row
    terms: Partnership | None
    reached: int | None
    leads: int | None


def adoption(vendor: Organisation, kit: Kit) -> list[Use]:
    """The newest campaigns made from a kit of the vendor."""
    rows = rows_of_kit(vendor, kit)[:MOST]
    terms = {partner.id: ship for partner, ship in partners_of(vendor)}
    reached, leads = _reached(vendor, rows), _leads(rows)
    return [
        Use(row, terms.get(row.partner.id), reached.get(row.campaign.id), leads.get(row.campaign.id))
        for row in rows
    ]


def _reached(vendor: Organisation, rows: Sequence[Row]) -> dict[int, int]:
    ids = [row.campaign.id for row in rows]
    query = scoped(vendor, Send).where(Send.campaign_id.in_(ids), Send.step == 1)
    sends = list(db.session.scalars(query))
    found: dict[int, int] = {}
    for send, counted in zip(sends, tally.of(sends), strict=True):
        taken = counted.counts.get(DeliveryState.ACCEPTED, 0)
        found[send.campaign_id] = found.get(send.campaign_id, 0) + taken
    return found


def _leads(rows: Sequence[Row]) -> dict[int, int]:
    ids = [row.campaign.id for row in rows if row.campaign.launched_at]
    query = (
        select(Lead.campaign_id, func.count())  # unscoped: counts of the vendor's own campaigns
        .where(Lead.campaign_id.in_(ids))
        .group_by(Lead.campaign_id)
    )
    counted = {row[0]: int(row[1]) for row in db.session.execute(query)}
    return {id_: counted.get(id_, 0) for id_ in ids}
