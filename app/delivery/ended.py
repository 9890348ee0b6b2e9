"""For whom a campaign is over before its last step: whoever filled in its form, and whoever said no.

Written in the transaction of the form or the no itself, so that no later step can miss it; it is never taken back.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from app.campaigns.models import Campaign, CampaignStatus
from app.db import db, is_sqlite
from app.delivery.models import Delivery, EndReason, SequenceEnd

_RUNS = (CampaignStatus.LAUNCHING, CampaignStatus.SENDING, CampaignStatus.PAUSED)


def converted(partner_id: int, campaign_id: int, contact_ids: set[int], at: datetime) -> None:
    """Someone filled in a form of this campaign: nothing more of it goes to these contacts of the partner."""
    rows = [
        {
            "campaign_id": campaign_id,
            "contact_id": contact_id,
            "partner_id": partner_id,
            "reason": EndReason.SUBMITTED,
            "at": at,
        }
        for contact_id in sorted(contact_ids)
    ]
    if rows:
        db.session.execute(_insert().values(rows).on_conflict_do_nothing())


def said_no(partner_id: int, contact_id: int, at: datetime) -> None:
    """A contact of the partner said no: nothing more of any campaign that runs and that they had mail of."""
    columns = SequenceEnd.__table__.c
    running: Select[Any] = (
        select(  # unscoped: by partner and contact
            Delivery.campaign_id,
            Delivery.contact_id,
            Delivery.partner_id,
            literal(EndReason.UNSUBSCRIBED, columns.reason.type),
            literal(at, columns.at.type),
        )
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Delivery.contact_id == contact_id,
            Delivery.partner_id == partner_id,
            Campaign.status.in_(_RUNS),
        )
        .distinct()
    )
    names = ["campaign_id", "contact_id", "partner_id", "reason", "at"]
    statement = _insert().from_select(names, running, include_defaults=False)
    db.session.execute(statement.on_conflict_do_nothing())


def _insert() -> Any:
    return sqlite.insert(SequenceEnd) if is_sqlite() else postgresql.insert(SequenceEnd)
