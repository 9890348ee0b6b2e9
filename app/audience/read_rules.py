"""Rules from what a person chose in the builder: every id is one of the partner's own, every comparison one that its subject has.

A row that can't be read keeps what was typed and says what is wrong; a count leaves it out, saving refuses it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from app.accounts.models import Organisation
from app.audience.consent import BASIS_WORDS
from app.audience.fields import fields_of
from app.audience.lists import all_lists
from app.audience.models import ContactField, ContactList, FieldKind
from app.audience.rule_shapes import COMPARISONS, DEEDS, Wants, comparisons, wants
from app.audience.rules import About, Condition, Group, How, Join, Rules, Value
from app.errors import Invalid

MOST_CONDITIONS = 20
MOST_GROUPS = 5
MOST_TEXTS = 50
MOST_DAYS = 3_650
FIELD_PREFIX = "field:"
_WHOLE = {Wants.DAYS: (0, MOST_DAYS, "days"), Wants.TIMES: (1, 10_000, "times")}


@dataclass(frozen=True)
class Known:
    """What the partner's rules may speak of: its lists, its fields, and its campaigns as (id, public id, name)."""

    lists: tuple[ContactList, ...]
    fields: tuple[ContactField, ...]
    campaigns: tuple[tuple[int, str, str], ...] = ()

    def field(self, name: str) -> ContactField | None:
        """A field by its name."""
        return next((each for each in self.fields if each.name == name), None)

    def list_name(self, list_id: int) -> str:
        """A list's name; empty where it is gone."""
        return next((each.name for each in self.lists if each.id == list_id), "")

    def campaign_name(self, campaign_id: int) -> str:
        """A campaign's name; empty where it isn't known."""
        return next((name for own, _, name in self.campaigns if own == campaign_id), "")


@dataclass(frozen=True)
class Row:
    """One condition as it stands in the builder: what was chosen and typed, and the condition or what is wrong."""

    about: str = ""
    how: str = ""
    value: str = ""
    until: str = ""  # the upper end of a range
    campaign: str = ""
    condition: Condition | None = None
    error: str = ""


@dataclass(frozen=True)
class Box:
    """One group as it stands in the builder."""

    join: Join = Join.ALL
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Draft:
    """All of the builder."""

    join: Join = Join.ALL
    boxes: tuple[Box, ...] = field(default=(Box(rows=(Row(),)),))

    @property
    def rules(self) -> Rules:
        """The rules without rows that can't be read."""
        groups = tuple(
            Group(tuple(row.condition for row in box.rows if row.condition), box.join) for box in self.boxes
        )
        return Rules(groups, self.join)

    @property
    def error(self) -> str:
        """What is wrong first, empty where nothing is."""
        return next((row.error for box in self.boxes for row in box.rows if row.error), "")


def known_of(partner: Organisation, campaigns: Sequence[tuple[int, str, str]] = ()) -> Known:
    """What this partner's rules may speak of."""
    return Known(tuple(all_lists(partner)), tuple(fields_of(partner)), tuple(campaigns))


def read(form: Mapping[str, str], known: Known) -> Draft:
    """The builder from its form: `join`, and for each group `g0-join` and its rows `g0-0-about`, `-how`, `-value`, `-until`, `-campaign`.

    Raises Invalid for a form that isn't the builder's.
    """
    places: dict[int, set[int]] = {}
    for name in form:
        if name.startswith("g") and name.endswith(("-about", "-join")):
            group, number = _place(name)
            places.setdefault(group, set()).update(() if number is None else (number,))
    if len(places) > MOST_GROUPS or sum(map(len, places.values())) > MOST_CONDITIONS:
        raise Invalid(f"A segment has at most {MOST_GROUPS} groups and {MOST_CONDITIONS} conditions.")
    boxes = tuple(
        Box(
            _join(form.get(f"g{group}-join", "all")),
            tuple(_read_row(form, f"g{group}-{number}", known) for number in sorted(places[group])),
        )
        for group in sorted(places)
    )
    join = _join(form.get("join", "all"))
    if join is Join.NONE:
        raise _foreign()
    return Draft(join, boxes or Draft().boxes)


def _foreign() -> Invalid:
    return Invalid("This form doesn’t fit the segment. Load the page again.")


def _place(name: str) -> tuple[int, int | None]:
    parts = name[1:].split("-")
    if not 2 <= len(parts) <= 3 or any(not (p.isascii() and p.isdigit() and len(p) < 4) for p in parts[:-1]):
        raise _foreign()
    return int(parts[0]), int(parts[1]) if len(parts) == 3 else None


def _join(text: str) -> Join:
    try:
        return Join(text)
    except ValueError:
        raise _foreign() from None


def _read_row(form: Mapping[str, str], prefix: str, known: Known) -> Row:
    names = ("about", "how", "value", "until", "campaign")
    about, how, value, until, campaign = (form.get(f"{prefix}-{name}", "").strip() for name in names)
    return checked(Row(about, how, value, until, campaign), known)


def checked(row: Row, known: Known) -> Row:
    """The row with its condition, or with what is wrong. A comparison that the subject doesn't have becomes its first one."""
    if not row.about:
        return row
    about, own = subject(row.about, known)
    kind = str(own.kind) if own else ""
    offered = comparisons(about, kind)
    if row.how not in offered:  # the subject was changed a moment ago
        if row.how and row.how not in set(How):
            raise _foreign()
        row = replace(row, how=str(offered[0]), value="", until="", campaign=row.campaign)
    how = How(row.how)
    try:
        value = _value(row, about, how, own, known)
        campaign = _campaign(row.campaign, known) if about in DEEDS else 0
    except Invalid as error:
        return replace(row, error=error.message)
    condition = Condition(about, how, value, own.name if own else "", kind, campaign)
    return replace(row, condition=condition)


def subject(text: str, known: Known) -> tuple[About, ContactField | None]:
    """What a row is about. Raises Invalid for what is no subject, or no field of this partner's."""
    if text.startswith(FIELD_PREFIX):
        found = next((each for each in known.fields if each.pid == text.removeprefix(FIELD_PREFIX)), None)
        if found is None:
            raise Invalid("This field is gone. Choose another.")
        return About.FIELD, found
    if text not in {str(each) for each in COMPARISONS}:
        raise _foreign()
    return About(text), None


def _campaign(pid: str, known: Known) -> int:
    if not pid:
        return 0
    found = next((own for own, public, _ in known.campaigns if public == pid), None)
    if found is None:
        raise Invalid("This campaign is gone. Choose another.")
    return found


def _value(row: Row, about: About, how: How, own: ContactField | None, known: Known) -> Value:
    match wants(about, how, str(own.kind) if own else ""):
        case Wants.NOTHING:
            return None
        case Wants.LIST:
            return (_list(row.value, known),)
        case Wants.CHOICE:
            return _choice(row.value, about, own)
        case Wants.TEXTS:
            return _texts(row.value, about)
        case Wants.NUMBER:
            return _number(row.value)
        case Wants.RANGE:
            return _range(row)
        case Wants.DATE:
            return _date(row.value)
        case Wants.DAYS | Wants.TIMES as counted:
            return _whole(row.value, *_WHOLE[counted])
        case _:
            return _text(row.value, about)


def _list(pid: str, known: Known) -> str:
    found = next((each.id for each in known.lists if each.pid == pid), None)
    if found is None:
        raise Invalid("Choose one of your lists.")
    return str(found)


def _choice(text: str, about: About, own: ContactField | None) -> str:
    allowed = {str(each) for each in BASIS_WORDS} if about is About.BASIS else set(own.choices if own else ())
    if text not in allowed:
        raise Invalid("Choose one of these.")
    return text


def _text(text: str, about: About) -> str:
    if not text:
        raise Invalid("Write what it is to be compared with.")
    if len(text) > 160 or "\x00" in text:
        raise Invalid("Write at most 160 characters.")
    if about is About.COUNTRY:
        return text.upper()
    if about is About.EMAIL_DOMAIN:
        return text.lower().removeprefix("@")
    return text


def _texts(text: str, about: About) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(_text(part.strip(), about) for part in text.split(",") if part.strip()))
    if not 0 < len(found) <= MOST_TEXTS:
        raise Invalid(f"Write up to {MOST_TEXTS} of them, with commas between.")
    return found


def _number(text: str) -> float:
    try:
        found = float(text.replace(",", ".").replace(" ", ""))
    except ValueError:
        raise Invalid("Write a number.") from None
    if not math.isfinite(found) or abs(found) > 1e15:
        raise Invalid("Write a number.")
    return found


def _range(row: Row) -> tuple[float, ...]:
    low, high = _number(row.value), _number(row.until)
    if low > high:
        raise Invalid("Write the smaller number first.")
    return low, high


def _whole(text: str, least: int, most: int, of: str) -> float:
    if not (text.isascii() and text.isdigit() and len(text) < 8 and least <= int(text) <= most):
        raise Invalid(f"Write how many {of}: a whole number from {least} to {most:,}.")
    return float(text)


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Invalid("Choose a date.") from None


def draft_of(rules: Rules, known: Known) -> Draft:
    """Stored rules as the builder shows them; what they speak of and is gone says so in its row."""
    boxes = tuple(
        Box(group.join, tuple(_row_of(each, known) for each in group.conditions)) for group in rules.groups
    )
    return Draft(rules.join, boxes or Draft().boxes)


def _row_of(one: Condition, known: Known) -> Row:
    about = str(one.about)
    if one.about is About.FIELD:
        own = known.field(one.key)
        if own is None or own.kind != one.kind:
            return Row(error=f"The field “{one.key}” is gone, or of another kind now. Choose another.")
        about = FIELD_PREFIX + own.pid
    values = one.value if isinstance(one.value, tuple) else (one.value,)
    if one.about is About.LIST:
        values = tuple(each.pid for each in known.lists if str(each.id) in values)
    texts = ["" if each is None else f"{each:g}" if isinstance(each, float) else str(each) for each in values]
    if one.kind == FieldKind.NUMBER and one.how is How.BETWEEN:
        value, until = texts
    else:
        value, until = ", ".join(texts), ""
    campaign = next((public for own_id, public, _ in known.campaigns if own_id == one.campaign), "")
    return checked(Row(about, str(one.how), value, until, campaign), known)
