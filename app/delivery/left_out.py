"""Who got no row when a campaign was launched, and why: written down once the rows are, and never judged anew.

So the campaign's page can name the people behind each number long after the reasons have changed.
"""

from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Integer, Row, Select, bindparam, func, insert, literal, select

from app.accounts.models import Organisation
from app.audience import mailable
from app.audience.models import Contact
from app.campaigns.models import Campaign
from app.db import BigInt, db, scoped
from app.delivery.expand import CHUNK, people_of
from app.delivery.models import Delivery, LeftOut, Send, SendStatus

log = structlog.get_logger(__name__)

_BEFORE = (SendStatus.EXPANDING, SendStatus.WAITING)


@dataclass(frozen=True)
class Frozen:
    """A launched campaign's audience: how many got a row, and by reason how many did not; `at_launch` is what the launch page had counted."""

    rows: int
    reasons: dict[str, int]
    at_launch: dict[str, int]

    @property
    def people(self) -> int:
        """How many were left out."""
        return sum(self.reasons.values())


def keep(engine: Engine, send_id: int, chunk: int = 0) -> int:
    """Write down who of the first step's audience has no row, in chunks that may be repeated; returns how many are on record.

    A later step counts its own (flows/sequence.py), so nothing is written for it. `chunk`: people looked at in one transaction.
    """
    chunk = chunk or CHUNK[engine.dialect.name]
    with engine.connect() as connection:
        send = connection.execute(select(Send.__table__).where(Send.id == send_id)).one()  # unscoped: a job
        connection.rollback()
    if send.step != 1 or send.status in _BEFORE:
        return 0
    walk = _Walk(send)
    after = 0
    while True:
        with engine.begin() as connection:
            upper = walk.step(connection, after, chunk)
        if upper is None:
            break
        after = upper
    with engine.connect() as connection:
        kept = connection.execute(select(func.count()).where(LeftOut.send_id == send_id)).scalar_one()
        connection.rollback()
    log.info("send.left_out_kept", send_id=send_id, people=kept)
    return int(kept)


def keep_rest(engine: Engine, send_id: int) -> None:
    """The same for a send whose worker died before it had written all of them down."""
    with engine.connect() as connection:
        counted = connection.execute(
            select(Send.left_out).where(Send.id == send_id)
        ).scalar_one()  # unscoped: a job
        kept = connection.execute(select(func.count()).where(LeftOut.send_id == send_id)).scalar_one()
        connection.rollback()
    if kept < sum((counted or {}).values()):
        keep(engine, send_id)


class _Walk:
    """Judges the next people of the audience who have no row. The statements are made once."""

    def __init__(self, send: Row[Any]) -> None:
        after, upper = bindparam("after", type_=BigInt), bindparam("upper", type_=BigInt)
        those = people_of(send)
        ids = (
            select(those.id.label("contact_id"))  # unscoped: the send's own people
            .where(those.candidates(send.partner_id), those.id > after)
            .order_by(those.id)
            .limit(bindparam("many", type_=Integer))
            .subquery()
        )
        self.window = select(func.max(ids.c.contact_id))
        found = (
            mailable.left_out_select(send.partner_id, send.vendor_id, those)
            .where(those.between(after, upper))
            .subquery()
        )
        known = [
            select(table.contact_id)  # unscoped: by the send
            .where(table.send_id == send.id, table.contact_id == found.c.contact_id)
            .exists()
            for table in (Delivery, LeftOut)
        ]
        rows = select(
            literal(send.id, BigInt), found.c.contact_id, literal(send.partner_id, BigInt), found.c.reason
        ).where(*(~each for each in known))
        self.rows = insert(LeftOut).from_select(
            ["send_id", "contact_id", "partner_id", "reason"], rows, include_defaults=False
        )

    def step(self, connection: Connection, after: int, many: int) -> int | None:
        """One window; None when nobody was left."""
        upper = connection.execute(self.window, {"after": after, "many": many}).scalar_one()
        if upper is not None:
            connection.execute(self.rows, {"after": after, "upper": upper})
        return None if upper is None else int(upper)


def first_send(organisation: Organisation, campaign: Campaign) -> Send | None:
    """The send of the first step; None before the launch."""
    return db.session.scalars(
        scoped(organisation, Send).where(Send.campaign_id == campaign.id, Send.step == 1)
    ).one_or_none()


def frozen(send: Send) -> Frozen:
    """The counts of a launched send: for the vendor too, since they name nobody."""
    query = (
        select(LeftOut.reason, func.count())  # unscoped: by a send that the caller may see
        .where(LeftOut.send_id == send.id)
        .group_by(LeftOut.reason)
    )
    reasons = {str(reason): int(people) for reason, people in db.session.execute(query)}
    return Frozen(send.expanded, reasons, dict(send.left_out))


def frozen_people(partner: Organisation, send: Send, reason: str) -> Select[Contact]:
    """The partner's contacts that were left out for this reason; those erased since are not among them."""
    return (
        scoped(partner, Contact)
        .join(LeftOut, LeftOut.contact_id == Contact.id)
        .where(LeftOut.send_id == send.id, LeftOut.reason == reason, Contact.erased_at.is_(None))
    )
