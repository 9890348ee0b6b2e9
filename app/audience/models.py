"""The partner's people: contacts, lists, how each agreed, and everyone who said no.

Contacts belong to the partner alone; a vendor's query on them fails by construction.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Date, ForeignKey, Index, PrimaryKeyConstraint, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import now
from app.db import Base, BigInt, Id, JSONType, PublicId, StrEnumType, UtcDateTime
from app.states import Transitions


class Contact(PublicId, Base):
    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("partner_id", "email"),
        Index(None, "partner_id", "id"),  # to walk a partner’s contacts
        # what segments ask most, answered by the index alone
        Index(
            "ix_contact_language_region",
            "partner_id",
            "language",
            "region",
            sqlite_where=text("erased_at IS NULL"),
            postgresql_where=text("erased_at IS NULL"),
        ),
    )
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    email: Mapped[str] = mapped_column(String(254))  # normalised, lower case
    # keyed hash, joins suppressions; in no index, for nobody looks a contact up by it
    address_hash: Mapped[str] = mapped_column(String(43))
    first_name: Mapped[str] = mapped_column(String(80), default="")
    last_name: Mapped[str] = mapped_column(String(80), default="")
    company: Mapped[str] = mapped_column(String(160), default="")
    job_title: Mapped[str] = mapped_column(String(120), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(10), default="")
    region: Mapped[str] = mapped_column(String(80), default="")
    country: Mapped[str] = mapped_column(String(2), default="", server_default="")  # ISO 3166, two letters
    time_zone: Mapped[str] = mapped_column(String(64), default="", server_default="")  # an IANA name
    fields: Mapped[dict[str, Any]] = mapped_column(JSONType, default=dict)
    # the import that touched it last: how a second row for the same address in one file is told from an update
    import_id: Mapped[int | None] = mapped_column(ForeignKey("contact_import.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    erased_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # fields are gone; the hash stays so that old links can still say no


class FieldKind(StrEnum):
    """What a partner's own field holds, and how `Contact.fields` keeps it."""

    TEXT = "text"  # a string
    NUMBER = "number"  # a JSON number
    DATE = "date"  # "2026-05-19"
    YES_NO = "yes_no"  # true or false
    CHOICE = "choice"  # one of `choices`


class ContactField(PublicId, Base):
    """A field of the partner's own. `name` is its key in `Contact.fields`; two names differ by more than capitals."""

    __tablename__ = "contact_field"
    __table_args__ = (UniqueConstraint("partner_id", "folded"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(80))
    folded: Mapped[str] = mapped_column(String(160))  # the name as casefold() has it
    kind: Mapped[FieldKind] = mapped_column(StrEnumType(FieldKind), default=FieldKind.TEXT)
    choices: Mapped[list[str]] = mapped_column(JSONType, default=list)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ContactList(PublicId, Base):
    __tablename__ = "contact_list"
    __table_args__ = (UniqueConstraint("partner_id", "name"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ListMember(Base):
    __tablename__ = "list_member"
    __table_args__ = (PrimaryKeyConstraint("list_id", "contact_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    list_id: Mapped[int] = mapped_column(ForeignKey("contact_list.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))


class ConsentPurpose(StrEnum):
    MARKETING = "marketing"
    TRACKING = "tracking"  # apart: individual opens and clicks need a yes of their own


class ConsentBasis(StrEnum):
    EXPRESS = "express"
    CUSTOMER = "customer"  # implied, two years from the last order (CASL)
    INQUIRY = "inquiry"  # implied, six months from the question (CASL)


class Consent(Id, Base):
    """One yes, as it can be proved: who, when, for what, in which words, to whom. Withdrawal is a date on it."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_contact_purpose", "contact_id", "purpose"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    purpose: Mapped[ConsentPurpose] = mapped_column(StrEnumType(ConsentPurpose))
    basis: Mapped[ConsentBasis] = mapped_column(StrEnumType(ConsentBasis))
    source: Mapped[str] = mapped_column(String(200))  # "Maritime IT Day", "form on your page"
    wording: Mapped[str] = mapped_column(Text, default="")
    wording_version: Mapped[str] = mapped_column(String(40), default="")
    controller: Mapped[str] = mapped_column(String(160))
    method: Mapped[str] = mapped_column(String(40))  # import, form, by hand
    given_on: Mapped[date] = mapped_column(Date)
    expires_on: Mapped[date | None] = mapped_column(Date)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("contact_import.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class SuppressionScope(StrEnum):
    PARTNER = "partner"
    VENDOR = "vendor"
    PLATFORM = "platform"


class SuppressionReason(StrEnum):
    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    MANUAL = "manual"


class Suppression(PublicId, Base):
    """A "no", kept as a keyed hash so that it outlives the contact. `organisation_id` is 0 for the platform's own."""

    __tablename__ = "suppression"
    __table_args__ = (
        UniqueConstraint("address_hash", "scope", "organisation_id"),
        Index(None, "reason", "at"),  # the bounces and complaints of the last hours
    )

    scope: Mapped[SuppressionScope] = mapped_column(StrEnumType(SuppressionScope))
    organisation_id: Mapped[int] = mapped_column(default=0, index=True)
    address_hash: Mapped[str] = mapped_column(String(43))
    reason: Mapped[SuppressionReason] = mapped_column(StrEnumType(SuppressionReason))
    delivery_id: Mapped[int | None] = mapped_column()
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Topic(PublicId, Base):
    """What a partner writes about, as people choose it in their preferences. A retired one is offered no more."""

    __tablename__ = "topic"
    __table_args__ = (UniqueConstraint("partner_id", "name"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(200), default="")  # what comes, and about how often
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Preference(Base):
    """What a person chose about all mails of one partner. Under the keyed hash, so that no import forgets it."""

    __tablename__ = "preference"
    __table_args__ = (PrimaryKeyConstraint("partner_id", "address_hash"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    address_hash: Mapped[str] = mapped_column(String(43))
    a_month: Mapped[int | None] = mapped_column()  # mails in 30 days at most; None: as the partner sends them
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivery_id: Mapped[int | None] = mapped_column(BigInt)  # the mail whose link was used last
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class TopicOff(Base):
    """A person wants nothing more about this topic."""

    __tablename__ = "topic_off"
    __table_args__ = (PrimaryKeyConstraint("partner_id", "address_hash", "topic_id"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    address_hash: Mapped[str] = mapped_column(String(43))
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class MailRules(Base):
    """How a partner mails: how often at most, and whether a yes on a form must be confirmed by mail. Without a row the defaults hold."""

    __tablename__ = "mail_rules"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id"), primary_key=True, autoincrement=False
    )
    a_week: Mapped[int] = mapped_column(default=3)
    double_opt_in: Mapped[bool] = mapped_column(default=False)


class OptIn(PublicId, Base):
    """A yes on a form that waits for the press of a button in a mail. Confirmed, it becomes a consent with both moments."""

    __tablename__ = "opt_in"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    source: Mapped[str] = mapped_column(String(200))
    wording: Mapped[str] = mapped_column(Text)
    wording_version: Mapped[str] = mapped_column(String(40))
    controller: Mapped[str] = mapped_column(String(160))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ImportStatus(StrEnum):
    MAPPING = "mapping"  # uploaded; a person says which column is what and why they may be mailed
    WAITING = "waiting"
    IMPORTING = "importing"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


IMPORT = Transitions(
    "import",
    {
        ImportStatus.MAPPING: {ImportStatus.WAITING, ImportStatus.CANCELLED},
        ImportStatus.WAITING: {ImportStatus.IMPORTING, ImportStatus.CANCELLED},
        ImportStatus.IMPORTING: {ImportStatus.FINISHED, ImportStatus.FAILED, ImportStatus.CANCELLED},
    },
)


class ContactImport(PublicId, Base):
    """A file being brought in. `position` is the byte offset (of the file as UTF-8) up to which rows are committed.

    A killed import goes on there. Rows add up: added + updated + repeated + said_no + refused = read.
    """

    __tablename__ = "contact_import"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    list_id: Mapped[int | None] = mapped_column(ForeignKey("contact_list.id"))
    filename: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))  # in the store, as UTF-8 with plain line ends
    refused_key: Mapped[str | None] = mapped_column(
        String(200)
    )  # the folder of the refused rows in the store
    refused_parts: Mapped[int] = mapped_column(
        default=0
    )  # numbered files in it, one for each chunk that had some
    layout: Mapped[dict[str, Any]] = mapped_column(
        JSONType, default=dict
    )  # encoding, delimiter, header, size
    fingerprint: Mapped[str] = mapped_column(String(64), default="")  # SHA-256 of the file as it came
    status: Mapped[ImportStatus] = mapped_column(StrEnumType(ImportStatus), default=ImportStatus.MAPPING)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONType, default=dict)
    consent: Mapped[dict[str, Any]] = mapped_column(JSONType, default=dict)
    position: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(default=0)  # in the file
    read: Mapped[int] = mapped_column(default=0)
    line: Mapped[int] = mapped_column(default=1)  # the last line that is committed, as an editor counts
    added: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    repeated: Mapped[int] = mapped_column(default=0)
    said_no: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONType, default=list
    )  # line and reason, no field of a person
    reason: Mapped[str | None] = mapped_column(String(300))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    worker: Mapped[str | None] = mapped_column(String(22))  # who holds the lease
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    purged_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # when the file and the refused rows were deleted


class UploadStatus(StrEnum):
    WAITING = "waiting"
    READING = "reading"
    FINISHED = "finished"
    FAILED = "failed"
    TAKEN_BACK = "taken_back"


UPLOAD = Transitions(
    "suppression upload",
    {
        UploadStatus.WAITING: {UploadStatus.READING},
        UploadStatus.READING: {UploadStatus.FINISHED, UploadStatus.FAILED},
        UploadStatus.FINISHED: {UploadStatus.TAKEN_BACK},
        UploadStatus.FAILED: {UploadStatus.TAKEN_BACK},
    },
)


class SuppressionUpload(PublicId, Base):
    """A file of addresses that an organisation never mails, being hashed. The file itself goes when it has been read.

    `position` is the byte up to which lines are committed. All noes of one upload are dated `created_at`: that is how they are
    found again. read = added + known + refused.
    """

    __tablename__ = "suppression_upload"
    __tenant__: ClassVar[dict[str, str]] = {"vendor": "organisation_id", "partner": "organisation_id"}

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    scope: Mapped[SuppressionScope] = mapped_column(StrEnumType(SuppressionScope))
    name: Mapped[str] = mapped_column(String(120))  # the file's name, or "Typed in"
    key: Mapped[str | None] = mapped_column(String(200))  # in the store; None once it is gone
    status: Mapped[UploadStatus] = mapped_column(StrEnumType(UploadStatus), default=UploadStatus.WAITING)
    size: Mapped[int] = mapped_column(BigInt)  # in bytes
    position: Mapped[int] = mapped_column(BigInt, default=0)
    read: Mapped[int] = mapped_column(default=0)  # lines with something in them
    line: Mapped[int] = mapped_column(default=0)  # the last line read, counted from 1
    added: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)  # they had said no already, or stood there twice
    refused: Mapped[int] = mapped_column(default=0)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONType, default=list
    )  # the first refused lines: number and reason, nothing of what stood there
    reason: Mapped[str | None] = mapped_column(String(300))  # why it failed
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    worker: Mapped[str | None] = mapped_column(String(22))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Erasure(PublicId, Base):
    """The receipt of an erasure: what went from which place, how many, when and by whom. Nothing in it says who it was.

    `address_hash` is the keyed hash, so that a person who asks again can be told; `masked` is for people's eyes.
    """

    __tablename__ = "erasure"
    __table_args__ = (Index("ix_erasure_partner_hash", "partner_id", "address_hash"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str] = mapped_column(String(20), unique=True)  # ER-2026-0007-4F2A, for letters
    address_hash: Mapped[str] = mapped_column(String(43))
    masked: Mapped[str] = mapped_column(String(20))
    places: Mapped[list[dict[str, Any]]] = mapped_column(JSONType)  # place, deed, rows
    told: Mapped[list[str]] = mapped_column(JSONType, default=list)  # vendors with whom leads had been shared
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Segment(PublicId, Base):
    """Contacts that are meant by rules instead of by name. Who that is is worked out anew whenever it is used."""

    __tablename__ = "segment"
    __table_args__ = (UniqueConstraint("partner_id", "name"),)
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(120))
    rules: Mapped[dict[str, Any]] = mapped_column(JSONType)  # see rules.py
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Deed(StrEnum):
    """What happened between a campaign and a contact. Opens and clicks are known only of people who agreed to tracking."""

    SENT = "sent"
    OPENED = "opened"
    CLICKED = "clicked"
    SUBMITTED = "submitted"
    BOUGHT = "bought"


ANY_CAMPAIGN = 0


class Engagement(Base):
    """How often, and when last, a contact got, clicked, opened, filled in or bought something: derived, and may be rebuilt.

    One row for each campaign, and one with `campaign_id` 0 for all of them and for what belongs to none.
    """

    __tablename__ = "engagement"
    __table_args__ = (
        PrimaryKeyConstraint("contact_id", "deed", "campaign_id"),
        Index("ix_engagement_deed", "partner_id", "deed", "campaign_id", "last_at", "contact_id"),
    )
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    deed: Mapped[Deed] = mapped_column(StrEnumType(Deed))
    campaign_id: Mapped[int] = mapped_column(BigInt)
    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    times: Mapped[int] = mapped_column()
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EngagementDue(Id, Base):
    """A contact of whom something became known: their engagement is worked out anew. Written with the fact itself."""

    __tablename__ = "engagement_due"
    __tenant__: ClassVar[dict[str, str]] = {"partner": "partner_id"}

    partner_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))


class EngagementTurn(Base):
    """When a send's messages were last counted into the engagement of their people. Sends are big: they are looked at whole."""

    __tablename__ = "engagement_turn"

    send_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)  # of the last turn that came to its end
    cursor: Mapped[int] = mapped_column(BigInt, default=0)  # the message up to which the present turn is
