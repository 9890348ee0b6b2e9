"""A segment's rules as one SQL condition on Contact, always true or false. Values are only ever bound parameters.

Who did something is looked up from the few who did where a whole segment is counted on SQLite, else contact by contact: PostgreSQL chooses
by itself, and in a window of an expansion only the window's own people may be read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true

from app.audience.models import (
    Consent,
    ConsentBasis,
    ConsentPurpose,
    Contact,
    Deed,
    Engagement,
    FieldKind,
    ListMember,
)
from app.audience.rule_parts import domain_of, json_flag, json_number, json_text, small, small_letters
from app.audience.rules import About, Condition, Group, How, Join, Rules
from app.audience.suppress import is_suppressed
from app.db import is_sqlite

_DEEDS = {About(str(deed)): deed for deed in Deed}
_OPPOSITES = {
    How.IS_NOT: How.IS,
    How.NOT_IN: How.IN,
    How.EMPTY: How.FILLED,
    How.NEVER: How.EVER,
    How.NOT_WITHIN: How.WITHIN,
}
_NO_VENDOR = -1  # an organisation that there is not


@dataclass(frozen=True)
class Meaning:
    """Whose rules, as of when, and whether only people of a window are asked about."""

    partner_id: int
    moment: datetime
    windowed: bool = False

    @property
    def today(self) -> date:
        """The day, in UTC, as consent counts."""
        return self.moment.astimezone(UTC).date()

    def ago(self, days: Any) -> datetime:
        """So many days before the moment."""
        return self.moment - timedelta(days=int(days))

    def days_ago(self, days: Any) -> date:
        """The day so many days before today."""
        return self.today - timedelta(days=int(days))


def meets(rules: Rules, meaning: Meaning) -> ColumnElement[bool]:
    """The condition on Contact that these rules are."""
    groups = [_group(group, meaning) for group in rules.groups if group.conditions]
    if not groups:
        return true()
    return and_(*groups) if rules.join is Join.ALL else or_(*groups)


def _group(group: Group, meaning: Meaning) -> ColumnElement[bool]:
    if group.join is Join.NONE:
        return and_(*(_condition(each, meaning, holds=False) for each in group.conditions))
    found = [_condition(each, meaning, holds=True) for each in group.conditions]
    return and_(*found) if group.join is Join.ALL else or_(*found)


def _condition(one: Condition, meaning: Meaning, *, holds: bool) -> ColumnElement[bool]:
    """The condition, or that it does not hold. "Is not" is "is" turned round, so that nothing known counts as "is not"."""
    how = one.how
    if how in _OPPOSITES:
        how, holds = _OPPOSITES[how], not holds
    if one.about in _DEEDS:
        return _deed(one, how, meaning, holds)
    if one.about is About.LIST:
        return _listed(one, meaning, holds)
    found = _plain(one, how, meaning)
    return found if holds else not_(found)


def _plain(one: Condition, how: How, meaning: Meaning) -> ColumnElement[bool]:
    if one.about is About.FIELD:
        return _FIELDS[FieldKind(one.kind)](one, how, meaning)
    if one.about is About.ADDED:
        return _moment(Contact.created_at, one, how, meaning)
    if one.about in _CONSENTS:
        return _CONSENTS[one.about](one, how, meaning)
    if one.about is About.MAILABLE:
        may = and_(
            _agreed(meaning, ConsentPurpose.MARKETING),
            not_(is_suppressed(Contact.address_hash, meaning.partner_id, _NO_VENDOR)),
        )
        return may if how is How.YES else not_(may)
    column = domain_of(Contact.email) if one.about is About.EMAIL_DOMAIN else getattr(Contact, str(one.about))
    return _text(column, one, how)


def _text(column: Any, one: Condition, how: How) -> ColumnElement[bool]:
    found: ColumnElement[bool]
    match how:
        case How.IS:
            found = column == one.value
        case How.IN:
            found = column.in_(_many(one))
        case How.CONTAINS:
            found = small(column).like(f"%{_escaped(one.value)}%", escape="!")
        case How.BEGINS:
            found = small(column).like(f"{_escaped(one.value)}%", escape="!")
        case How.FILLED:
            found = column != ""
        case _:
            raise ValueError(how)
    return found


def _many(one: Condition) -> tuple[Any, ...]:
    return one.value if isinstance(one.value, tuple) else (one.value,)


def _escaped(value: Any) -> str:
    text = small_letters(str(value))
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _moment(column: Any, one: Condition, how: How, meaning: Meaning) -> ColumnElement[bool]:
    found: ColumnElement[bool]
    match how:
        case How.BEFORE:
            found = column < _midnight(one.value)
        case How.AFTER:
            found = column >= _midnight(one.value) + timedelta(days=1)
        case How.WITHIN:
            found = column >= meaning.ago(one.value)
        case How.LONGER:
            found = column < meaning.ago(one.value)
        case _:
            raise ValueError(how)
    return found


def _midnight(value: Any) -> datetime:
    return datetime.combine(date.fromisoformat(str(value)), datetime.min.time(), UTC)


def _field_text(one: Condition, how: How, _meaning: Meaning) -> ColumnElement[bool]:
    return _text(func.coalesce(json_text(Contact.fields, one.key), ""), one, how)


def _field_number(one: Condition, how: How, _meaning: Meaning) -> ColumnElement[bool]:
    column = json_number(Contact.fields, one.key)
    found: ColumnElement[bool]
    match how:
        case How.IS:
            found = column == one.value
        case How.LESS:
            found = column < one.value
        case How.MORE:
            found = column > one.value
        case How.BETWEEN:
            low, high = _many(one)
            found = and_(column >= low, column <= high)
        case How.FILLED:
            return column.is_not(None)
        case _:
            raise ValueError(how)
    return func.coalesce(found, false())


def _field_date(one: Condition, how: How, meaning: Meaning) -> ColumnElement[bool]:
    column = func.coalesce(json_text(Contact.fields, one.key), "")
    found: ColumnElement[bool]
    match how:
        case How.BEFORE:
            found = column < str(one.value)
        case How.AFTER:
            found = column > str(one.value)
        case How.WITHIN:
            found = column.between(meaning.days_ago(one.value).isoformat(), meaning.today.isoformat())
        case How.LONGER:
            found = column < meaning.days_ago(one.value).isoformat()
        case How.FILLED:
            found = true()
        case _:
            raise ValueError(how)
    return and_(column != "", found)


def _field_flag(one: Condition, how: How, _meaning: Meaning) -> ColumnElement[bool]:
    column = json_flag(Contact.fields, one.key)
    if how is How.FILLED:
        return column.is_not(None)
    return func.coalesce(column == (true() if how is How.YES else false()), false())


_FIELDS: dict[FieldKind, Callable[[Condition, How, Meaning], ColumnElement[bool]]] = {
    FieldKind.TEXT: _field_text,
    FieldKind.CHOICE: _field_text,
    FieldKind.NUMBER: _field_number,
    FieldKind.DATE: _field_date,
    FieldKind.YES_NO: _field_flag,
}


def _among(
    column: Any, meaning: Meaning, holds: bool, *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Whether the contact is among those of a table with these conditions, or that it is not."""
    if holds and not meaning.windowed and is_sqlite():
        return Contact.id.in_(select(column).where(*conditions))  # unscoped: by partner id
    there = select(column).where(column == Contact.id, *conditions)  # unscoped: by partner id
    found = there.correlate(Contact).exists()
    return found if holds else not_(found)


def _listed(one: Condition, meaning: Meaning, holds: bool) -> ColumnElement[bool]:
    lists = [int(each) for each in _many(one)]
    mine = (ListMember.partner_id == meaning.partner_id, ListMember.list_id.in_(lists))
    return _among(ListMember.contact_id, meaning, holds, *mine)


def _deed(one: Condition, how: How, meaning: Meaning, holds: bool) -> ColumnElement[bool]:
    mine = [
        Engagement.partner_id == meaning.partner_id,
        Engagement.deed == _DEEDS[one.about],
        Engagement.campaign_id == one.campaign,
    ]
    match how:
        case How.EVER:
            pass
        case How.WITHIN:
            mine.append(Engagement.last_at >= meaning.ago(one.value))
        case How.LONGER:
            mine.append(Engagement.last_at < meaning.ago(one.value))
        case How.TIMES:
            mine.append(Engagement.times >= one.value)
        case _:
            raise ValueError(how)
    return _among(Engagement.contact_id, meaning, holds, *mine)


def _agreed(
    meaning: Meaning, purpose: ConsentPurpose, *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    """A yes to this purpose that counts today, with these conditions."""
    inner = select(Consent.id).where(  # unscoped: bound to the contact of the outer query
        Consent.contact_id == Contact.id,
        Consent.purpose == purpose,
        Consent.withdrawn_at.is_(None),
        or_(Consent.expires_on.is_(None), Consent.expires_on >= meaning.today),
        *conditions,
    )
    return inner.correlate(Contact).exists()


def _consent(one: Condition, how: How, meaning: Meaning) -> ColumnElement[bool]:
    purpose = ConsentPurpose(str(one.about))
    match how:
        case How.YES:
            return _agreed(meaning, purpose)
        case How.NO:
            return not_(_agreed(meaning, purpose))
        case How.EXPIRES:
            last = meaning.today + timedelta(days=int(one.value))  # type: ignore[arg-type]
            return _agreed(meaning, purpose, Consent.expires_on <= last)
        case How.WITHIN:
            return _agreed(meaning, purpose, Consent.given_on >= meaning.days_ago(one.value))
        case How.LONGER:
            return _agreed(meaning, purpose, Consent.given_on < meaning.days_ago(one.value))
        case _:
            raise ValueError(how)


def _basis(one: Condition, _how: How, meaning: Meaning) -> ColumnElement[bool]:
    return _agreed(meaning, ConsentPurpose.MARKETING, Consent.basis == ConsentBasis(str(one.value)))


def _source(one: Condition, how: How, meaning: Meaning) -> ColumnElement[bool]:
    return _agreed(meaning, ConsentPurpose.MARKETING, _text(Consent.source, one, how))


_CONSENTS: dict[About, Callable[[Condition, How, Meaning], ColumnElement[bool]]] = {
    About.MARKETING: _consent,
    About.TRACKING: _consent,
    About.BASIS: _basis,
    About.SOURCE: _source,
}
