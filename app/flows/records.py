"""What a check before sending found, kept with the fingerprint of what was checked: it holds until the words change."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, JSONType, PublicId, StrEnumType, UtcDateTime


class MailCheckState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class MailCheck(PublicId, Base):
    """One look at every link and picture of a campaign's mails. `done` of `total` are looked at; `found` is what people see."""

    __tablename__ = "mail_check"
    __table_args__ = (UniqueConstraint("campaign_id", "fingerprint"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[MailCheckState] = mapped_column(
        StrEnumType(MailCheckState), default=MailCheckState.WAITING, index=True
    )
    attempts: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    found: Mapped[list[dict[str, Any]]] = mapped_column(JSONType, default=list)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    rung_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
