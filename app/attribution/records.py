"""Touchpoints, and the credit that a won deal gives to campaigns. (`models.py` holds the attribution models: pure functions.)"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, BigInt, PublicId, StrEnumType, UtcDateTime


class TouchKind(StrEnum):
    DELIVERED = "delivered"
    CLICKED = "clicked"
    VISITED = "visited"
    SUBMITTED = "submitted"


class Touchpoint(PublicId, Base):
    """One meeting of a person and a campaign. `source` names the row behind it, so that it is recorded once."""

    __tablename__ = "touchpoint"
    __table_args__ = (
        UniqueConstraint("kind", "source_id"),
        Index("ix_touchpoint_contact_at", "contact_id", "at"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    kind: Mapped[TouchKind] = mapped_column(StrEnumType(TouchKind))
    source_id: Mapped[int] = mapped_column(BigInt)  # delivery, tracked event or submission, by kind
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Credit(PublicId, Base):
    """A share of a won deal. `campaign_id` None is the explicit “unattributed” line. Shares of a deal add up to it exactly."""

    __tablename__ = "credit"
    __table_args__ = (Index("ix_credit_deal_model", "deal_id", "model"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    touchpoint_id: Mapped[int | None] = mapped_column(ForeignKey("touchpoint.id"))
    model: Mapped[str] = mapped_column(String(20))
    model_version: Mapped[int] = mapped_column(default=1)
    amount_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
