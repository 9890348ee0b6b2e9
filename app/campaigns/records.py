"""What is made of a campaign beside its sends: tests that a person asks for, the addresses that get every mail, and the box as a zip.

None of the mails is a delivery: nobody is counted, tracked or unsubscribed as a contact by them.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.campaigns.review_models import ReviewComment, ReviewRound, ReviewTerms
from app.clock import now
from app.db import Base, JSONType, PublicId, StrEnumType, UtcDateTime

__all__ = ["ReviewComment", "ReviewRound", "ReviewTerms", "Seed", "TrialMail"]


class TrialMail(PublicId, Base):
    """One test of one of a campaign's emails to one address. `links` says where number N leads (a landing page: nowhere yet)."""

    __tablename__ = "trial_mail"
    __table_args__ = (Index("ix_trial_mail_campaign", "campaign_id", "created_at"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # who asked for it
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("outgoing_mail.id"))
    email: Mapped[str] = mapped_column(String(80))  # which email of the kit
    version: Mapped[str] = mapped_column(String(8), default="")  # A, B, … of a test
    recipient: Mapped[str] = mapped_column(String(254))
    links: Mapped[dict[str, str]] = mapped_column(JSONType, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Seed(PublicId, Base):
    """An address that gets a copy of every send, once whoever reads it has said yes. `stopped_at`: they have said no."""

    __tablename__ = "seed"
    __table_args__ = (UniqueConstraint("organisation_id", "address_hash"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "organisation_id", "vendor": "organisation_id"}

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(80), default="")
    address: Mapped[str] = mapped_column(String(254))
    address_hash: Mapped[str] = mapped_column(String(43))
    asked_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BoxState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class CampaignBox(PublicId, Base):
    """The whole co-branded box of a campaign as a zip in the store, made by a job. It holds while `fingerprint` is that of its pieces.

    `done` of `total` files are in it.
    """

    __tablename__ = "campaign_box"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), unique=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[BoxState] = mapped_column(StrEnumType(BoxState), default=BoxState.WAITING, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    key: Mapped[str | None] = mapped_column(String(200))  # its place in the store
    size: Mapped[int | None] = mapped_column()  # bytes
    failure: Mapped[str] = mapped_column(String(300), default="")  # for people
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    rung_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
