"""A test: its variants, fixed before the start, and who was assigned to which."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, PrimaryKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, JSONType, PublicId, StrEnumType, UtcDateTime
from app.states import Transitions


class ExperimentStatus(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"


EXPERIMENT = Transitions(
    "test",
    {
        ExperimentStatus.PLANNED: {ExperimentStatus.RUNNING, ExperimentStatus.ENDED},
        ExperimentStatus.RUNNING: {ExperimentStatus.ENDED},
    },
)


class Experiment(PublicId, Base):
    """What varies (`field`, such as subject), what counts (`metric`), and the time of the one final look, fixed at launch."""

    __tablename__ = "experiment"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(80))  # which email of the kit
    field: Mapped[str] = mapped_column(String(40), default="subject")
    metric: Mapped[str] = mapped_column(String(20), default="submission")
    status: Mapped[ExperimentStatus] = mapped_column(
        StrEnumType(ExperimentStatus), default=ExperimentStatus.PLANNED
    )
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Variant(PublicId, Base):
    __tablename__ = "variant"
    __table_args__ = (UniqueConstraint("experiment_id", "label"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    label: Mapped[str] = mapped_column(String(8))  # A is the control
    is_control: Mapped[bool] = mapped_column(default=False)
    weight: Mapped[int] = mapped_column(default=1)
    value: Mapped[dict[str, Any]] = mapped_column(JSONType, default=dict)  # {"subject": "…"}


class Assignment(Base):
    """Recorded before anything is sent, never changed."""

    __tablename__ = "assignment"
    __table_args__ = (PrimaryKeyConstraint("experiment_id", "contact_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    assigned_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
