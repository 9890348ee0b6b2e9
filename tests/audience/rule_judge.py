"""A segment's rules judged in plain Python, contact by contact: what the SQL must agree with."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.audience.rules import About, Condition, How, Join, Rules

DEEDS = ("sent", "opened", "clicked", "submitted", "bought")


@dataclass
class Someone:
    """A contact with all that rules may ask about."""

    texts: dict[str, str]
    email: str
    added: datetime
    own: dict[str, Any] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)
    yeses: list[dict[str, Any]] = field(default_factory=list)
    deeds: dict[tuple[str, int], tuple[int, datetime]] = field(default_factory=dict)
    said_no: bool = False


def meets(rules: Rules, who: Someone, at: datetime) -> bool:
    """Whether the rules mean this person."""
    found = []
    for group in rules.groups:
        if group.conditions:
            held = [_holds(each, who, at) for each in group.conditions]
            found.append({Join.ALL: all(held), Join.ANY: any(held), Join.NONE: not any(held)}[group.join])
    if not found:
        return True
    return all(found) if rules.join is Join.ALL else any(found)


def _holds(one: Condition, who: Someone, at: datetime) -> bool:
    about = one.about
    if str(about) in DEEDS:
        return _deed(one, who.deeds.get((str(about), one.campaign)), at)
    if about is About.LIST:
        assert isinstance(one.value, tuple)
        return bool(who.lists & {str(each) for each in one.value}) is (one.how is How.IN)
    if about is About.FIELD:
        return _own(one, who.own.get(one.key), at)
    if about is About.ADDED:
        return _moment(one, who.added, at)
    if about in (About.MARKETING, About.TRACKING, About.BASIS, About.SOURCE):
        return _consent(one, who, at)
    if about is About.MAILABLE:
        may = bool(_current(who, "marketing", at)) and not who.said_no
        return may is (one.how is How.YES)
    text = who.email.partition("@")[2] if about is About.EMAIL_DOMAIN else who.texts[str(about)]
    return _text(one, text)


def _lower(text: str) -> str:
    return text.translate({n: n + 32 for n in range(65, 91)})


def _text(one: Condition, text: str) -> bool:
    match one.how:
        case How.IS:
            return text == one.value
        case How.IS_NOT:
            return text != one.value
        case How.IN:
            return text in (one.value if isinstance(one.value, tuple) else ())
        case How.CONTAINS:
            return _lower(str(one.value)) in _lower(text)
        case How.BEGINS:
            return _lower(text).startswith(_lower(str(one.value)))
        case How.FILLED:
            return text != ""
        case How.EMPTY:
            return text == ""
    raise AssertionError(one)


def _deed(one: Condition, known: tuple[int, datetime] | None, at: datetime) -> bool:
    if one.how in (How.NEVER, How.NOT_WITHIN):
        return known is None or (one.how is How.NOT_WITHIN and not _within(known[1], one.value, at))
    if known is None:
        return False
    match one.how:
        case How.EVER:
            return True
        case How.TIMES:
            return known[0] >= float(str(one.value))
        case How.WITHIN:
            return _within(known[1], one.value, at)
        case How.LONGER:
            return not _within(known[1], one.value, at)
    raise AssertionError(one)


def _within(moment: datetime, days: Any, at: datetime) -> bool:
    return moment >= at - timedelta(days=days)


def _moment(one: Condition, moment: datetime, at: datetime) -> bool:
    match one.how:
        case How.WITHIN:
            return _within(moment, one.value, at)
        case How.LONGER:
            return not _within(moment, one.value, at)
        case How.BEFORE:
            return moment.astimezone(UTC).date() < date.fromisoformat(str(one.value))
        case How.AFTER:
            return moment.astimezone(UTC).date() > date.fromisoformat(str(one.value))
    raise AssertionError(one)


def _own(one: Condition, value: Any, at: datetime) -> bool:
    kinds = {"number": (int, float), "yes_no": bool}.get(one.kind, str)
    if not isinstance(value, kinds) or (one.kind == "number" and isinstance(value, bool)):  # type: ignore[arg-type]
        value = None
    if one.kind in ("text", "choice"):
        return _text(one, value or "")
    if one.how in (How.FILLED, How.EMPTY):
        return (value not in (None, "")) is (one.how is How.FILLED)
    if value is None or value == "":
        return False
    if one.kind == "yes_no":
        return bool(value is (one.how is How.YES))
    return _number(one, value) if one.kind == "number" else _day(one, value, at)


def _number(one: Condition, value: float) -> bool:
    match one.how:
        case How.IS:
            return value == one.value
        case How.LESS:
            return value < float(str(one.value))
        case How.MORE:
            return value > float(str(one.value))
        case How.BETWEEN:
            assert isinstance(one.value, tuple)
            return float(one.value[0]) <= value <= float(one.value[1])
    raise AssertionError(one)


def _day(one: Condition, value: str, at: datetime) -> bool:
    day, today = date.fromisoformat(value), at.astimezone(UTC).date()
    match one.how:
        case How.BEFORE:
            return day < date.fromisoformat(str(one.value))
        case How.AFTER:
            return day > date.fromisoformat(str(one.value))
        case How.WITHIN:
            return today - timedelta(days=float(str(one.value))) <= day <= today
        case How.LONGER:
            return day < today - timedelta(days=float(str(one.value)))
    raise AssertionError(one)


def _current(who: Someone, purpose: str, at: datetime) -> list[dict[str, Any]]:
    today = at.astimezone(UTC).date()
    return [
        yes
        for yes in who.yeses
        if yes["purpose"] == purpose
        and not yes["withdrawn"]
        and (yes["expires_on"] is None or yes["expires_on"] >= today)
    ]


def _consent(one: Condition, who: Someone, at: datetime) -> bool:
    purpose = "tracking" if one.about is About.TRACKING else "marketing"
    found, today = _current(who, purpose, at), at.astimezone(UTC).date()
    if one.about is About.BASIS:
        return any(yes["basis"] == one.value for yes in found) is (one.how is How.IS)
    if one.about is About.SOURCE:
        if one.how is How.IS_NOT:
            return not any(yes["source"] == one.value for yes in found)
        return any(_text(one, yes["source"]) for yes in found)
    if one.how in (How.YES, How.NO):
        return bool(found) is (one.how is How.YES)
    days = timedelta(days=float(str(one.value)))
    match one.how:
        case How.EXPIRES:
            return any(yes["expires_on"] and yes["expires_on"] <= today + days for yes in found)
        case How.WITHIN:
            return any(yes["given_on"] >= today - days for yes in found)
        case How.LONGER:
            return any(yes["given_on"] < today - days for yes in found)
    raise AssertionError(one)
