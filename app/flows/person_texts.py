"""Free text that may speak of a person: found by their address, whole name or phone number, and these taken out of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, or_, select

from app.db import db
from app.flows.person_register import TABLES
from app.flows.person_ties import TIES, Subject, table_of

GONE = "[erased]"


@dataclass(frozen=True)
class Mention:
    """A text of one row that speaks of the person."""

    table: str
    column: str
    id: int
    value: Any

    def without(self, subject: Subject) -> Any:
        """The value with the person taken out of it."""
        return taken_out(self.value, subject)


def pattern(subject: Subject) -> re.Pattern[str]:
    """What the person is found by, capitals and runs of blanks making no difference."""
    words = [r"\s+".join(re.escape(part) for part in word.split()) for word in subject.words]
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


def taken_out(value: Any, subject: Subject) -> Any:
    """Text, or whatever JSON holds, without the person."""
    if isinstance(value, str):
        return pattern(subject).sub(GONE, value)
    if isinstance(value, list):
        return [taken_out(each, subject) for each in value]
    if isinstance(value, dict):
        return {taken_out(key, subject): taken_out(each, subject) for key, each in value.items()}
    return value


def mentions(subject: Subject) -> Iterator[Mention]:
    """Every text of the partner's, or between it and a vendor, that speaks of the person."""
    for name, register in TABLES.items():
        for column in register.columns("mention"):
            yield from _in(name, column, subject, _whose(name, subject))
        for column in register.columns("within"):
            yield from _in(name, column, subject, TIES[name](table_of(name), subject))


def _whose(name: str, subject: Subject) -> ColumnElement[bool]:
    owner = table_of(name).c[TABLES[name].owner]
    if (
        TABLES[name].owner == "organisation_id"
    ):  # a vendor was told of shared leads and registered deals by mail
        return owner.in_([subject.partner.id, *subject.vendors])
    return owner == subject.partner.id


def _in(name: str, column: str, subject: Subject, whose: ColumnElement[bool]) -> Iterator[Mention]:
    t = table_of(name)
    text = func.lower(cast(t.c[column], Text))
    likely = [text.like(f"%{_escaped(word)}%", escape="!") for word in _needles(subject)]
    found = pattern(subject)
    rows = db.session.execute(select(t.c.id, t.c[column]).where(whose, or_(*likely))).all()
    for row in rows:
        spoken = row[1] if isinstance(row[1], str) else json.dumps(row[1], ensure_ascii=False)
        if found.search(spoken):
            yield Mention(name, column, row[0], row[1])


def _needles(subject: Subject) -> list[str]:
    """One part of each word that any way of writing it holds: no blanks, no letters that JSON would escape."""
    return [max(re.findall(r"[a-z0-9@._+-]+", word.lower()) or [""], key=len) for word in subject.words]


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
