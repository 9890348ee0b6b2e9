"""The campaign in a box: a kit, its immutable published versions, the files of each, and what partners are told of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, event, inspect
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
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: when it was uploaded
    change_summary: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    published_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recalled_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recalled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recall_reason: Mapped[str] = mapped_column(Text, default="")


_MAY_CHANGE = {"status", "recalled_by", "recalled_at", "recall_reason"}


@event.listens_for(KitVersion, "before_update")
def _never_changes(_mapper: Any, _connection: Any, version: KitVersion) -> None:
    """What partners may have made their own stays what it was, whoever writes: only its recall is noted."""
    held = inspect(version)
    was = held.attrs.status.history.deleted or [version.status]
    changed = {attribute.key for attribute in held.attrs if attribute.history.has_changes()}
    if was[0] is not VersionStatus.DRAFT and changed - _MAY_CHANGE:
        raise RuntimeError(f"a published version of a kit never changes: {sorted(changed - _MAY_CHANGE)}")


class NewsKind(StrEnum):
    PUBLISHED = "published"
    RECALLED = "recalled"


class KitNews(PublicId, Base):
    """One partner is told of one version, once. `campaigns` says what was done to which of its campaigns, as id → what."""

    __tablename__ = "kit_news"
    __table_args__ = (
        UniqueConstraint("version_id", "partner_id", "kind"),
        Index("ix_kit_news_told_at", "told_at"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id", "partner": "partner_id"}

    version_id: Mapped[int] = mapped_column(ForeignKey("kit_version.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[NewsKind] = mapped_column(StrEnumType(NewsKind))
    campaigns: Mapped[dict[str, str]] = mapped_column(JSONType, default=dict)
    mails: Mapped[int] = mapped_column(default=0)  # how many people were mailed
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class KitQuiet(PublicId, Base):
    """A person who wants no mails about new versions of kits. What was withdrawn is told them all the same."""

    __tablename__ = "kit_quiet"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "organisation_id"}

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
