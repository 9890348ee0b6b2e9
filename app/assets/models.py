"""Files an organisation owns, and a partner's brand: what every piece is dressed in."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, Id, JSONType, PublicId, UtcDateTime

_FACTS = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Asset(PublicId, Base):
    """A stored file; the same bytes of one organisation are stored once. `key` is its place in the store, which is private.

    `renderings` are the sizes of a picture, each with its facts; those of a public one lie where mails and pages may load them.
    A file that was replaced points to its successor and stays served; a deleted one can be put back for 30 days, and goes on
    being served where something that was sent shows it (`kept_at`).
    """

    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("organisation_id", "sha256"),
        Index(None, "organisation_id", "source_sha256"),
    )
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
    source_sha256: Mapped[str | None] = mapped_column(String(64))  # of the bytes as they came
    renderings: Mapped[dict[str, dict[str, int]] | None] = mapped_column(_FACTS)
    frames: Mapped[int] = mapped_column(default=1, server_default="1")  # more than one: it moves
    pages: Mapped[int | None] = mapped_column()  # of a document
    alt: Mapped[str] = mapped_column(String(300), default="", server_default="")
    credit: Mapped[str] = mapped_column(String(200), default="", server_default="")
    rights_until: Mapped[date | None] = mapped_column()  # the last day on which it may be used
    listed: Mapped[bool] = mapped_column(default=True, server_default=true())  # the library shows it
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kept_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AssetTag(Id, Base):
    """A word that an organisation finds a file by."""

    __tablename__ = "asset_tag"
    __table_args__ = (UniqueConstraint("asset_id", "name"), Index(None, "organisation_id", "name"))
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "organisation_id", "partner": "organisation_id"}

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    name: Mapped[str] = mapped_column(String(40))


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
