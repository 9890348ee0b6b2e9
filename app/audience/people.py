"""The people of a campaign: a list's members, those whom a segment's rules mean, or everybody.

Whoever counts, samples or expands asks here for the rows, and never knows which of the three it was.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, func, null, select

from app.audience.models import Contact, ListMember
from app.audience.rule_sql import Meaning, meets
from app.audience.rules import EVERYONE, Rules
from app.clock import now
from app.db import db


@dataclass(frozen=True)
class People:
    """Of one partner: the members of a list, or of all contacts those who meet the rules as of a moment (None: now)."""

    list_id: int | None = None
    rules: Rules = EVERYONE
    as_of: datetime | None = None
    windowed: bool = False  # whether they are read in windows of ids, by `between`

    @property
    def id(self) -> Any:
        """The column to walk along: a contact's id, by the index that finds these people."""
        return Contact.id if self.list_id is None else ListMember.contact_id

    def candidates(self, partner_id: int) -> ColumnElement[bool]:
        """The condition on `id`'s table alone: everybody who could be meant. What narrows it down is in `select`."""
        if self.list_id is None:
            return Contact.partner_id == partner_id
        return and_(ListMember.list_id == self.list_id, ListMember.partner_id == partner_id)

    def select(self, partner_id: int, *columns: Any) -> Select[Any]:
        """Columns of these people's contacts, in no order; the erased are never among them."""
        query: Select[Any] = select(*columns)  # unscoped: an expansion has no request; the partner is below
        if self.list_id is None:
            meaning = Meaning(partner_id, self.as_of or now(), self.windowed)
            return query.select_from(Contact).where(
                Contact.partner_id == partner_id, self._present, meets(self.rules, meaning)
            )
        # "+ 0": without statistics PostgreSQL would read the whole window of (partner_id, id) once for each member
        mine = and_(Contact.id == ListMember.contact_id, Contact.partner_id + 0 == ListMember.partner_id)
        query = query.select_from(ListMember).join(Contact, mine)
        return query.where(self.candidates(partner_id), Contact.erased_at.is_(None))

    @property
    def _present(self) -> ColumnElement[bool]:
        """Not erased; said so that the index by language and region, which leaves the erased out, serves those who ask for a language.

        Others are read in the order of their ids: in that index’s order SQLite takes seven times as long to find everybody’s consent.
        """
        if self.rules.names_a_language and not self.windowed:
            return Contact.erased_at.is_(None)
        return func.coalesce(Contact.erased_at, null()).is_(None)

    def between(
        self, after: int | BindParameter[int], upper: int | BindParameter[int]
    ) -> ColumnElement[bool]:
        """Those with an id above `after` up to `upper`: named to every table, so that each is read in that range alone."""
        columns = (Contact.id,) if self.list_id is None else (ListMember.contact_id, Contact.id)
        return and_(*(and_(column > after, column <= upper) for column in columns))

    def by_windows(self) -> "People":
        """The same people, to be read in windows of ids."""
        return replace(self, windowed=True)


EVERYBODY = People()


def people_of(whom: "People | int") -> People:
    """The people of a list given by its id; People as they are."""
    return whom if isinstance(whom, People) else People(list_id=whom)


def first_of(partner_id: int, people: People, limit: int) -> list[Contact]:
    """The first few of them by id, whether they may be mailed or not."""
    return list(db.session.scalars(people.select(partner_id, Contact).order_by(Contact.id).limit(limit)))
