"""What stands behind the ids of noted events: the mail, its send and its person. Read for a whole batch at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.delivery.models import Delivery, DeliveryState, Rendering, Send
from app.tracking.spool import Noted


@dataclass(frozen=True)
class Source:
    """Whom an event counts for. Delivery, contact and the time of delivery stand here only with tracking consent."""

    partner_id: int
    campaign_id: int
    vendor_id: int | None = None
    send_id: int | None = None
    variant_id: int | None = None
    delivery_id: int | None = None
    contact_id: int | None = None
    delivered_at: datetime | None = None
    is_uncertain: bool = False


def sources_of(batch: Sequence[Noted]) -> list[Source | None]:
    """The source of each event, in order; None where its mail is not on record.

    A view counts for the mail only where the mail is of the page's campaign; else it is a stranger's.
    """
    mails = of_deliveries({noted.delivery for noted in batch if noted.delivery})
    renderings = _of_renderings({noted.rendering for noted in batch if noted.rendering})
    return [_source(noted, mails.get(noted.delivery) or renderings.get(noted.rendering)) for noted in batch]


def _source(noted: Noted, found: Source | None) -> Source | None:
    if not noted.page or (found and found.campaign_id == noted.campaign):
        return found
    return Source(noted.partner, noted.campaign)


def of_deliveries(ids: Collection[int]) -> dict[int, Source]:
    """The sources of mails to people who agreed to be noted, by the mail's id."""
    if not ids:
        return {}
    rows = db.session.execute(
        select(  # unscoped: a job, by ids from signed tokens
            Delivery.id,
            Delivery.contact_id,
            Delivery.variant_id,
            Delivery.state,
            Delivery.decided_at,
            Delivery.committed_at,
            Send.id.label("send_id"),
            Send.partner_id,
            Send.vendor_id,
            Send.campaign_id,
        )
        .join(Send, Send.id == Delivery.send_id)
        .where(Delivery.id.in_(ids))
    )
    return {
        row.id: Source(
            row.partner_id,
            row.campaign_id,
            row.vendor_id,
            row.send_id,
            row.variant_id,
            row.id,
            row.contact_id,
            row.decided_at or row.committed_at,
            row.state is DeliveryState.UNCERTAIN,
        )
        for row in rows
    }


def _of_renderings(ids: Collection[int]) -> dict[int, Source]:
    if not ids:
        return {}
    rows = db.session.execute(
        select(  # unscoped: a job, by ids from signed tokens
            Rendering.id,
            Rendering.variant_id,
            Send.id.label("send_id"),
            Send.partner_id,
            Send.vendor_id,
            Send.campaign_id,
        )
        .join(Send, Send.id == Rendering.send_id)
        .where(Rendering.id.in_(ids))
    )
    return {
        row.id: Source(row.partner_id, row.campaign_id, row.vendor_id, row.send_id, row.variant_id)
        for row in rows
    }
