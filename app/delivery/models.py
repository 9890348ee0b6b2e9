"""A send, its frozen renderings and links, and one delivery for each message to each contact.

The delivery row is the truth about a message; Redis only rings the bell. States are those of docs/delivery.md.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from app import tokens
from app.clock import now
from app.db import Base, BigInt, Id, JSONType, PublicId, StrEnumType, UtcDateTime
from app.states import Transitions

OUR_OWN_DEATH = "Our own machine stopped between sending and noting the answer"  # why a message is uncertain
MESSAGE_PAGE = "message page"  # the purpose of a delivery's token in our own pages


class SendStatus(StrEnum):
    WAITING = "waiting"  # a later step of a sequence, frozen at launch, before its time
    EXPANDING = "expanding"
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


SEND = Transitions(
    "send",
    {
        SendStatus.WAITING: {SendStatus.EXPANDING, SendStatus.CANCELLED},
        SendStatus.EXPANDING: {SendStatus.SENDING, SendStatus.PAUSED, SendStatus.CANCELLED},
        SendStatus.SENDING: {SendStatus.PAUSED, SendStatus.FINISHED, SendStatus.CANCELLED},
        SendStatus.PAUSED: {SendStatus.SENDING, SendStatus.EXPANDING, SendStatus.CANCELLED},
        SendStatus.FINISHED: {SendStatus.SENDING},
    },
)


class Send(PublicId, Base):
    """One email of a campaign going out. It is expanded only when `expanded` equals `expected`."""

    __tablename__ = "send"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    experiment_id: Mapped[int | None] = mapped_column(ForeignKey("experiment.id"))
    email: Mapped[str] = mapped_column(String(80))  # which email of the kit
    step: Mapped[int] = mapped_column(default=1)  # of the campaign's sequence, counted from 1
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when a later step is due
    unless: Mapped[list[str]] = mapped_column(JSONType, default=list)  # what people must not have done
    only: Mapped[list[str]] = mapped_column(JSONType, default=list)  # what they must have done
    left_out: Mapped[dict[str, int]] = mapped_column(
        JSONType, default=dict
    )  # people by reason, counted when expanded
    status: Mapped[SendStatus] = mapped_column(
        StrEnumType(SendStatus), default=SendStatus.EXPANDING, index=True
    )
    list_id: Mapped[int | None] = mapped_column(ForeignKey("contact_list.id"))
    # instead of a list: the segment's rules, and the moment as of which they are meant, fixed at launch
    people: Mapped[dict[str, Any] | None] = mapped_column(JSONType)
    topic_id: Mapped[int | None] = mapped_column(BigInt)  # as it was at launch
    expected: Mapped[int] = mapped_column(default=0)
    expanded: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[int] = mapped_column(default=0)  # last contact id whose delivery is inserted
    paused_reason: Mapped[str | None] = mapped_column(String(200))
    trouble: Mapped[str | None] = mapped_column(
        String(200)
    )  # why nothing goes out just now, though it is not paused
    rung_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the sweeper last rang for it
    served_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when a worker last began a slice of it
    sender_domain: Mapped[str | None] = mapped_column(String(255))  # None: that of MAIL_FROM
    waits_until: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # nothing goes out before, `waits_for` says why
    waits_for: Mapped[str | None] = mapped_column(String(200))
    pace: Mapped[str | None] = mapped_column(String(200))  # which limit sets the speed just now
    # bad outcomes that a person has seen and gone on after: the automatic pause counts from there
    judged_from: Mapped[dict[str, int] | None] = mapped_column(JSONType)
    # whose time is when and within which hours, fixed at launch (delivery/timing.py); None: at once, any hour
    timing: Mapped[dict[str, Any] | None] = mapped_column(JSONType)
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # outside its hours until then
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Rendering(PublicId, Base):
    """A mail rendered once for a variant: the compiled segments, and what people look at later as proof."""

    __tablename__ = "rendering"
    __table_args__ = (UniqueConstraint("send_id", "variant_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    send_id: Mapped[int] = mapped_column(ForeignKey("send.id"))
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"))
    subject: Mapped[str] = mapped_column(String(255))
    html: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    segments: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Link(PublicId, Base):
    """Where number N in a send's mails leads. Redirects go only to stored rows."""

    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("send_id", "number"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id", "vendor": "vendor_id"}

    send_id: Mapped[int] = mapped_column(ForeignKey("send.id"))
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[int] = mapped_column()
    kind: Mapped[str] = mapped_column(String(10))  # landing | url
    url: Mapped[str] = mapped_column(Text)


class DeliveryState(StrEnum):
    HELD = "held"
    READY = "ready"
    CLAIMED = "claimed"
    COMMITTING = "committing"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    FAILED = "failed"


_D = DeliveryState
DELIVERY = Transitions(
    "delivery",
    {
        _D.HELD: {_D.READY, _D.SUPPRESSED, _D.CANCELLED},
        _D.READY: {_D.CLAIMED, _D.SUPPRESSED, _D.CANCELLED, _D.FAILED},
        _D.CLAIMED: {_D.COMMITTING, _D.READY, _D.SUPPRESSED, _D.CANCELLED, _D.FAILED},
        _D.COMMITTING: {_D.ACCEPTED, _D.REJECTED, _D.READY, _D.UNCERTAIN},
        _D.UNCERTAIN: {_D.ACCEPTED, _D.REJECTED, _D.READY},
    },
    attribute="state",
)


class Delivery(Id, Base):
    """One message to one contact. `epoch` goes up with each claim; a worker with an older epoch has lost the row.

    Three indexes and no more: each of a message's changes of state writes them all anew on PostgreSQL.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("contact_id", "send_id"),
        Index("ix_delivery_send_state", "send_id", "state", "id"),
        {"postgresql_with": {"fillfactor": "60"}},
    )
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    # No foreign keys: the database would look up six rows for each of a hundred thousand that an expansion writes, and lock two
    # of them. The expansion reads these very rows in the same statement, and a send or a contact is never deleted: who is erased
    # leaves the row behind (audience/erase.py). The others are copies of what stands in the send and its renderings.
    send_id: Mapped[int] = mapped_column(BigInt)
    contact_id: Mapped[int] = mapped_column(BigInt)
    campaign_id: Mapped[int] = mapped_column(BigInt)
    partner_id: Mapped[int] = mapped_column(BigInt)
    rendering_id: Mapped[int] = mapped_column(BigInt)
    variant_id: Mapped[int | None] = mapped_column(BigInt)
    tracked: Mapped[bool] = mapped_column(default=False)  # tracking consent when frozen
    state: Mapped[DeliveryState] = mapped_column(StrEnumType(DeliveryState), default=DeliveryState.READY)
    reason: Mapped[str | None] = mapped_column(String(80))
    reply: Mapped[str | None] = mapped_column(String(200))  # the server's last words, addresses taken out
    epoch: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)  # workers that died holding it before it was committed
    committed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def pid(self) -> str:
        """What stands for it in a URL: its id with a MAC, so that no random column and index of its own are needed."""
        return tokens.make(MESSAGE_PAGE, self.id)


def in_campaign(campaign_id: Any) -> ColumnElement[bool]:
    """Deliveries of a campaign, by its sends: that is how they are indexed."""
    return Delivery.send_id.in_(
        select(Send.id).where(Send.campaign_id == campaign_id)  # unscoped: by the caller's own campaign
    )


class EndReason(StrEnum):
    """Why a campaign's sequence is over for one contact."""

    SUBMITTED = "submitted"
    UNSUBSCRIBED = "unsubscribed"


class SequenceEnd(Base):
    """Nothing more of this campaign goes to this contact. Written with what ended it, and never taken back."""

    __tablename__ = "sequence_end"
    __table_args__ = (PrimaryKeyConstraint("campaign_id", "contact_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    reason: Mapped[EndReason] = mapped_column(StrEnumType(EndReason))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class LeftOut(Base):
    """One person of the audience who got no row when a campaign was launched, and the reason: kept, whatever becomes of it later.

    No foreign keys, as on Delivery and for the same reason.
    """

    __tablename__ = "left_out"
    __table_args__ = (
        PrimaryKeyConstraint("send_id", "contact_id"),
        Index("ix_left_out_send_reason", "send_id", "reason", "contact_id"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    send_id: Mapped[int] = mapped_column(BigInt)
    contact_id: Mapped[int] = mapped_column(BigInt, index=True)
    partner_id: Mapped[int] = mapped_column(BigInt)
    reason: Mapped[str] = mapped_column(String(32))  # a mailable.Reason as it was called then


class CollisionAnswer(Id, Base):
    """What a partner was told of how many of a campaign's people another partner is about to mail: said once, kept for a week.

    `about` is None for "fewer than ten". It holds the rounded answer alone, never the count (docs/decisions/0011).
    """

    __tablename__ = "collision_answer"
    __table_args__ = (Index("ix_collision_answer_partner_kit", "partner_id", "kit_id", "asked_at"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kit_id: Mapped[int] = mapped_column(ForeignKey("kit.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    audience: Mapped[str] = mapped_column(String(80))  # which list or segment, by its id
    about: Mapped[int | None] = mapped_column()
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class SendingWorker(Base):
    """A process that sends. Its heartbeat and lease say whether rows it holds can still be decided by it."""

    __tablename__ = "sending_worker"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    host: Mapped[str] = mapped_column(String(120))
    os_pid: Mapped[int] = mapped_column()
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    heartbeat_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONType, default=dict)


class Pulse(Base):
    """The last sign of life of a part of the system, from which it can tell for how long it was down."""

    __tablename__ = "pulse"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SendTally(Base):
    """A send's messages by state, counted by the beat, and the points from which its speed is told. The rows stay the truth."""

    __tablename__ = "send_tally"

    send_id: Mapped[int] = mapped_column(ForeignKey("send.id"), primary_key=True, autoincrement=False)
    counts: Mapped[dict[str, int]] = mapped_column(JSONType)
    points: Mapped[list[list[float]]] = mapped_column(JSONType, default=list)  # [seconds since 1970, decided]
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    took_ms: Mapped[int] = mapped_column(default=0)
    is_final: Mapped[bool] = mapped_column(default=False)  # counted after the send was finished
    upto: Mapped[int] = mapped_column(
        BigInt, default=0, server_default="0"
    )  # of the rows up to this id there are `rows`
    rows: Mapped[int] = mapped_column(default=0, server_default="0")


class WarmUp(Base):
    """A sender's domain that mailbox providers don't know yet: day by day it may send more (see delivery/warmup.py)."""

    __tablename__ = "warm_up"

    domain: Mapped[str] = mapped_column(String(255), primary_key=True)
    starts_on: Mapped[date] = mapped_column()
    plan: Mapped[list[int]] = mapped_column(JSONType)  # messages on the first, second, … day of sending
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WarmUpDay(Base):
    """What workers have taken of a day's volume. Days begin at midnight UTC."""

    __tablename__ = "warm_up_day"
    __table_args__ = (PrimaryKeyConstraint("domain", "day"),)

    domain: Mapped[str] = mapped_column(String(255))
    day: Mapped[date] = mapped_column()
    quota: Mapped[int] = mapped_column()
    taken: Mapped[int] = mapped_column(default=0)
