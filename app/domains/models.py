"""A partner's own sender domain and the keys its mail is signed with.

What was found in the DNS is kept as it was explained, so that a page never asks the DNS.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, Id, JSONType, PublicId, StrEnumType, UtcDateTime
from app.states import Transitions


class DomainStatus(StrEnum):
    PENDING = "pending"  # its records were never all seen
    VERIFIED = "verified"
    FAILING = "failing"  # a record went missing; it is used until the grace is over
    LAPSED = "lapsed"  # and stayed away: campaigns go out from the platform's domain


DOMAIN = Transitions(
    "sender domain",
    {
        DomainStatus.PENDING: {DomainStatus.VERIFIED},
        DomainStatus.VERIFIED: {DomainStatus.FAILING},
        DomainStatus.FAILING: {DomainStatus.VERIFIED, DomainStatus.LAPSED},
        DomainStatus.LAPSED: {DomainStatus.VERIFIED},
    },
)
USABLE = (DomainStatus.VERIFIED, DomainStatus.FAILING)


class SenderDomain(PublicId, Base):
    """The domain a partner's campaigns come from; one a partner. `held_name` is unique: only one organisation can hold a verified domain."""

    __tablename__ = "sender_domain"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), unique=True)
    name: Mapped[str] = mapped_column(String(253))  # in ASCII, as the DNS has it
    local_part: Mapped[str] = mapped_column(String(64))
    token: Mapped[str] = mapped_column(String(43))  # what the ownership record must hold
    status: Mapped[DomainStatus] = mapped_column(StrEnumType(DomainStatus), default=DomainStatus.PENDING)
    held_name: Mapped[str | None] = mapped_column(String(253), unique=True)  # its name while it is usable
    has_return_path: Mapped[bool] = mapped_column(default=False)
    findings: Mapped[dict[str, dict[str, str]]] = mapped_column(JSONType, default=dict)  # by record
    made_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_check_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when its key was last seen in the DNS
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DkimKey(Id, Base):
    """A key of a sender domain. `sealed` is the private key, encrypted (see `keys`); it is emptied when the key is retired."""

    __tablename__ = "dkim_key"
    __table_args__ = (UniqueConstraint("domain_id", "selector"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    domain_id: Mapped[int] = mapped_column(ForeignKey("sender_domain.id", ondelete="CASCADE"))
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    selector: Mapped[str] = mapped_column(String(63))
    public: Mapped[str] = mapped_column(Text)  # the public key as p= has it
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    in_use_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: waits until its record is seen
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
