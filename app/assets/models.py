"""Files an organisation owns, and a partner's brand: what every piece is dressed in."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, JSONType, PublicId, UtcDateTime


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
    """How a partner looks and who it is. One brand of a partner is the default; an archived one is offered nowhere.

    The logo is kept four times: as it came (`logo_source_id`), for mails and pages at two sizes, and large. Those three stand
    on `logo_plate`, if there is one. `dark_logo_id` is what dark grounds show, from `dark_source_id` where a second logo came.
    """

    __tablename__ = "brand_profile"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(80), default="Main brand")
    is_default: Mapped[bool] = mapped_column(default=True)
    logo_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    logo_source_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    logo_small_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    logo_large_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    dark_source_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    dark_logo_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    logo_plate: Mapped[str | None] = mapped_column(String(7))
    logo_facts: Mapped[dict[str, Any] | None] = mapped_column(
        JSONType
    )  # app.assets.palette.Facts of the logo
    primary_color: Mapped[str] = mapped_column(String(7), default="#15324b")
    call_color: Mapped[str] = mapped_column(String(7), default="#b9431a")
    legal_name: Mapped[str] = mapped_column(String(160), default="")
    postal_address: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    website: Mapped[str] = mapped_column(String(300), default="")
    sender_name: Mapped[str] = mapped_column(String(80), default="")
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    social: Mapped[dict[str, str]] = mapped_column(JSONType, default=dict, server_default="{}")
    previous: Mapped[dict[str, Any] | None] = mapped_column(JSONType)  # before the last save; undo reads it
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
