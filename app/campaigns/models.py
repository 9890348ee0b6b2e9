"""A partner's use of a kit version: its words, its people, its time."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import DateTime, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, Id, JSONType, PublicId, StrEnumType, UtcDateTime
from app.states import Transitions


class CampaignStatus(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    LAUNCHING = "launching"
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


_S = CampaignStatus
CAMPAIGN = Transitions(
    "campaign",
    {
        _S.DRAFT: {_S.IN_REVIEW, _S.APPROVED, _S.CANCELLED},
        _S.IN_REVIEW: {_S.DRAFT, _S.CHANGES_REQUESTED, _S.APPROVED, _S.CANCELLED},
        _S.CHANGES_REQUESTED: {_S.IN_REVIEW, _S.CANCELLED},
        # the vendor takes its yes back
        _S.APPROVED: {_S.DRAFT, _S.CHANGES_REQUESTED, _S.SCHEDULED, _S.LAUNCHING, _S.CANCELLED},
        _S.SCHEDULED: {_S.APPROVED, _S.LAUNCHING, _S.CANCELLED},
        _S.LAUNCHING: {_S.SENDING, _S.PAUSED, _S.FINISHED, _S.CANCELLED},
        _S.SENDING: {_S.PAUSED, _S.FINISHED, _S.CANCELLED},
        _S.PAUSED: {_S.SENDING, _S.FINISHED, _S.CANCELLED},
        # a person sends an uncertain message again
        _S.FINISHED: {_S.SENDING},
    },
)


class Clock(StrEnum):
    """Whose clock shows the planned time."""

    CAMPAIGN = "campaign"  # one moment for everybody: that of the campaign's zone
    PERSON = "person"  # in each person's own zone; where none is known, the campaign's


class Campaign(PublicId, Base):
    """`slot_values` holds only what the partner changed; the kit's defaults stay in the kit."""

    __tablename__ = "campaign"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    kit_version_id: Mapped[int] = mapped_column(ForeignKey("kit_version.id"), index=True)
    brand_id: Mapped[int | None] = mapped_column(ForeignKey("brand_profile.id"))
    name: Mapped[str] = mapped_column(String(120))
    status: Mapped[CampaignStatus] = mapped_column(
        StrEnumType(CampaignStatus), default=CampaignStatus.DRAFT, index=True
    )
    slot_values: Mapped[dict[str, Any]] = mapped_column(JSONType, default=dict)
    # whom it goes to: a list, or a segment, never both
    list_id: Mapped[int | None] = mapped_column(ForeignKey("contact_list.id"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id"))
    topic_id: Mapped[int | None] = mapped_column(
        ForeignKey("topic.id")
    )  # what it is about; None: nothing in particular
    timezone: Mapped[str] = mapped_column(String(64))
    scheduled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: at once when launched
    clock: Mapped[Clock] = mapped_column(
        StrEnumType(Clock), default=Clock.CAMPAIGN, server_default="campaign"
    )
    planned_for: Mapped[datetime | None] = mapped_column(DateTime)  # what the clock on the wall shows then
    # the hours in which it may go out (see campaigns/window.py); None: any
    send_window: Mapped[dict[str, Any] | None] = mapped_column(JSONType)
    # when it was to go out while nothing ran; a person is asked
    missed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    launch_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    launch_again: Mapped[datetime | None] = mapped_column(UtcDateTime)  # not tried again before
    shares_leads: Mapped[bool] = mapped_column(
        default=False
    )  # the partner agreed to share this campaign's leads
    paused_reason: Mapped[str | None] = mapped_column(String(200))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    launched_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    launched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SlotEdit(Id, Base):
    """One change of a campaign's words: `changes` has for each slot what `was` stored and what `is`; None is the kit's own words.

    What one person types into one field in one go is one row. `undone_at`: taken back by whoever made it, and may be done again.
    """

    __tablename__ = "slot_edit"
    __table_args__ = (Index("ix_slot_edit_campaign", "campaign_id", "id"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    changes: Mapped[dict[str, dict[str, Any]]] = mapped_column(JSONType)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class UnsavedWords(Id, Base):
    """What a person typed and could not be saved, so that it is still there when the page is opened again.

    `typed` has for each slot what was typed (`raw`) and the mark of the words that stood there when they began (`seen`).
    """

    __tablename__ = "unsaved_words"
    __table_args__ = (UniqueConstraint("campaign_id", "person_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    typed: Mapped[dict[str, dict[str, str]]] = mapped_column(JSONType, default=dict)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
