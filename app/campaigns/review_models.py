"""A vendor's look at a partner's campaign before it goes out: each round with what was looked at, and what was said about it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, JSONType, PublicId, StrEnumType, UtcDateTime


class Outcome(StrEnum):
    """How a round ended."""

    APPROVED = "approved"
    CHANGES = "changes_requested"
    TAKEN_BACK = "taken_back"  # by the partner, before there was an answer
    CLOSED = (
        "closed"  # nothing to decide any more: the kit was withdrawn, the campaign or the partnership ended
    )


class ReviewRound(PublicId, Base):
    """One asking and its answer; open while `outcome` is None. `snapshot` is what was looked at, `fingerprint` its hash.

    `reviewer_id` has it: None stands for every reviewer of the vendor. `lapsed_at`: an approval that no longer counts, since what was
    approved was changed afterwards.
    """

    __tablename__ = "review_round"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number"),
        Index("ix_review_round_vendor_open", "vendor_id", "outcome"),
        Index("ix_review_round_kit", "partner_id", "kit_id"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.id"))
    kit_version_id: Mapped[int] = mapped_column(ForeignKey("kit_version.id"))
    number: Mapped[int] = mapped_column()  # 1, 2, … of this campaign
    asked_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    note: Mapped[str] = mapped_column(Text, default="")  # what the partner says to the reviewer
    days: Mapped[int] = mapped_column()  # working days in which an answer was promised
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    escalated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[Outcome | None] = mapped_column(StrEnumType(Outcome))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str] = mapped_column(Text, default="")  # what the other side reads with the outcome
    waiver: Mapped[str] = mapped_column(Text, default="")  # why it was approved although a rule is broken
    lapsed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fingerprint: Mapped[str] = mapped_column(String(64))
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONType)


class ReviewComment(PublicId, Base):
    """What a reviewer says about a slot, a piece or the whole, with the partner's answer under it.

    The partner reads it once it is sent, with the reviewer's answer to the round. Open until either side resolves it.
    """

    __tablename__ = "review_comment"
    __table_args__ = (Index("ix_review_comment_campaign", "campaign_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("review_round.id"))  # in which it was written
    about: Mapped[str] = mapped_column(
        String(120), default=""
    )  # "slot/NAME", "email/NAME", "page/NAME"; "": all of it
    text: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reply: Mapped[str] = mapped_column(Text, default="")
    replied_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReviewTerms(PublicId, Base):
    """In how many working days a vendor promises an answer; without a row the usual number."""

    __tablename__ = "review_terms"
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id"}

    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), unique=True)
    days: Mapped[int] = mapped_column()
