"""The clock of a review: working days on the vendor's clock, half and whole."""

from datetime import UTC, datetime, timedelta

import pytest

from app.campaigns.review_clock import clock, due, working_time

OSLO = "Europe/Oslo"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "days", "answer"),
    [
        ("2026-11-17T10:00", 2, "2026-11-19T10:00"),  # Tuesday to Thursday
        ("2026-11-20T14:00", 2, "2026-11-24T14:00"),  # Friday to Tuesday: the weekend doesn't count
        (
            "2026-11-21T14:00",
            1,
            "2026-11-23T23:00",
        ),  # Saturday: the clock begins on Monday at midnight in Oslo
        (
            "2026-10-23T10:00",
            1,
            "2026-10-26T11:00",
        ),  # over the night in which clocks go back it is due at the same hour of the wall
    ],
)
def test_an_answer_is_due_after_so_many_working_days(asked: str, days: int, answer: str) -> None:
    assert due(at(asked), days, OSLO) == at(answer)


def test_weekends_do_not_count() -> None:
    friday, monday = at("2026-11-20T22:00"), at("2026-11-23T00:00")
    assert working_time(friday, monday, OSLO) == timedelta(hours=2)
    assert working_time(monday, friday, OSLO) == timedelta(0)
    assert working_time(friday, friday + timedelta(weeks=10), OSLO) == timedelta(days=50)


def test_the_clock_says_what_has_passed_and_by_how_much_it_is_late() -> None:
    asked = at("2026-11-17T10:00")
    fresh = clock(asked, 2, asked + timedelta(hours=5, minutes=10), OSLO)
    assert fresh.text.replace("\xa0", " ") == "5 h 10 min of 2 working days"
    assert not fresh.is_half
    half = clock(asked, 2, asked + timedelta(days=1), OSLO)
    assert half.is_half
    assert not half.is_over
    assert half.text.replace("\xa0", " ") == "1 day of 2 working days"
    late = clock(asked, 2, asked + timedelta(days=2, hours=3), OSLO)
    assert late.is_over
    assert late.text.replace("\xa0", " ") == "3 h late"
    saturday = at("2026-11-21T10:00")
    weekend = clock(saturday, 2, saturday + timedelta(hours=20), OSLO)
    assert weekend.text.replace("\xa0", " ") == "none of 2 working days used"
