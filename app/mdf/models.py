"""Marketing development funds: funds, what each partner was given, requests, claims, and the ledger they move through."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, BigInt, JSONType, PublicId, StrEnumType, UtcDateTime
from app.states import Transitions


class Fund(PublicId, Base):
    __tablename__ = "fund"
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id"}

    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    currency: Mapped[str] = mapped_column(String(3))
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ActivityType(PublicId, Base):
    """What a fund pays for, at which share (`rate` in percent) and up to which cap."""

    __tablename__ = "activity_type"
    __table_args__ = (
        UniqueConstraint("fund_id", "name"),
        CheckConstraint("rate BETWEEN 1 AND 100", name="rate"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id"}

    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    name: Mapped[str] = mapped_column(String(80))
    help: Mapped[str] = mapped_column(String(200), default="")
    rate: Mapped[int] = mapped_column(default=50)
    cap_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))


class Allocation(PublicId, Base):
    __tablename__ = "allocation"
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id", "partner": "partner_id"}

    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    amount_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))
    why: Mapped[str] = mapped_column(String(200), default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class RequestStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    INFORMATION_REQUESTED = "information_requested"
    APPROVED = "approved"
    DECLINED = "declined"
    CLAIMED = "claimed"
    CLOSED = "closed"
    EXPIRED = "expired"


_R = RequestStatus
REQUEST = Transitions(
    "request",
    {
        _R.DRAFT: {_R.SUBMITTED},
        _R.SUBMITTED: {_R.INFORMATION_REQUESTED, _R.APPROVED, _R.DECLINED, _R.DRAFT},
        _R.INFORMATION_REQUESTED: {_R.SUBMITTED, _R.DECLINED, _R.DRAFT},
        _R.APPROVED: {_R.CLAIMED, _R.CLOSED, _R.EXPIRED},
        _R.CLAIMED: {_R.APPROVED, _R.CLOSED},
    },
)


class MdfRequest(PublicId, Base):
    __tablename__ = "mdf_request"
    __table_args__ = (UniqueConstraint("vendor_id", "number"),)
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id", "partner": "partner_id"}

    number: Mapped[str] = mapped_column(String(20))  # MDF-2026-0148
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    activity_type_id: Mapped[int] = mapped_column(ForeignKey("activity_type.id"))
    status: Mapped[RequestStatus] = mapped_column(StrEnumType(RequestStatus), default=RequestStatus.DRAFT)
    title: Mapped[str] = mapped_column(String(120))
    purpose: Mapped[str] = mapped_column(String(200), default="")
    supplier: Mapped[str] = mapped_column(String(120), default="")
    shares_leads: Mapped[bool] = mapped_column(default=False)
    currency: Mapped[str] = mapped_column(String(3))
    rate: Mapped[int] = (
        mapped_column()
    )  # the activity's, as it stood when asked: later changes don't reach back
    cap_minor: Mapped[int] = mapped_column(BigInt)
    cost_minor: Mapped[int] = mapped_column(BigInt)
    asked_minor: Mapped[int] = mapped_column(BigInt)
    approved_minor: Mapped[int | None] = mapped_column(BigInt)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    claim_by: Mapped[date | None] = mapped_column(Date)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClaimStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    INFORMATION_REQUESTED = "information_requested"
    APPROVED = "approved"
    PAID = "paid"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


_C = ClaimStatus
CLAIM = Transitions(
    "claim",
    {
        _C.DRAFT: {_C.SUBMITTED},
        _C.SUBMITTED: {_C.INFORMATION_REQUESTED, _C.APPROVED, _C.REJECTED, _C.WITHDRAWN},
        _C.INFORMATION_REQUESTED: {_C.SUBMITTED, _C.REJECTED, _C.WITHDRAWN},
        _C.APPROVED: {_C.PAID},
    },
)


class Claim(PublicId, Base):
    """`packet` is the proof as sealed at submission: facts from the campaign's rows; `packet_sha256` its fingerprint."""

    __tablename__ = "claim"
    __table_args__ = (
        UniqueConstraint("vendor_id", "number"),
        # an invoice is used once; a claim that was rejected or taken back frees it for the mended one
        Index(
            "uq_claim_live_invoice",
            "partner_id",
            "invoice_number",
            unique=True,
            sqlite_where=text("status NOT IN ('rejected', 'withdrawn')"),
            postgresql_where=text("status NOT IN ('rejected', 'withdrawn')"),
        ),
    )
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id", "partner": "partner_id"}

    number: Mapped[str] = mapped_column(String(20))  # CL-2026-0091
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("mdf_request.id"), index=True)
    status: Mapped[ClaimStatus] = mapped_column(StrEnumType(ClaimStatus), default=ClaimStatus.DRAFT)
    currency: Mapped[str] = mapped_column(String(3))
    supplier: Mapped[str] = mapped_column(String(120), default="")
    invoice_number: Mapped[str] = mapped_column(String(60))
    invoice_on: Mapped[date] = mapped_column(Date)
    invoice_minor: Mapped[int] = mapped_column(BigInt)
    invoice_asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    amount_minor: Mapped[int] = mapped_column(BigInt)
    approved_minor: Mapped[int | None] = mapped_column(BigInt)
    packet: Mapped[dict[str, Any]] = mapped_column(JSONType, default=dict)
    packet_sha256: Mapped[str] = mapped_column(String(64), default="")
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    answer_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(Text)
    paid_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    payment_reference: Mapped[str | None] = mapped_column(String(80))


class MdfNote(PublicId, Base):
    """A question, an answer or a reason that stays with a request or a claim: append-only, read by both sides."""

    __tablename__ = "mdf_note"
    __table_args__ = (Index("ix_mdf_note_request", "request_id", "claim_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id", "partner": "partner_id"}

    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("mdf_request.id"))
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))  # who wrote it
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class MdfNumber(Base):
    """The last number given out, per vendor, kind (MDF, CL) and year."""

    __tablename__ = "mdf_number"

    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column()


class AccountKind(StrEnum):
    """Where a fund's money stands; `source` is the vendor's own budget and may go below zero."""

    SOURCE = "source"
    AVAILABLE = "available"
    RESERVED = "reserved"
    CLAIMED = "claimed"
    PAYABLE = "payable"
    PAID = "paid"
    EXPIRED = "expired"


class LedgerAccount(PublicId, Base):
    """`balance_minor` is locked and moved with each transfer; it always equals the sum of its transfers. `partner_id` 0: the fund's own."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("fund_id", "partner_id", "kind"),
        CheckConstraint("kind = 'source' OR balance_minor >= 0", name="not_overdrawn"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id", "partner": "partner_id"}

    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    partner_id: Mapped[int] = mapped_column(default=0, index=True)
    kind: Mapped[AccountKind] = mapped_column(StrEnumType(AccountKind))
    currency: Mapped[str] = mapped_column(String(3))
    balance_minor: Mapped[int] = mapped_column(BigInt, default=0)


class Transfer(PublicId, Base):
    """Append-only: `amount_minor` leaves the credit account and enters the debit account, because of one transition of one subject."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="positive"),
        CheckConstraint("debit_id <> credit_id", name="two_accounts"),
        Index("ix_transfer_subject", "subject_kind", "subject_id"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "vendor_id"}

    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"), index=True)
    partner_id: Mapped[int] = mapped_column(default=0)
    debit_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"))
    credit_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"))
    amount_minor: Mapped[int] = mapped_column(BigInt)
    currency: Mapped[str] = mapped_column(String(3))
    transition: Mapped[str] = mapped_column(String(40))
    subject_kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int] = mapped_column(BigInt)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    why: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
