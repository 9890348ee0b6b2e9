"""From a frozen launch to one row a person: in chunks that can be resumed, and that two workers may do at once.

The UNIQUE constraint on (send, contact) makes every chunk safe to repeat; a send counts as expanded only when its rows have been counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Integer,
    Null,
    Row,
    Select,
    Subquery,
    Update,
    and_,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.abtest.models import Assignment
from app.accounts.models import Organisation
from app.audience.mailable import Mail, holds, mailable_select
from app.audience.models import ConsentPurpose, Contact
from app.audience.people import People
from app.audience.rules import Rules
from app.campaigns.models import Campaign, CampaignStatus
from app.db import BigInt
from app.delivery import failpoints
from app.delivery.cap import too_often
from app.delivery.models import Delivery, DeliveryState, Rendering, Send, SendStatus
from app.delivery.presence import database_now
from app.delivery.timing import Timing, not_before

log = structlog.get_logger(__name__)

# people judged in one transaction: some 30 ms on SQLite, where everybody else's writes wait meanwhile
CHUNK = {"sqlite": 3_000, "postgresql": 10_000}


@dataclass(frozen=True)
class Expansion:
    """A send that is complete: its rows, and how many were expected at launch."""

    rows: int
    expected: int


Walk = Callable[[Connection, Row[Any], int], bool]


def expand(engine: Engine, send_id: int, chunk: int = 0, walk: Walk | None = None) -> Expansion | None:
    """Write all rows of an EXPANDING send, from its cursor on. None when it is not, or no longer, expanding.

    A send with a test takes the people assigned at launch; any other takes the list's or segment's people as they may be mailed when their
    chunk is written: who says no in between gets no row, and `expected` is corrected. The caller notes the difference.
    `chunk`: people judged in one transaction, left out what suits the database. `walk` writes one chunk of a send whose people are found in another way, and says whether nobody was left.
    """
    walk, chunk = walk or _ByName(), chunk or CHUNK[engine.dialect.name]
    while True:
        with engine.begin() as connection:
            send = _lock(connection, send_id)
            if send is None:
                return None
            done = walk(connection, send, chunk)
            failpoints.hit("expand-chunk")
            if done:
                return _complete(connection, send)
        failpoints.hit("expand-committed")


def _lock(connection: Connection, send_id: int) -> Row[Any] | None:
    # On SQLite the transaction itself is the lock (BEGIN IMMEDIATE).
    query = select(Send.__table__).where(
        Send.id == send_id, Send.status == SendStatus.EXPANDING
    )  # unscoped: a job
    send = connection.execute(query.with_for_update()).one_or_none()
    if send is not None and connection.dialect.name != "sqlite":
        # One expansion of a partner at a time: two would both find room for the same last mail of the week.
        owner = select(Organisation.id).where(Organisation.id == send.partner_id)
        connection.execute(owner.with_for_update(key_share=True))
    return send


class _ByName:
    """Judges the next people after the cursor and inserts a row for each who may be mailed.

    Both ends of a chunk are found first and named to every table: the database then reads just these people, also while it
    has no statistics yet about a list that was imported a second ago. Asking for the next so many who may be mailed would make
    it judge everybody behind the cursor for each chunk. The statements are made once: making them takes milliseconds.
    """

    def __init__(self) -> None:
        self.made: tuple[Select[Any], Insert, Update] | None = None

    def __call__(self, connection: Connection, send: Row[Any], chunk: int) -> bool:
        """One chunk; True when there was nobody left."""
        window, people, progress = self.made = self.made or self._make(connection, send)
        upper = connection.execute(window, {"after": send.cursor, "many": chunk}).scalar_one()
        if upper is None:
            return True
        inserted = connection.execute(people, {"after": send.cursor, "upper": upper}).rowcount
        connection.execute(progress, {"b_id": send.id, "upper": upper, "inserted": inserted})
        return False

    def _make(self, connection: Connection, send: Row[Any]) -> tuple[Select[Any], Insert, Update]:
        after, upper = bindparam("after", type_=BigInt), bindparam("upper", type_=BigInt)
        candidates = _candidates(send)
        window = (
            select(candidates.label("contact_id"))  # unscoped: the send's own people
            .where(_of_this(send), candidates > after)
            .order_by(candidates)
            .limit(bindparam("many", type_=Integer))
            .subquery()
        )
        if send.experiment_id is None:
            here = people_of(send).between(after, upper)
        else:
            here = and_(*(and_(column > after, column <= upper) for column in (candidates, Contact.id)))
        people = _people(send).add_columns(*due_later(connection, send))
        progress = update(Send).where(Send.id == bindparam("b_id"))
        return (
            select(func.max(window.c.contact_id)),
            insertion(connection, send, people.where(here).subquery()),
            progress.values(cursor=upper, expanded=Send.expanded + bindparam("inserted", type_=Integer)),
        )


def people_of(send: Row[Any]) -> People:
    """Whom a send without a test goes to, as it was fixed at launch: a list's members, or whom the segment's rules meant."""
    if send.people is None:
        return People(send.list_id or 0, windowed=True)  # a list that is gone has nobody, never everybody
    as_of = datetime.fromisoformat(send.people["as_of"])
    return People(rules=Rules.from_json(send.people["rules"]), as_of=as_of, windowed=True)


def mail_of_send(send: Row[Any]) -> Mail:
    """What its people get, and when that would be one too many."""
    return Mail(send.vendor_id, send.topic_id, too_often(send.partner_id, send.id))


def _candidates(send: Row[Any]) -> Any:
    """The column with the ids of everyone who could get a row: a list's members, all contacts, or the people of a test."""
    return people_of(send).id if send.experiment_id is None else Assignment.contact_id


def _of_this(send: Row[Any]) -> ColumnElement[bool]:
    if send.experiment_id is None:
        return people_of(send).candidates(send.partner_id)
    return and_(Assignment.experiment_id == send.experiment_id)


def _people(send: Row[Any]) -> Select[*tuple[Any, ...]]:
    """Everyone who is to get a row, with the values that differ by person: columns of this select are columns of the row."""
    if send.experiment_id is None:
        rendering = (
            select(Rendering.id).where(Rendering.send_id == send.id).scalar_subquery()
        )  # unscoped: the send's own
        people = mailable_select(send.partner_id, mail_of_send(send), people_of(send))
        return people.add_columns(rendering.label("rendering_id"), cast(null(), BigInt).label("variant_id"))
    return (
        select(  # unscoped: bound to the send's own test
            Assignment.contact_id,
            holds(ConsentPurpose.TRACKING).label("tracked"),
            Rendering.id.label("rendering_id"),
            Assignment.variant_id,
        )
        .join(Contact, Contact.id == Assignment.contact_id)
        .join(Rendering, and_(Rendering.send_id == send.id, Rendering.variant_id == Assignment.variant_id))
        .where(_of_this(send))
    )


def due_later(connection: Connection, send: Row[Any]) -> list[ColumnElement[Any]]:
    """For a query with Contact: the column `not_before` where some people's own time is still to come, else no column."""
    moment = not_before(Timing.from_json(send.timing), database_now(connection))
    return [] if isinstance(moment, Null) else [moment.label("not_before")]


def insert(connection: Connection, send: Row[Any], people: Subquery, those: ColumnElement[bool]) -> int:
    """A row for each of `those` people, by the columns they are given with; returns how many had none yet."""
    return connection.execute(insertion(connection, send, people, those)).rowcount


def insertion(
    connection: Connection, send: Row[Any], people: Subquery, those: ColumnElement[bool] | None = None
) -> Insert:
    """INSERT … SELECT of people, leaving out who has a row already."""
    constants = {
        "send_id": send.id,
        "campaign_id": send.campaign_id,
        "partner_id": send.partner_id,
        "state": DeliveryState.READY,
        "epoch": 0,
        "attempts": 0,
        "crashes": 0,
    }
    columns = Delivery.__table__.c
    chosen = select(
        *people.c,
        *(literal(value, columns[name].type) for name, value in constants.items()),
    ).where(true() if those is None else those, true())  # SQLite's grammar wants a WHERE before ON CONFLICT
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    names = [*people.c.keys(), *constants]
    # No Python-side defaults: a default evaluated once would stand in every row.
    statement = dialect.insert(Delivery).from_select(names, chosen, include_defaults=False)
    found: Insert = statement.on_conflict_do_nothing(index_elements=["send_id", "contact_id"])
    return found


def _complete(connection: Connection, send: Row[Any]) -> Expansion | None:
    """Count, and let the sending begin. With a test the count must be that of the assignments, else the walk starts again."""
    rows = connection.execute(
        select(func.count()).select_from(Delivery).where(Delivery.send_id == send.id)
    ).scalar_one()
    assigned = (
        select(func.count()).select_from(Assignment).where(Assignment.experiment_id == send.experiment_id)
    )  # unscoped: a job
    if send.experiment_id is not None and rows != connection.execute(assigned).scalar_one():
        log.error("send.counts_differ", send_id=send.id, rows=rows)
        connection.execute(update(Send).where(Send.id == send.id).values(cursor=0))
        return None
    moment = database_now(connection)
    values = {"status": SendStatus.SENDING, "expanded": rows, "expected": rows, "started_at": moment}
    connection.execute(update(Send).where(Send.id == send.id).values(**values))
    launching = and_(Campaign.id == send.campaign_id, Campaign.status == CampaignStatus.LAUNCHING)
    connection.execute(update(Campaign).where(launching).values(status=CampaignStatus.SENDING))
    return Expansion(rows, send.expected)
