"""What happened to a mail and a page: opens, clicks, views. Raw and append-only, each with a label: person or machine, and why."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, BigInt, Id, JSONType, StrEnumType, UtcDateTime


class EventKind(StrEnum):
    OPEN = "open"
    CLICK = "click"
    VIEW = "view"


class TrackedEvent(Id, Base):
    """`delivery_id` and `contact_id` are set only with tracking consent; campaign and variant always."""

    __tablename__ = "tracked_event"
    __table_args__ = (
        Index("ix_tracked_event_campaign_kind", "campaign_id", "kind", "at"),
        Index("ix_tracked_event_delivery", "delivery_id"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    send_id: Mapped[int | None] = mapped_column(ForeignKey("send.id"))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"))
    page_id: Mapped[int | None] = mapped_column(ForeignKey("published_page.id"))
    kind: Mapped[EventKind] = mapped_column(StrEnumType(EventKind))
    number: Mapped[int | None] = mapped_column()  # the link's
    method: Mapped[str] = mapped_column(String(8))
    agent: Mapped[str] = mapped_column(String(300), default="")
    is_machine: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(String(80))  # why it counts as a machine: the heaviest sign
    score: Mapped[int] = mapped_column(default=0, server_default="0")
    signals: Mapped[list[list[str | int]] | None] = mapped_column(JSONType)  # pairs of code and weight
    rules: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # the version that judged it; 0: before versions were kept
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class SpoolPosition(Base):
    """How far a spool file is in the database: moved in the transaction that writes its events, so each line counts once."""

    __tablename__ = "spool_position"

    file: Mapped[str] = mapped_column(String(80), primary_key=True)
    offset: Mapped[int] = mapped_column(BigInt, default=0)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
