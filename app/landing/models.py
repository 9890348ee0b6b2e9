"""Pages as published, and what people left on them."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, JSONType, PublicId, StrEnumType, UtcDateTime


class PageStatus(StrEnum):
    PUBLISHED = "published"
    CLOSED = "closed"


class PublishedPage(PublicId, Base):
    """A landing page of a campaign, frozen at launch: words, colours and form as people saw them."""

    __tablename__ = "published_page"
    __table_args__ = (UniqueConstraint("campaign_id", "name"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    name: Mapped[str] = mapped_column(String(80))  # the kit's page
    status: Mapped[PageStatus] = mapped_column(StrEnumType(PageStatus), default=PageStatus.PUBLISHED)
    content: Mapped[dict[str, Any]] = mapped_column(JSONType)  # everything render_page needs, plain data
    stylesheet: Mapped[str] = mapped_column(Text, default="")
    served: Mapped[dict[str, str] | None] = mapped_column(
        JSONType
    )  # the whole page around the visitor's hidden fields, drawn when it was published
    published_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Submission(PublicId, Base):
    """A filled form, recorded before it is answered. `form_token` makes a double click one submission."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("page_id", "form_token"),
        Index("ix_submission_campaign_email", "campaign_id", "email"),
        Index(None, "contact_id"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    page_id: Mapped[int] = mapped_column(ForeignKey("published_page.id"))
    form_token: Mapped[str] = mapped_column(String(64))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    email: Mapped[str] = mapped_column(String(254))
    fields: Mapped[dict[str, Any]] = mapped_column(JSONType)
    consents: Mapped[list[dict[str, Any]]] = mapped_column(JSONType, default=list)  # wording, version, ticked
    source: Mapped[dict[str, Any]] = mapped_column(JSONType, default=dict)  # utm parameters kept
    held_reason: Mapped[str | None] = mapped_column(
        String(80)
    )  # set: looks like a robot, no lead until released
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
