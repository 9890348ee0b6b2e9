"""Messages as people look at them: by state, page by page, with the reason and the next step of each that went wrong.

All of it names contacts, so it is for the partner alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func

from app import tokens
from app.accounts.models import Organisation
from app.audience.models import Contact
from app.campaigns.models import Campaign
from app.db import db, scoped
from app.delivery.control import resend_from
from app.delivery.models import MESSAGE_PAGE, Delivery, DeliveryState, Rendering, in_campaign
from app.delivery.records import BOUNCES, Came, ReturnedMail
from app.delivery.returned import queries as returned
from app.delivery.returned.evidence import LABELS, reason_of
from app.errors import NotFound
from app.web.paging import Page, offset_of

PAGE = 50
_S = DeliveryState


@dataclass(frozen=True)
class Group:
    """A tab of the list of messages: its name in an address, its label, the states in it."""

    key: str
    label: str
    states: tuple[DeliveryState, ...]
    came: tuple[Came, ...] = ()  # instead of states: what came in about them later


GROUPS = (
    Group("accepted", "Accepted", (_S.ACCEPTED,)),
    Group("refused", "Refused", (_S.REJECTED, _S.FAILED)),
    Group("uncertain", "Uncertain", (_S.UNCERTAIN,)),
    Group("waiting", "Still to go", (_S.READY, _S.CLAIMED, _S.COMMITTING, _S.HELD)),
    Group("came-back", "Came back", (), BOUNCES),
    Group("complained", "Complained", (), (Came.COMPLAINT,)),
    Group("left-out", "Left out", (_S.SUPPRESSED, _S.CANCELLED)),
)


@dataclass(frozen=True)
class Message:
    """One message, the person it is for and what became of it."""

    delivery: Delivery
    name: str
    email: str
    company: str
    subject: str
    told: ReturnedMail | None = None  # what came in about it later

    @property
    def at(self) -> datetime | None:
        """When it was decided, or at least begun."""
        return self.delivery.decided_at or self.delivery.committed_at

    @property
    def came_back(self) -> str:
        """What came in about it later, in words; empty where nothing did."""
        if self.told is None:
            return ""
        return reason_of(self.told.cause) or LABELS[self.told.kind]

    @property
    def resend_from(self) -> datetime:
        """From when on a person may send it again."""
        return resend_from(self.delivery)

    @property
    def next_step(self) -> str:
        """What can be done about a message that did not go through."""
        return next_step(self.delivery.state, self.delivery.reason or "", self.delivery.reply or "")


def next_step(state: DeliveryState, reason: str, reply: str) -> str:
    """The next step for a message in this state, read from the server's words (enhanced status codes of RFC 3463)."""
    if state is DeliveryState.FAILED:
        return "Nothing more is tried. Ask them for another address, or reach them by phone."
    if state is not DeliveryState.REJECTED:
        return ""
    words = reply.split(" ")
    status = words[1] if len(words) > 1 else ""
    if status.startswith(("5.1.1", "5.1.2", "5.1.3", "5.1.10")):
        return "The address doesn’t exist. Correct it in your contacts."
    if status.startswith("5.2.2"):
        return "The mailbox is full. Reach them another way."
    if status.startswith("5.7"):
        return "Their server refuses by policy. Reach them another way."
    if status.startswith(("5.3", "5.6")) or "the message" in reason:
        return "Their server won’t take this mail. Reach them another way."
    return "Check the address in your contacts."


def group_of(key: str) -> Group | None:
    """The group an address asks for; None for all messages."""
    return next((group for group in GROUPS if group.key == key), None)


def messages(partner: Organisation, campaign: Campaign, group: Group | None, number: int) -> Page[Message]:
    """One page of a campaign's messages, the latest first."""
    condition = _of(campaign, group)
    total = (
        db.session.scalar(
            scoped(partner, Delivery).where(condition).with_only_columns(func.count(Delivery.id))
        )
        or 0
    )
    offset = offset_of(number, PAGE, total)
    query = _rows(partner, condition).order_by(Delivery.id.desc()).offset(offset).limit(PAGE)
    found = [_message(row) for row in db.session.execute(query)]
    told = returned.of_deliveries(partner, [message.delivery.id for message in found])
    shown = [replace(message, told=told.get(message.delivery.id)) for message in found]
    return Page(shown, offset, PAGE, total)


def all_messages(partner: Organisation, campaign: Campaign, group: Group | None) -> Iterator[Message]:
    """Every message, in the order of their rows, read in chunks."""
    query = _rows(partner, _of(campaign, group)).order_by(Delivery.id).execution_options(yield_per=500)
    for row in db.session.execute(query):
        yield _message(row)


def uncertain(partner: Organisation, campaign: Campaign, limit: int | None = None) -> list[Message]:
    """The messages that may have arrived or not, the newest first."""
    query = _rows(partner, _of(campaign, group_of("uncertain"))).order_by(
        Delivery.committed_at.desc(), Delivery.id.desc()
    )
    return [_message(row) for row in db.session.execute(query.limit(limit))]


def message_for(partner: Organisation, campaign: Campaign, pid: str) -> Message:
    """One message of this campaign. Raises NotFound."""
    condition = (Delivery.id == tokens.read(MESSAGE_PAGE, pid)) & in_campaign(campaign.id)
    row = db.session.execute(_rows(partner, condition)).one_or_none()
    if row is None:
        raise NotFound(kind="Delivery")
    return _message(row)


@dataclass(frozen=True)
class Refusal:
    """One reason for which messages were refused or given up, and how many."""

    reason: str
    people: int
    next_step: str


def refusals(partner: Organisation, campaign: Campaign) -> list[Refusal]:
    """Why messages were refused, the commonest reason first."""
    query = (
        scoped(partner, Delivery)
        .where(_of(campaign, group_of("refused")))
        .with_only_columns(Delivery.state, Delivery.reason, func.min(Delivery.reply), func.count(Delivery.id))
        .group_by(Delivery.state, Delivery.reason, func.substr(Delivery.reply, 1, 9))
    )
    found = [
        Refusal(row[1] or "Refused", row[3], next_step(row[0], row[1] or "", row[2] or ""))
        for row in db.session.execute(query)
    ]
    return sorted(found, key=lambda refusal: -refusal.people)


def _of(campaign: Campaign, group: Group | None) -> ColumnElement[bool]:
    mine = in_campaign(campaign.id)
    if group and group.came:
        return returned.came_back(campaign, group.came)
    return mine & Delivery.state.in_(group.states) if group else mine


def _rows(partner: Organisation, condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        scoped(partner, Delivery)
        .add_columns(Contact.first_name, Contact.last_name, Contact.email, Contact.company, Rendering.subject)
        .join(Contact, Contact.id == Delivery.contact_id)
        .join(Rendering, Rendering.id == Delivery.rendering_id)
        .where(condition)
    )


def _message(row: Row[*tuple[Any, ...]]) -> Message:
    delivery, first, last, email, company, subject = row
    name = " ".join(part for part in (first, last) if part)
    return Message(delivery, name or email, email, company, subject)
