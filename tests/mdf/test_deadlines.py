"""Clocks count working days, and say when they are late."""

from datetime import UTC, date, datetime

import pytest

from app.mdf.deadlines import add_working_days, answer_by, clock, working_days

FRIDAY = date(2026, 5, 15)


def test_weekends_do_not_count() -> None:
    assert add_working_days(FRIDAY, 1) == date(2026, 5, 18)
    assert add_working_days(FRIDAY, 3) == date(2026, 5, 20)
    assert working_days(FRIDAY, date(2026, 5, 17)) == 0
    assert working_days(FRIDAY, date(2026, 5, 20)) == 3


@pytest.mark.parametrize(
    ("day", "text", "tone"),
    [
        (15, "day 1 of 5", ""),
        (19, "day 2 of 5", ""),
        (21, "day 4 of 5", "wait"),
        (22, "day 5 of 5", "wait"),
        (26, "2 working days late", "bad"),
    ],
)
def test_a_clock(day: int, text: str, tone: str) -> None:
    seen = clock(
        datetime(2026, 5, 15, 9, tzinfo=UTC), 5, datetime(2026, 5, day, 10, tzinfo=UTC), "Europe/Oslo"
    )
    assert (seen.text, seen.tone, seen.until) == (text, tone, date(2026, 5, 22))


def test_an_answer_is_due_at_the_end_of_the_vendors_day() -> None:
    late_friday = datetime(2026, 5, 15, 23, 30, tzinfo=UTC)  # Saturday in Oslo
    assert answer_by(late_friday, 1, "Europe/Oslo").astimezone(UTC) == datetime(
        2026, 5, 18, 21, 59, 59, tzinfo=UTC
    )
