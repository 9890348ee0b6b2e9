"""The campaign in a box: a kit, its immutable published versions, and the files of each."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, JSONType, PublicId, StrEnumType, UtcDateTime
from app.states import Transitions


class VersionStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    RECALLED = "recalled"


VERSION = Transitions(
    "kit version",
    {
        VersionStatus.DRAFT: {VersionStatus.PUBLISHED},
        VersionStatus.PUBLISHED: {VersionStatus.SUPERSEDED, VersionStatus.RECALLED},
        VersionStatus.SUPERSEDED: {VersionStatus.RECALLED},
    },
)


class Kit(PublicId, Base):
    """What a vendor names once; partners with an active partnership see its published version."""

    __tablename__ = "kit"
    __table_args__ = (UniqueConstraint("vendor_id", "slug"),)
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id"}

    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class KitVersion(PublicId, Base):
    """One state of a kit. `manifest` is the parsed kit.toml; the zip as uploaded lies in the store under `archive_key`."""

    __tablename__ = "kit_version"
    __table_args__ = (UniqueConstraint("kit_id", "version"),)
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id"}

    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    version: Mapped[str] = mapped_column(String(20))
    status: Mapped[VersionStatus] = mapped_column(StrEnumType(VersionStatus), default=VersionStatus.DRAFT)
    summary: Mapped[str] = mapped_column(Text, default="")
    manifest: Mapped[dict[str, Any]] = mapped_column(JSONType)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONType, default=list)
    media: Mapped[dict[str, Any]] = mapped_column(
        JSONType, default=dict
    )  # path in the kit → key, content type, size in pixels
    archive_key: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    change_summary: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    published_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recalled_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recalled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recall_reason: Mapped[str] = mapped_column(Text, default="")
