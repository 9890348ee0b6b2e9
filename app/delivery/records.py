"""What is kept beside the deliveries: copies of a send for the seed list, and what came back.

Copies are no deliveries on purpose: every figure counts deliveries, so nothing has to leave them out. See docs/decisions/.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, BigInt, Id, PublicId, StrEnumType, UtcDateTime


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


class Came(StrEnum):
    """What a piece of evidence says of a message."""

    HARD = "hard"
    SOFT = "soft"
    DELAYED = "delayed"  # still being tried
    COMPLAINT = "complaint"
    AUTOREPLY = "autoreply"
    DELIVERED = "delivered"
    NOT_SENT = "not-sent"  # the sending service kept it back
    NONE = "none"  # no bounce: a person's mail


BOUNCES = (Came.HARD, Came.SOFT)


class Source(StrEnum):
    """How evidence came in. `REPLY` is the answer of the very first server, while the message was being sent."""

    SMTP = "smtp"
    LMTP = "lmtp"
    FOLDER = "folder"
    SNS = "sns"
    REPLY = "reply"


class ReturnedMail(Id, Base):
    """One piece of evidence about one message; `dedupe` makes it one however often it arrives.

    Without a partner it could not be matched to a message and changes nothing. No foreign keys, for the same reason as in Delivery.
    """

    __tablename__ = "returned_mail"
    __table_args__ = (
        Index("ix_returned_mail_send_kind", "send_id", "kind", "delivery_id"),
        Index("ix_returned_mail_contact", "contact_id"),
        Index("ix_returned_mail_delivery", "delivery_id"),
        Index("ix_returned_mail_received", "received_at"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int | None] = mapped_column(BigInt)
    delivery_id: Mapped[int | None] = mapped_column(BigInt)
    send_id: Mapped[int | None] = mapped_column(BigInt)
    contact_id: Mapped[int | None] = mapped_column(BigInt)
    address_hash: Mapped[str | None] = mapped_column(String(43))  # of the address that the message went to
    kind: Mapped[Came] = mapped_column(StrEnumType(Came))
    status: Mapped[str] = mapped_column(String(20), default="")  # RFC 3463
    cause: Mapped[str] = mapped_column(String(20), default="")  # of app.delivery.bounces
    words: Mapped[str] = mapped_column(String(300), default="")  # the server's, addresses taken out
    source: Mapped[Source] = mapped_column(StrEnumType(Source))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    dedupe: Mapped[str] = mapped_column(String(64), unique=True)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # a person knows better: counts no more


class IncomingMail(Id, Base):
    """A mail that came back, as it was received: written before it is acknowledged, gone in the transaction that heard it."""

    __tablename__ = "incoming_mail"

    delivery_id: Mapped[int] = mapped_column(BigInt)  # named by a token of ours in its recipient's address
    source: Mapped[Source] = mapped_column(StrEnumType(Source))
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    tries: Mapped[int] = mapped_column(default=0)
