"""Statuses with an explicit table of transitions.

A status never changes by assignment: `Transitions.move` checks the table, so a state that no rule leads to cannot be reached.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

import structlog

from app.errors import Conflict

log = structlog.get_logger(__name__)

S = TypeVar("S", bound=StrEnum)


class Transitions(Generic[S]):
    """The table of one kind of thing: from each status to those that may follow."""

    def __init__(self, noun: str, table: Mapping[S, Iterable[S]], attribute: str = "status") -> None:
        self.noun = noun
        self.table: dict[S, frozenset[S]] = {state: frozenset(after) for state, after in table.items()}
        self.attribute = attribute

    def allows(self, current: S, to: S) -> bool:
        """Whether `to` may follow `current`."""
        return to in self.table.get(current, frozenset())

    def move(self, thing: Any, to: S) -> S:
        """Move `thing` to `to`, return what it was. Raises Conflict where the table has no such step."""
        was: S = getattr(thing, self.attribute)
        if not self.allows(was, to):
            log.info("transition.refused", noun=self.noun, id=getattr(thing, "id", None), was=was, to=to)
            raise Conflict(
                f"This {self.noun} is {was.replace('_', ' ')} and can’t become {to.replace('_', ' ')}.",
                was=was,
                to=to,
            )
        setattr(thing, self.attribute, to)
        return was
