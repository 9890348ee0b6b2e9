"""The formats people read: each line of the table in the interface's rules, with the traps beside them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask, g

from app import clock
from app.money import Money
from app.web import filters

NB = "\u00a0"


@pytest.mark.parametrize(("value", "text"), [(3388, "3,388"), (0, "0"), (None, "–"), (-418, "−418")])
def test_counts(value: int | None, text: str) -> None:
    assert filters.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Money(120_000), f"EUR{NB}1,200"),
        (Money(120_050), f"EUR{NB}1,200.50"),
        (Money(-500), f"EUR{NB}−5"),
        (Money(0), f"EUR{NB}0"),
        ((12_345, "JPY"), f"JPY{NB}12,345"),
        (Money(123_456_789_012), f"EUR{NB}1,234,567,890.12"),
        (None, "–"),
    ],
)
def test_money_in_sentences(value: Money | None, text: str) -> None:
    assert filters.money(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Money(120_000), "1,200.00"),
        (Money(5), "0.05"),
        ((12_345, "JPY"), "12,345"),
        (Money(-100), "−1.00"),
        (None, "–"),
    ],
)
def test_money_in_tables(value: Money | None, text: str) -> None:
    assert filters.amount(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0707, "7.1"), (0.5, "50"), (0, "0"), (1, "100"), (0.0004, "0.0"), (0.186, "19"), (0.0995, "10.0")],
)
def test_shares(value: float, text: str) -> None:
    assert filters.share(value) == f"{text}{NB}%"


@pytest.mark.parametrize(
    ("value", "text"), [(0.03, "+3"), (-0.41, "−41"), (0, "0"), (-0.001, "0"), (1.024, "+102")]
)
def test_lifts_carry_a_true_sign(value: float, text: str) -> None:
    assert filters.lift(value) == f"{text}{NB}%"


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 5, 19, 22, 30, tzinfo=UTC))


def _in_amsterdam(app: Flask, function, value) -> str:
    with app.app_context():
        g.timezone = "Europe/Amsterdam"
        return function(value)


def test_days_leave_out_this_year(app: Flask, noon: None) -> None:
    assert _in_amsterdam(app, filters.day, date(2026, 6, 12)) == "Fri 12 Jun"
    assert _in_amsterdam(app, filters.day, date(2025, 6, 12)) == "Thu 12 Jun 2025"
    assert _in_amsterdam(app, filters.day, None) == "–"


def test_moments_are_told_on_the_clock_of_who_looks(app: Flask, noon: None) -> None:
    # At 22:30 UTC it is already the 20th in Amsterdam.
    assert _in_amsterdam(app, filters.moment, datetime(2026, 5, 19, 22, 7, tzinfo=UTC)) == "today 00:07"
    assert _in_amsterdam(app, filters.moment, datetime(2026, 5, 19, 7, 37, tzinfo=UTC)) == "yesterday 09:37"
    assert _in_amsterdam(app, filters.moment, datetime(2026, 5, 21, 7, 30, tzinfo=UTC)) == "tomorrow 09:30"
    assert _in_amsterdam(app, filters.moment, datetime(2026, 5, 12, 7, 30, tzinfo=UTC)) == "Tue 12 May, 09:30"
    assert (
        _in_amsterdam(app, filters.iso, datetime(2026, 5, 19, 7, 37, tzinfo=UTC))
        == "2026-05-19T09:37:00+02:00"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (40, "40 s"),
        (7_800, "2 h 10 min"),
        (3_600, "1 h"),
        (90, "1 min"),
        (259_200, "3 days"),
        (180_000, "2 days 2 h"),
        (0, "0 s"),
    ],
)
def test_spans(seconds: int, text: str) -> None:
    assert filters.span(timedelta(seconds=seconds)).replace(NB, " ") == text
    assert filters.span(seconds).replace(NB, " ") == text


def test_sizes_zones_and_plurals() -> None:
    assert [filters.size(n).replace(NB, " ") for n in (999, 38_112, 1_400_000)] == [
        "999 bytes",
        "38 KB",
        "1.4 MB",
    ]
    assert filters.place("America/New_York") == "New York time"
    assert [filters.plural(n, "contact").replace(NB, " ") for n in (0, 1, 3388)] == [
        "0 contacts",
        "1 contact",
        "3,388 contacts",
    ]
    assert filters.plural(2, "person", "people").replace(NB, " ") == "2 people"
