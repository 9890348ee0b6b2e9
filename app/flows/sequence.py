"""A campaign's later steps: who of those that got the first mail gets the next one, and for everybody else the one reason why not.

The step's rows, the forecast on the page and the account of who was left out all come from the same SQL, so they can't disagree.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import aliased

from app.audience.mailable import holds
from app.audience.models import ConsentPurpose, Contact
from app.audience.suppress import is_suppressed
from app.campaigns.models import Campaign
from app.db import BigInt, db
from app.delivery import expand
from app.delivery.ended import has_ended
from app.delivery.models import Delivery, DeliveryState, EndReason, Rendering, Send
from app.kits.pieces import StepAct
from app.tracking.models import EventKind, TrackedEvent

WINDOW = 2_000  # people of the first step that one transaction judges

_KINDS = {StepAct.CLICKED: EventKind.CLICK, StepAct.OPENED: EventKind.OPEN}


class Why(StrEnum):
    """Why someone who was to get the first mail does not get a later one, in the order of precedence."""

    NOT_REACHED = "not_reached"
    UNCERTAIN = "uncertain"
    SUBMITTED = "submitted"
    SAID_NO = "said_no"
    NO_CONSENT = "no_consent"
    CLICKED = "clicked"
    OPENED = "opened"
    DID_NOTHING = "did_nothing"

    @property
    def label(self) -> str:
        """The reason in words, as the end of “… people”."""
        return _WORDS[self]


_WORDS = {
    Why.NOT_REACHED: "did not get the first mail",
    Why.UNCERTAIN: "may not have got the first mail",
    Why.SUBMITTED: "left their details",
    Why.SAID_NO: "said no, or are no longer on record",
    Why.NO_CONSENT: "have no consent on record any more",
    Why.CLICKED: "clicked",
    Why.OPENED: "opened it",
    Why.DID_NOTHING: "are not known to have done what this step asks for",
}
_GETS = "gets"

First = aliased(Delivery)


def first_send(campaign_id: int) -> Select[int]:
    """The id of a campaign's first send: the one that everybody in it was to get."""
    return select(Send.id).where(Send.campaign_id == campaign_id, Send.step == 1)  # unscoped: of one campaign


def _verdict(send: Any) -> ColumnElement[str]:
    """What a step does with a person of the first one (rows of First and Contact): gets it, or the reason why not."""
    campaign_id = send.campaign_id
    gone = or_(
        Contact.erased_at.is_not(None),
        has_ended(campaign_id, Contact.id, EndReason.UNSUBSCRIBED),
        is_suppressed(Contact.address_hash, send.partner_id, send.vendor_id),
    )
    rules: list[tuple[ColumnElement[bool], Why]] = [
        (First.state == DeliveryState.UNCERTAIN, Why.UNCERTAIN),
        (First.state != DeliveryState.ACCEPTED, Why.NOT_REACHED),
        (has_ended(campaign_id, Contact.id, EndReason.SUBMITTED), Why.SUBMITTED),
        (gone, Why.SAID_NO),
        (~holds(ConsentPurpose.MARKETING), Why.NO_CONSENT),
    ]
    # A form ends the sequence by itself, so "unless submitted" needs no rule of its own.
    rules += [(_did(campaign_id, act), Why(act)) for act in _acts(send.unless)]
    if send.only:
        rules.append((~or_(*(_did(campaign_id, act) for act in _acts(send.only))), Why.DID_NOTHING))
    return case(*((condition, literal(str(why))) for condition, why in rules), else_=literal(_GETS))


def _acts(words: list[str]) -> list[StepAct]:
    return [StepAct(word) for word in words if StepAct(word) in _KINDS]


def _did(campaign_id: int, act: StepAct) -> ColumnElement[bool]:
    """Whether Contact is known to have done it with any mail of the campaign; of machines nothing counts."""
    people = select(TrackedEvent.contact_id).where(  # unscoped: of one campaign
        TrackedEvent.campaign_id == campaign_id,
        TrackedEvent.kind == _KINDS[act],
        TrackedEvent.is_machine.is_(False),
        TrackedEvent.contact_id.is_not(None),
    )
    return Contact.id.in_(people)


def _people(send: Any, *columns: Any) -> Select[Any]:
    return (
        select(*columns)  # unscoped: bound to the send's own campaign
        .select_from(First)
        .join(Contact, Contact.id == First.contact_id)
        .where(First.send_id == first_send(send.campaign_id).scalar_subquery())
    )


def walk(connection: Connection, send: Row[Any], chunk: int) -> bool:
    """Judge the next people of the first step, each once: a row, or one more under the reason why not. True when nobody was left.

    The cursor is the id of their message of the first step; a chunk is written whole or not at all.
    """
    window = (
        select(First.id)  # unscoped: the send's own campaign
        .where(First.send_id == first_send(send.campaign_id).scalar_subquery(), First.id > send.cursor)
        .order_by(First.id)
        .limit(min(chunk, WINDOW))
        .subquery()
    )
    last = connection.execute(select(func.max(window.c.id))).scalar_one()
    if last is None:
        return True
    here = (First.id > send.cursor, First.id <= last)
    judged = _people(send, Contact.id.label("contact_id"), _verdict(send).label("verdict")).where(*here)
    found: dict[int, str] = {row.contact_id: row.verdict for row in connection.execute(judged)}
    inserted = _write(connection, send, [person for person, verdict in found.items() if verdict == _GETS])
    left_out = dict(send.left_out)
    for verdict in found.values():
        if verdict != _GETS:
            left_out[verdict] = left_out.get(verdict, 0) + 1
    values = {"cursor": last, "expanded": Send.expanded + inserted, "left_out": left_out}
    connection.execute(update(Send).where(Send.id == send.id).values(**values))
    return False


def _write(connection: Connection, send: Row[Any], contact_ids: list[int]) -> int:
    if not contact_ids:
        return 0
    rendering = select(Rendering.id).where(Rendering.send_id == send.id)  # unscoped: the send's own
    people = (
        select(  # unscoped: people of the send's own campaign
            Contact.id.label("contact_id"),
            holds(ConsentPurpose.TRACKING).label("tracked"),
            rendering.scalar_subquery().label("rendering_id"),
            cast(null(), BigInt).label("variant_id"),
            *expand.due_later(connection, send),
        )
        .where(Contact.id.in_(contact_ids))
        .subquery()
    )
    return expand.insert(connection, send, people, true())


def walker(send_id: int) -> Callable[[Connection, Row[Any], int], bool] | None:
    """How the people of this send are found: None for a first step, whose people are those of the list."""
    step = db.session.scalar(select(Send.step).where(Send.id == send_id))  # unscoped: the job's own send
    return walk if step is not None and step > 1 else None


def forecast(send: Send) -> int:
    """How many people would get this step if it were due now; before the first step has been written, as many as that expects."""
    first = db.session.scalars(
        select(Send).where(Send.id == first_send(send.campaign_id).scalar_subquery())  # unscoped: as above
    ).one()
    if first.started_at is None:
        return first.expected
    judged = _people(send, _verdict(send).label("verdict")).subquery()
    query = select(func.count()).where(judged.c.verdict == _GETS)
    return db.session.scalar(query) or 0


def sends(campaign: Campaign) -> list[Send]:
    """A campaign's sends in the order of its steps."""
    query = select(Send).where(Send.campaign_id == campaign.id)  # unscoped: of this very campaign
    return list(db.session.scalars(query.order_by(Send.step, Send.id)))
