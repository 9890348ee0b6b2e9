"""What people chose about a partner's mails: topics, how often, a pause. Kept under the keyed hash, so that no import forgets it.

A pause and a topic that is off hold like a no: delivery looks again one moment before a message leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.models import Organisation
from app.audience.models import MailRules, Preference, Topic, TopicOff
from app.clock import now
from app.db import db, is_sqlite, scoped
from app.errors import Invalid

PAUSE = timedelta(days=30)
MONTHLY = (1, 2, 4)  # what people can choose, mails in 30 days at most


def paused(partner_id: int, hash_column: Any) -> ColumnElement[bool]:
    """An EXISTS on a column of address hashes: whoever asked this partner for a pause that isn't over."""
    inner = select(Preference.partner_id).where(  # unscoped: by partner id
        Preference.partner_id == partner_id,
        Preference.address_hash == hash_column,
        Preference.paused_until > func.current_timestamp(),
    )
    return inner.correlate_except(Preference).exists()


def topic_off(partner_id: int, hash_column: Any, topic_id: int) -> ColumnElement[bool]:
    """An EXISTS on a column of address hashes: whoever wants nothing about this topic."""
    inner = select(TopicOff.topic_id).where(  # unscoped: by partner id
        TopicOff.partner_id == partner_id,
        TopicOff.address_hash == hash_column,
        TopicOff.topic_id == topic_id,
    )
    return inner.correlate_except(TopicOff).exists()


def rules_of(partner_id: int) -> MailRules:
    """How a partner mails; the defaults where it never said."""
    found = db.session.get(MailRules, partner_id)  # unscoped: by the partner's own id
    return found or MailRules(partner_id=partner_id, a_week=3, double_opt_in=False)


@dataclass(frozen=True)
class Choices:
    """All that a person chose at one partner. `off` are ids of topics."""

    off: frozenset[int]
    a_month: int | None
    paused_until: datetime | None

    @property
    def is_paused(self) -> bool:
        """Whether nothing is mailed just now."""
        return self.paused_until is not None and self.paused_until > now()


def choices_of(partner_id: int, address_hash: str) -> Choices:
    """What this person chose; as it comes where they never did."""
    row = db.session.get(
        Preference, (partner_id, address_hash), populate_existing=True
    )  # unscoped: by partner id
    off = select(TopicOff.topic_id).where(  # unscoped: by partner id
        TopicOff.partner_id == partner_id, TopicOff.address_hash == address_hash
    )
    return Choices(
        frozenset(db.session.scalars(off)), row.a_month if row else None, row.paused_until if row else None
    )


def choose(partner_id: int, address_hash: str, choices: Choices, delivery_id: int | None = None) -> None:
    """Keep what a person chose. Raises Invalid for a topic of another partner, or a number that isn't offered."""
    topics = {topic.id for topic in _topics(partner_id)}
    if not choices.off <= topics or (choices.a_month is not None and choices.a_month not in MONTHLY):
        raise Invalid("This form doesn’t fit the page. Load it again.")
    values = {
        "a_month": choices.a_month,
        "paused_until": choices.paused_until,
        "delivery_id": delivery_id,
        "updated_at": now(),
    }
    key = {"partner_id": partner_id, "address_hash": address_hash}
    db.session.execute(
        _insert(Preference)
        .values(**key, **values)
        .on_conflict_do_update(index_elements=["partner_id", "address_hash"], set_=values)
    )
    db.session.execute(
        delete(TopicOff).where(TopicOff.partner_id == partner_id, TopicOff.address_hash == address_hash)
    )
    if choices.off:
        rows = [{**key, "topic_id": topic_id, "at": now()} for topic_id in sorted(choices.off)]
        db.session.execute(_insert(TopicOff).values(rows).on_conflict_do_nothing())


def topics_of(partner: Organisation) -> list[Topic]:
    """What a partner writes about, by name."""
    return list(
        db.session.scalars(scoped(partner, Topic).where(Topic.retired_at.is_(None)).order_by(Topic.name))
    )


def _topics(partner_id: int) -> Sequence[Topic]:
    return db.session.scalars(
        select(Topic).where(Topic.partner_id == partner_id)
    ).all()  # unscoped: by partner id


def _insert(target: Any) -> Any:
    return sqlite.insert(target) if is_sqlite() else postgresql.insert(target)
