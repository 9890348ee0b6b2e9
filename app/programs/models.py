"""The partnership between one vendor and one partner: its tier, its region, whether it is active."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, JSONType, PublicId, StrEnumType, UtcDateTime


class PartnershipStatus(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"


class Partnership(PublicId, Base):
    __tablename__ = "partnership"
    __table_args__ = (UniqueConstraint("vendor_id", "partner_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id", "partner": "partner_id"}

    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    status: Mapped[PartnershipStatus] = mapped_column(
        StrEnumType(PartnershipStatus), default=PartnershipStatus.ACTIVE
    )
    tier: Mapped[str] = mapped_column(String(40), default="")
    region: Mapped[str] = mapped_column(String(80), default="")
    # the languages it markets in, like ["nl", "en"]; None or empty: any
    languages: Mapped[list[str] | None] = mapped_column(JSONType)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
