"""Mails that came back, between the receiver and their meaning: stored before they are acknowledged, heard exactly once.

A row goes in the very transaction that keeps its evidence, so whatever dies in between, it is there or it was heard.
"""

import time
from datetime import datetime

import structlog
from sqlalchemy import Engine, delete, insert, select, update

from app.db import db
from app.delivery.bounces import classify
from app.delivery.bounces.read import LONGEST, read
from app.delivery.records import IncomingMail, Source
from app.delivery.returned.evidence import key_of, of_verdict
from app.delivery.returned.hear import about, hear

log = structlog.get_logger(__name__)

MAX_TRIES = 5


def store(engine: Engine, delivery_ids: list[int], source: Source, raw: bytes, at: datetime) -> None:
    """Write a mail down for each message it is about, durably; what nobody looks at of a very large one is left out."""
    rows = [
        {"delivery_id": one, "source": source, "raw": raw[:LONGEST], "received_at": at, "tries": 0}
        for one in delivery_ids
    ]
    with engine.begin() as connection:
        connection.execute(insert(IncomingMail), rows)


def hear_incoming(seconds: float = 2.0) -> int:
    """Hear what was stored, for `seconds` at most; returns how many mails. Each is a transaction of its own."""
    until, heard = time.monotonic() + seconds, 0
    last = 0
    while time.monotonic() < until:
        row_id = db.session.scalar(
            select(IncomingMail.id)
            .where(IncomingMail.id > last, IncomingMail.tries < MAX_TRIES)
            .order_by(IncomingMail.id)
            .limit(1)
        )
        if row_id is None:
            break
        last = row_id
        heard += _one(row_id)
    return heard


def _one(row_id: int) -> bool:
    try:
        done = hear_stored(row_id)
        db.session.commit()
    except Exception as error:
        db.session.rollback()
        log.error("returned.not_heard", incoming_id=row_id, error=type(error).__name__)
        again = update(IncomingMail).where(IncomingMail.id == row_id)
        db.session.execute(again.values(tries=IncomingMail.tries + 1))
        db.session.commit()
        return False
    return done


def hear_stored(row_id: int) -> bool:
    """Hear one stored mail in the caller's transaction. False where another process has it, or has heard it."""
    mail = db.session.scalars(
        select(IncomingMail).where(IncomingMail.id == row_id).with_for_update(skip_locked=True)
    ).one_or_none()
    if mail is None:
        return False
    message = about(mail.delivery_id)
    key = key_of(mail.delivery_id, read(mail.raw).header("message-id"), mail.raw)
    hear(
        of_verdict(classify(mail.raw), mail.source, mail.received_at, key, message.email if message else ""),
        message,
    )
    db.session.execute(delete(IncomingMail).where(IncomingMail.id == row_id))
    db.session.expunge(mail)
    return True
