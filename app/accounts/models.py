"""Who takes part: organisations, people, their roles, invitations, and the log of who did what.

An organisation is the tenant; a person may belong to several, with a role in each.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, BigInt, JSONType, PublicId, StrEnumType, UtcDateTime


class OrganisationKind(StrEnum):
    VENDOR = "vendor"
    PARTNER = "partner"


class Role(StrEnum):
    """Vendors have all four, partners all but the approver."""

    ADMIN = "admin"
    MARKETER = "marketer"
    APPROVER = "approver"
    VIEWER = "viewer"


class Organisation(PublicId, Base):
    __tablename__ = "organisation"

    kind: Mapped[OrganisationKind] = mapped_column(StrEnumType(OrganisationKind))
    name: Mapped[str] = mapped_column(String(120))
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    country: Mapped[str] = mapped_column(String(2), default="NL")
    timezone: Mapped[str] = mapped_column(String(64), default="Europe/Amsterdam")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Person(PublicId, Base):
    __tablename__ = "person"

    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    session_epoch: Mapped[int] = mapped_column(
        default=0
    )  # one more ends every session that carries the old one
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Membership(PublicId, Base):
    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "organisation_id", "partner": "organisation_id"}

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    role: Mapped[Role] = mapped_column(StrEnumType(Role))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class InvitationKind(StrEnum):
    COLLEAGUE = "colleague"  # joins the organisation that invites
    PARTNER = "partner"  # makes a partner organisation and a partnership with the vendor that invites


class Invitation(PublicId, Base):
    __tablename__ = "invitation"
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "organisation_id", "partner": "organisation_id"}

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind: Mapped[InvitationKind] = mapped_column(StrEnumType(InvitationKind))
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120), default="")
    role: Mapped[Role] = mapped_column(StrEnumType(Role))
    partner_name: Mapped[str | None] = mapped_column(String(120))
    tier: Mapped[str | None] = mapped_column(String(40))
    region: Mapped[str | None] = mapped_column(String(80))
    invited_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuditEntry(PublicId, Base):
    """Append-only: who did what to which row. `detail` holds ids and figures, never a person's field."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_kind", "subject_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "organisation_id", "partner": "organisation_id"}

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    action: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int] = mapped_column(BigInt)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONType, default=dict)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
