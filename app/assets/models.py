"""Files an organisation owns, and a partner's brand: what every piece is dressed in."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, PublicId, UtcDateTime


class Asset(PublicId, Base):
    """A stored file; the same bytes of one organisation are stored once. `key` is its place in the store."""

    __tablename__ = "asset"
    __table_args__ = (UniqueConstraint("organisation_id", "sha256"),)
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "organisation_id", "partner": "organisation_id"}

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column()
    width: Mapped[int | None] = mapped_column()
    height: Mapped[int | None] = mapped_column()
    is_public: Mapped[bool] = mapped_column(default=False)  # an image that mails and pages may show
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class BrandProfile(PublicId, Base):
    __tablename__ = "brand_profile"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(80), default="Main brand")
    is_default: Mapped[bool] = mapped_column(default=True)
    logo_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    primary_color: Mapped[str] = mapped_column(String(7), default="#15324b")
    call_color: Mapped[str] = mapped_column(String(7), default="#b9431a")
    legal_name: Mapped[str] = mapped_column(String(160), default="")
    postal_address: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    website: Mapped[str] = mapped_column(String(300), default="")
    sender_name: Mapped[str] = mapped_column(String(80), default="")
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
