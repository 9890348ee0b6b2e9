"""How figures, money and times are written for people, in one place.

A missing value is an en dash, so that zero keeps its meaning; times stand in the zone of the organisation that looks.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, get_currency_precision
from flask import Flask, g, has_app_context

from app import clock
from app.money import Money

LOCALE = "en"
NONE = "–"
_HARD = "\u00a0"
_MINUS = "−"


def zone() -> str:
    """The IANA time zone of whoever looks: their organisation's, or UTC."""
    found = (
        (g.get("timezone") or getattr(getattr(g.get("actor"), "organisation", None), "timezone", None))
        if has_app_context()
        else None
    )
    return found or "UTC"


def count(value: int | None) -> str:
    """`3,388`; nothing known is `–`."""
    return NONE if value is None else _true_minus(format_decimal(value, locale=LOCALE))


def money(value: Money | tuple[int, str] | None) -> str:
    """`EUR 1,200` in a sentence; cents only where there are some."""
    if value is None:
        return NONE
    amount, digits, currency = _parts(value)
    pattern = "#,##0" if amount == amount.to_integral_value() else "#,##0." + "0" * digits
    return f"{currency}{_HARD}{_true_minus(format_decimal(amount, pattern, locale=LOCALE))}"


def amount(value: Money | tuple[int, str] | None) -> str:
    """`1,200.00` in a table whose header names the currency."""
    if value is None:
        return NONE
    decimal, digits, currency = _parts(value)
    return _true_minus(
        format_currency(
            decimal,
            currency,
            "#,##0." + "0" * digits if digits else "#,##0",
            locale=LOCALE,
            currency_digits=False,
        )
    )


def share(value: float | None, digits: int | None = None) -> str:
    """A fraction as `7.1 %`: one decimal under 10, none from there on, or as many as `digits` says."""
    if value is None:
        return NONE
    percent = Decimal(str(value)) * 100
    places = digits if digits is not None else (1 if 0 < abs(percent) < 10 else 0)
    return f"{_true_minus(_rounded(percent, places))}{_HARD}%"


def lift(value: float | None) -> str:
    """A change as `+3 %` or `−41 %`, with its sign."""
    if value is None:
        return NONE
    text = _true_minus(_rounded(Decimal(str(value)) * 100, 0))
    return f"{'' if text.startswith(_MINUS) or text == '0' else '+'}{text}{_HARD}%"


def day(value: date | datetime | None) -> str:
    """`Tue 19 May`, with the year when it is another than this one."""
    if value is None:
        return NONE
    here = _local(value).date() if isinstance(value, datetime) else value
    pattern = "EEE d MMM" if here.year == clock.today(zone()).year else "EEE d MMM y"
    return format_date(here, pattern, locale=LOCALE)


def time(value: datetime | None) -> str:
    """`07:37` on the clock of whoever looks."""
    return NONE if value is None else format_time(_local(value), "HH:mm", locale=LOCALE)


def moment(value: datetime | None) -> str:
    """`today 07:37`, `yesterday 18:02`, `tomorrow 09:30`, else `Tue 19 May, 07:37`."""
    if value is None:
        return NONE
    away = (_local(value).date() - clock.today(zone())).days
    near = {0: "today", -1: "yesterday", 1: "tomorrow"}.get(away)
    return f"{near} {time(value)}" if near else f"{day(value)}, {time(value)}"


def span(value: timedelta | float | None) -> str:
    """A length of time (or seconds) by its two largest units: `2 h 10 min`, `3 days`, `40 s`."""
    if value is None:
        return NONE
    seconds = round(value.total_seconds() if isinstance(value, timedelta) else value)
    if abs(seconds) < 60:
        return f"{seconds}{_HARD}s"
    minutes, hours = seconds // 60 % 60, seconds // 3600
    if hours >= 48:
        days, rest = divmod(hours, 24)
        return f"{days}{_HARD}days" + (f" {rest}{_HARD}h" if rest and days < 5 else "")
    parts = [f"{hours}{_HARD}h"] if hours else []
    return " ".join([*parts, f"{minutes}{_HARD}min"] if minutes or not parts else parts)


def iso(value: date | datetime | None) -> str:
    """ISO 8601 for `<time datetime>` and exports."""
    if value is None:
        return ""
    return _local(value).isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


def size(value: int | None) -> str:
    """Bytes as `38 KB` or `1.4 MB`."""
    if value is None:
        return NONE
    if value < 1_000:
        return f"{value}{_HARD}bytes"
    kilo = value / 1_000
    return f"{kilo:.0f}{_HARD}KB" if kilo < 1_000 else f"{kilo / 1_000:.1f}{_HARD}MB"


def place(name: str) -> str:
    """A zone as people say it: `Europe/Amsterdam` is `Amsterdam time`."""
    return f"{name.rpartition('/')[2].replace('_', ' ')} time"


def plural(value: int, one: str, many: str | None = None) -> str:
    """`1 contact`, `3,388 contacts`; `many` where an s is not enough."""
    return f"{count(value)}{_HARD}{one if value == 1 else many or one + 's'}"


def register(app: Flask) -> None:
    """Make the formats filters of every template."""
    for function in (count, money, amount, share, lift, day, time, moment, span, iso, size, place, plural):
        app.jinja_env.filters[function.__name__] = function


def _local(value: datetime) -> datetime:
    return value.astimezone(ZoneInfo(zone()))


def _parts(value: Money | tuple[int, str]) -> tuple[Decimal, int, str]:
    minor, currency = (value.minor, value.currency) if isinstance(value, Money) else value
    digits = get_currency_precision(currency)
    return Decimal(minor).scaleb(-digits), digits, currency


def _rounded(value: Decimal, places: int) -> str:
    rounded = round(value, places) + 0  # adding zero turns −0 into 0
    return format_decimal(rounded, "#,##0" + ("." + "0" * places if places else ""), locale=LOCALE)


def _true_minus(text: str) -> str:
    return text.replace("-", _MINUS)
