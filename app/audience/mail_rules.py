"""What a partner's admin changes about its mails, and how many people chose what. Who chose stays with the people."""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.audience.models import MailRules, Preference, Topic, TopicOff
from app.audience.preferences import topics_of
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid

MOST_TOPICS = 20


def change(actor: Actor, a_week: int, double_opt_in: bool) -> None:
    """Change the limits; they count from the next launch, the next form, on."""
    row = db.session.get(MailRules, actor.organisation.id, with_for_update=True)  # unscoped: the actor's own
    if row is None:
        row = MailRules(partner_id=actor.organisation.id)
        db.session.add(row)
    row.a_week, row.double_opt_in = a_week, double_opt_in
    record(actor, "mail_rules.changed", actor.organisation, a_week=a_week, double_opt_in=double_opt_in)


def add_topic(actor: Actor, name: str, note: str) -> Topic:
    """One more topic, or a retired one again. Raises Invalid for one that is there, and past MOST_TOPICS."""
    known = list(db.session.scalars(scoped(actor.organisation, Topic)))
    same = next((topic for topic in known if topic.name.casefold() == name.casefold()), None)
    if same is not None and same.retired_at is None:
        raise Invalid("There is a topic of this name.", {"name": "There is a topic of this name."})
    if sum(topic.retired_at is None for topic in known) >= MOST_TOPICS:
        raise Invalid("Too many.", {"name": f"{MOST_TOPICS} topics are the most. Take one out first."})
    if same is not None:
        same.retired_at, same.note = None, note
    else:
        same = Topic(partner_id=actor.organisation.id, name=name, note=note)
        db.session.add(same)
    record(actor, "topic.added", same)
    return same


def retire_topic(actor: Actor, topic: Topic) -> None:
    """Offer it no more; campaigns and choices that name it stay as they are."""
    topic.retired_at = topic.retired_at or now()
    record(actor, "topic.retired", topic)


@dataclass(frozen=True)
class Figures:
    """How many people chose what."""

    paused: int
    fewer: int


def figures(partner: Organisation) -> Figures:
    """How many people are in a pause, and how many chose fewer mails."""
    mine = scoped(partner, Preference)
    paused = mine.where(Preference.paused_until > now()).subquery()
    fewer = mine.where(Preference.a_month.is_not(None)).subquery()
    return Figures(
        db.session.scalar(select(func.count()).select_from(paused)) or 0,
        db.session.scalar(select(func.count()).select_from(fewer)) or 0,
    )


def topics_with_figures(partner: Organisation) -> list[tuple[Topic, int]]:
    """Each topic with how many people left it out."""
    mine = scoped(partner, TopicOff).subquery()
    counted = db.session.execute(
        select(mine.c.topic_id, func.count().label("people")).group_by(mine.c.topic_id)
    )
    off = {row.topic_id: row.people for row in counted}
    return [(topic, off.get(topic.id, 0)) for topic in topics_of(partner)]
