"""Sends to very many people, written by the database itself in seconds."""

from sqlalchemy import Table, func, select, text, update

from app.audience.models import Contact
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db
from app.delivery.models import Delivery, Rendering, Send, SendStatus
from tests.delivery import made
from tests.rig.cast import Cast

_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows)"
_OWN = {"contact": ("id", "pid", "email", "address_hash"), "delivery": ("id", "pid", "contact_id")}


def sending(cast: Cast, rows: int, name: str = "p", partner_id: int | None = None) -> Send:
    """A send with `rows` ready rows to NAME1@people.example and so on, in the middle of sending; of another partner if wanted."""
    send = made.send(cast, [f"{name}0"], of=_another_campaign())
    zero = db.session.scalars(select(Contact).where(Contact.email == f"{name}0@people.example")).one()
    rendering = db.session.scalars(select(Rendering).where(Rendering.send_id == send.id)).one()
    campaign = db.session.get_one(Campaign, send.campaign_id)
    for row in (send, zero, rendering, campaign):
        row.partner_id = partner_id or row.partner_id
    first = Delivery(
        send_id=send.id,
        campaign_id=send.campaign_id,
        partner_id=send.partner_id,
        contact_id=zero.id,
        rendering_id=rendering.id,
    )
    db.session.add(first)
    db.session.flush()
    values = {"rows": rows - 1, "zero": zero.id, "delivery": first.id, "name": name, "contact": zero.id}
    if rows > 1:
        _copy(Contact.__table__, f"'{name}' || n", values)  # type: ignore[arg-type]
        _copy(Delivery.__table__, f"'{name}' || n", values)  # type: ignore[arg-type]
    send.status, send.expected, send.expanded, send.started_at = SendStatus.SENDING, rows, rows, now()
    campaign.status, campaign.launched_at = CampaignStatus.SENDING, now()
    db.session.commit()
    return send


def _another_campaign() -> Campaign | None:
    """One more with the kit of the first; None where there is none yet."""
    first = db.session.scalars(select(Campaign).order_by(Campaign.id)).first()
    if first is None:
        return None
    same = ("partner_id", "vendor_id", "kit_version_id", "timezone", "launched_by")
    more = Campaign(
        name="One more", status=CampaignStatus.SENDING, **{name: getattr(first, name) for name in same}
    )
    db.session.add(more)
    db.session.flush()
    return more


def _copy(table: Table, pid: str, values: dict[str, object]) -> None:
    """Rows like the first one, which differ only in what names them."""
    own = _OWN[table.name]
    shared = [column.name for column in table.columns if column.name not in own]
    named = [name for name in own if name in table.columns and name != "id"]
    email = ":name || n || '@people.example'"
    source = {"pid": pid, "email": email, "address_hash": ":name || 'hash' || n", "contact_id": "c.id"}
    people = f"JOIN contact c ON c.email = {email}" if table.name == "delivery" else ""
    first = ":delivery" if table.name == "delivery" else ":zero"
    columns = ", ".join((*named, *shared))
    chosen = ", ".join((*(source[name] for name in named), *(f"t.{name}" for name in shared)))
    ordered = "ORDER BY n"
    db.session.execute(
        text(
            f"{_NUMBERS} INSERT INTO {table.name} ({columns}) SELECT {chosen} FROM numbers CROSS JOIN {table.name} t {people} WHERE t.id = {first} {ordered}"
        ),
        values,
    )


def decide(send: Send, upto: int, **values: object) -> None:
    """Give the first `upto` rows of a send these values."""
    lowest = db.session.scalar(select(func.min(Delivery.id)).where(Delivery.send_id == send.id)) or 0
    first = (Delivery.send_id == send.id, Delivery.id < lowest + upto)
    db.session.execute(update(Delivery).where(*first).values(**values))
    db.session.commit()
