"""A campaign's later steps: who of those that got the first mail gets the next one, and for everybody else the one reason why not.

Each person of the first step is judged once, by the same transaction that writes their row or counts them among those left out.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, cast, func, null, or_, select, true, union_all, update

from app.audience.mailable import holds, wished_not
from app.audience.models import ConsentPurpose, Contact
from app.audience.suppress import is_suppressed
from app.campaigns.models import Campaign
from app.db import BigInt, db
from app.delivery import expand
from app.delivery.models import Delivery, DeliveryState, EndReason, Rendering, Send, SequenceEnd
from app.kits.pieces import StepAct
from app.tracking.models import EventKind, TrackedEvent

WINDOW = 500  # people of the first step that one transaction judges: some 25 ms on SQLite

_KINDS = {StepAct.CLICKED: EventKind.CLICK, StepAct.OPENED: EventKind.OPEN}


class Why(StrEnum):
    """Why someone who was to get the first mail does not get a later one, in the order of precedence."""

    NOT_REACHED = "not_reached"
    UNCERTAIN = "uncertain"
    SUBMITTED = "submitted"
    SAID_NO = "said_no"
    NO_CONSENT = "no_consent"
    WISHED_NOT = "wished_not"
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
    Why.WISHED_NOT: "asked for a pause, left out this topic, or got enough mails",
    Why.CLICKED: "clicked",
    Why.OPENED: "opened it",
    Why.DID_NOTHING: "are not known to have done what this step asks for",
}
_GETS = "gets"


def first_send(campaign_id: int) -> Select[int]:
    """The id of a campaign's first send: the one that everybody in it was to get."""
    return select(Send.id).where(Send.campaign_id == campaign_id, Send.step == 1)  # unscoped: of one campaign


@dataclass(frozen=True)
class Known:
    """What is known of some people: who may be mailed, for whom it is over, and who did what."""

    present: frozenset[int]  # said no to nobody here, and are on record
    consenting: frozenset[int]
    wished_not: frozenset[int]
    ended: Mapping[int, EndReason]
    did: Mapping[StepAct, frozenset[int]]


def walk(connection: Connection, send: Row[Any], chunk: int) -> bool:
    """Judge the next people of the first step, each once: a row, or one more under the reason why not. True when nobody was left.

    The cursor is the id of their message of the first step; a chunk is written whole or not at all.
    """
    rows = connection.execute(_window(send, min(chunk, WINDOW))).all()
    if not rows:
        return True
    known = _known(connection, send, [row.contact_id for row in rows])
    verdicts = {row.contact_id: _verdict(send, known, row.contact_id, row.state) for row in rows}
    inserted = _write(connection, send, [person for person, why in verdicts.items() if why is None])
    left_out = Counter(send.left_out)
    left_out.update(str(why) for why in verdicts.values() if why is not None)
    values = {"cursor": rows[-1].id, "expanded": Send.expanded + inserted, "left_out": dict(left_out)}
    connection.execute(update(Send).where(Send.id == send.id).values(**values))
    return False


def _window(send: Row[Any], many: int) -> Select[Any]:
    """The next messages of the first step behind the cursor.

    Looked up state by state, each from its place in the index on: in order of their ids alone the whole send would be sorted each time.
    """
    first = first_send(send.campaign_id)
    found = [
        select(
            select(Delivery.id, Delivery.contact_id, Delivery.state)  # unscoped: of one campaign
            .where(
                Delivery.send_id == first.scalar_subquery(),
                Delivery.state == state,
                Delivery.id > send.cursor,
            )
            .order_by(Delivery.id)
            .limit(many)
            .subquery()
        )
        for state in DeliveryState
    ]
    rows = union_all(*found).subquery()
    return select(rows).order_by(rows.c.id).limit(many)


def _verdict(send: Any, known: Known, person: int, first: DeliveryState) -> Why | None:
    """None: this person gets the step. `first` is what became of their first mail."""
    if first is not DeliveryState.ACCEPTED:
        return Why.UNCERTAIN if first is DeliveryState.UNCERTAIN else Why.NOT_REACHED
    if person in known.ended:
        return Why.SUBMITTED if known.ended[person] is EndReason.SUBMITTED else Why.SAID_NO
    if person not in known.present:
        return Why.SAID_NO
    if person not in known.consenting:
        return Why.NO_CONSENT
    if person in known.wished_not:
        return Why.WISHED_NOT
    # A form ends the sequence by itself, so "unless submitted" needs no rule of its own.
    for act in _acts(send.unless):
        if person in known.did[act]:
            return Why(act)
    if send.only and not any(person in known.did[act] for act in _acts(send.only)):
        return Why.DID_NOTHING
    return None


def _acts(words: list[str]) -> list[StepAct]:
    return [StepAct(word) for word in words if StepAct(word) in _KINDS]


def _known(connection: Connection, send: Any, people: list[int]) -> Known:
    contacts = select(  # unscoped: people of the send's own campaign
        Contact.id,
        holds(ConsentPurpose.MARKETING).label("consents"),
        wished_not(send.partner_id, expand.mail_of_send(send)).label("wished_not"),
    ).where(
        Contact.id.in_(people),
        Contact.erased_at.is_(None),
        ~is_suppressed(Contact.address_hash, send.partner_id, send.vendor_id),
    )
    found = connection.execute(contacts).all()
    ends = select(SequenceEnd.contact_id, SequenceEnd.reason).where(  # unscoped: the send's own campaign
        SequenceEnd.campaign_id == send.campaign_id, SequenceEnd.contact_id.in_(people)
    )
    return Known(
        present=frozenset(row.id for row in found),
        consenting=frozenset(row.id for row in found if row.consents),
        wished_not=frozenset(row.id for row in found if row.wished_not),
        ended={row.contact_id: row.reason for row in connection.execute(ends)},
        did={
            act: frozenset(connection.execute(did(send.campaign_id, act, people)).scalars())
            for act in {*_acts(send.unless), *_acts(send.only)}
        },
    )


def did(campaign_id: int, act: StepAct, people: Sequence[int] | None = None) -> Select[int]:
    """The contacts, all or of these, known to have done it with any mail of the campaign; of machines nothing counts."""
    mails = select(Delivery.contact_id).distinct()  # unscoped: of one campaign
    query = mails.join(TrackedEvent, TrackedEvent.delivery_id == Delivery.id).where(
        TrackedEvent.kind == _KINDS[act], TrackedEvent.is_machine.is_(False)
    )
    if people is None:
        return query.where(TrackedEvent.campaign_id == campaign_id)
    sends = select(Send.id).where(Send.campaign_id == campaign_id)  # unscoped: of one campaign
    return query.where(Delivery.contact_id.in_(people), Delivery.send_id.in_(sends))


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
    """About how many people would get this step if it were due now; before the first one is written, as many as that expects.

    Counted from those who answered, not from all who were mailed: whoever was lost in another way since (a bounce, a consent
    that ran out) is found when the step is due.
    """
    first = db.session.scalars(
        select(Send).where(Send.id == first_send(send.campaign_id).scalar_subquery())  # unscoped: as above
    ).one()
    if first.started_at is None:
        return first.expected
    ended = select(SequenceEnd.contact_id).where(  # unscoped: as above
        SequenceEnd.campaign_id == send.campaign_id
    )
    reached = (
        select(func.count())  # unscoped: as above
        .select_from(Delivery)
        .where(Delivery.send_id == first.id, Delivery.state == DeliveryState.ACCEPTED)
    )
    wanted = _acts(send.only)
    if wanted:
        reached = reached.where(or_(*(Delivery.contact_id.in_(did(send.campaign_id, act)) for act in wanted)))
    gone = [ended, *(did(send.campaign_id, act) for act in _acts(send.unless))]
    lost = reached.where(or_(*(Delivery.contact_id.in_(people) for people in gone)))
    return (db.session.scalar(reached) or 0) - (db.session.scalar(lost) or 0)


def sends(campaign: Campaign) -> list[Send]:
    """A campaign's sends in the order of its steps."""
    query = select(Send).where(Send.campaign_id == campaign.id)  # unscoped: of this very campaign
    return list(db.session.scalars(query.order_by(Send.step, Send.id)))
