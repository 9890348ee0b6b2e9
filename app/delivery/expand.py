"""From a frozen launch to one row a person: in chunks that can be resumed, and that two workers may do at once.

The UNIQUE constraint on (send, contact) makes every chunk safe to repeat; a send counts as expanded only when its rows have been counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Subquery,
    and_,
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
from app.audience.mailable import holds, mailable_select
from app.audience.models import ConsentPurpose, Contact
from app.campaigns.models import Campaign, CampaignStatus
from app.db import BigInt
from app.delivery import failpoints
from app.delivery.models import Delivery, DeliveryState, Rendering, Send, SendStatus
from app.delivery.presence import database_now

log = structlog.get_logger(__name__)

CHUNK = 2_000


@dataclass(frozen=True)
class Expansion:
    """A send that is complete: its rows, and how many were expected at launch."""

    rows: int
    expected: int


Walk = Callable[[Connection, Row[Any], int], bool]


def expand(engine: Engine, send_id: int, chunk: int = CHUNK, walk: Walk | None = None) -> Expansion | None:
    """Write all rows of an EXPANDING send, from its cursor on. None when it is not, or no longer, expanding.

    A send with a test takes the people assigned at launch; any other takes the list's people as they may be mailed when their
    chunk is written: who says no in between gets no row, and `expected` is corrected. The caller notes the difference.
    `walk` writes one chunk of a send whose people are found in another way, and says whether nobody was left.
    """
    while True:
        with engine.begin() as connection:
            send = _lock(connection, send_id)
            if send is None:
                return None
            done = (walk or _chunk)(connection, send, chunk)
            failpoints.hit("expand-chunk")
            if done:
                return _complete(connection, send)
        failpoints.hit("expand-committed")


def _lock(connection: Connection, send_id: int) -> Row[Any] | None:
    # On SQLite the transaction itself is the lock (BEGIN IMMEDIATE).
    query = select(Send.__table__).where(
        Send.id == send_id, Send.status == SendStatus.EXPANDING
    )  # unscoped: a job
    return connection.execute(query.with_for_update()).one_or_none()


def _chunk(connection: Connection, send: Row[Any], chunk: int) -> bool:
    """Insert the rows after the cursor; True when there was nobody left."""
    people = _people(send).subquery()
    after = (
        select(people.c.contact_id)
        .where(people.c.contact_id > send.cursor)
        .order_by(people.c.contact_id)
        .limit(chunk)
        .subquery()
    )
    upper = connection.execute(select(func.max(after.c.contact_id))).scalar_one()
    if upper is None:
        return True
    inserted = insert(
        connection, send, people, and_(people.c.contact_id > send.cursor, people.c.contact_id <= upper)
    )
    values = {"cursor": upper, "expanded": Send.expanded + inserted}
    connection.execute(update(Send).where(Send.id == send.id).values(**values))
    return False


def _people(send: Row[Any]) -> Select[*tuple[Any, ...]]:
    """(contact_id, tracked, rendering_id, variant_id) of everyone who is to get a row."""
    if send.experiment_id is None:
        rendering = (
            select(Rendering.id).where(Rendering.send_id == send.id).scalar_subquery()
        )  # unscoped: the send's own
        people = mailable_select(send.partner_id, send.vendor_id, send.list_id)
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
        .where(Assignment.experiment_id == send.experiment_id)
    )


def insert(connection: Connection, send: Row[Any], people: Subquery, those: ColumnElement[bool]) -> int:
    """INSERT … SELECT, leaving out who has a row already; returns how many were new."""
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
        people.c.contact_id,
        people.c.rendering_id,
        people.c.variant_id,
        people.c.tracked,
        *(literal(value, columns[name].type) for name, value in constants.items()),
    ).where(those, true())
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    names = ["contact_id", "rendering_id", "variant_id", "tracked", *constants]
    # No Python-side defaults: a default evaluated once would stand in every row.
    statement = dialect.insert(Delivery).from_select(names, chosen, include_defaults=False)
    result = connection.execute(statement.on_conflict_do_nothing(index_elements=["send_id", "contact_id"]))
    return int(result.rowcount)


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
