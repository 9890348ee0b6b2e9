"""People to follow up, and the deals that come of them.

A lead is the partner's until it is shared; then the vendor sees it too.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, BigInt, PublicId, StrEnumType, UtcDateTime
from app.states import Transitions


class LeadStatus(StrEnum):
    NEW = "new"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REROUTED = "rerouted"
    QUALIFIED = "qualified"
    DEAL = "deal"


_L = LeadStatus
LEAD = Transitions(
    "lead",
    {
        _L.NEW: {_L.ACCEPTED, _L.REJECTED, _L.REROUTED},
        _L.REROUTED: {_L.ACCEPTED, _L.REJECTED},
        _L.ACCEPTED: {_L.QUALIFIED, _L.DEAL, _L.REJECTED},
        _L.QUALIFIED: {_L.DEAL, _L.REJECTED},
        _L.REJECTED: {_L.NEW},
    },
)


class Lead(PublicId, Base):
    """`shared_at` set means the vendor may see it; queries for a vendor filter on it (leads.queries)."""

    __tablename__ = "lead"
    __table_args__ = (
        Index("ix_lead_partner_status", "partner_id", "status"),
        Index("ix_lead_campaign_email", "campaign_id", "email"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"))
    status: Mapped[LeadStatus] = mapped_column(StrEnumType(LeadStatus), default=LeadStatus.NEW)
    name: Mapped[str] = mapped_column(String(160))
    email: Mapped[str] = mapped_column(String(254))
    company: Mapped[str] = mapped_column(String(160), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reject_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    answer_by: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    shared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LeadNote(PublicId, Base):
    __tablename__ = "lead_note"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class DealStatus(StrEnum):
    REGISTERED = "registered"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


_A = DealStatus
DEAL = Transitions(
    "deal",
    {
        _A.REGISTERED: {_A.APPROVED, _A.DENIED, _A.EXPIRED},
        _A.APPROVED: {_A.OPEN, _A.WON, _A.LOST, _A.EXPIRED},
        _A.OPEN: {_A.WON, _A.LOST, _A.EXPIRED},
    },
)


class DealStage(StrEnum):
    """Where an open deal stands."""

    FIRST_TALK = "first_talk"
    QUOTE = "quote"
    DECISION = "decision"


class Deal(PublicId, Base):
    """A registered opportunity. Registering it shares it with the vendor, who approves its protection."""

    __tablename__ = "deal"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("lead.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    account: Mapped[str] = mapped_column(String(160))
    title: Mapped[str] = mapped_column(String(160))
    amount_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[DealStatus] = mapped_column(StrEnumType(DealStatus), default=DealStatus.REGISTERED)
    stage: Mapped[DealStage] = mapped_column(StrEnumType(DealStage), default=DealStage.FIRST_TALK)
    expected_on: Mapped[date | None] = mapped_column(Date)
    protected_until: Mapped[date | None] = mapped_column(Date)
    registered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(200))
