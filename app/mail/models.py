"""The product's own mails, kept until they are sent: invitations, decisions, reminders.

Campaign mails are not here; they are deliveries.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, PublicId, UtcDateTime


class OutgoingMail(PublicId, Base):
    """One mail to one person, rendered when it was posted. `lease_until` keeps two workers apart."""

    __tablename__ = "outgoing_mail"
    __table_args__ = (Index("ix_outgoing_mail_due", "sent_at", "not_before"),)

    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    template: Mapped[str] = mapped_column(String(64))
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    # A finished message, such as a test of a campaign's mail: sent as it is, never twice by itself, emptied afterwards.
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    uncertain_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # handed over, and never answered
    rung_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when a worker was last rung for
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None] = mapped_column(String(200))
