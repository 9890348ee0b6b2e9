"""Copies of a send for the seed list: one row for each address and version of the mail, written before the send begins.

They are no deliveries on purpose: every figure counts deliveries, so nothing has to leave them out. See docs/decisions/.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, PublicId, UtcDateTime


class SeedCopy(PublicId, Base):
    """The mail of a send as this address gets it. Without a mail it was left out, and `reason` says why."""

    __tablename__ = "seed_copy"
    __table_args__ = (UniqueConstraint("send_id", "seed_id", "rendering_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "organisation_id", "vendor": "organisation_id"}

    send_id: Mapped[int] = mapped_column(ForeignKey("send.id"))
    rendering_id: Mapped[int] = mapped_column(ForeignKey("rendering.id"))
    seed_id: Mapped[int | None] = mapped_column(ForeignKey("seed.id", ondelete="SET NULL"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))  # who keeps the address
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("outgoing_mail.id"))
    reason: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
