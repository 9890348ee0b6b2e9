"""Machines are told from people by signs that are written down; a person's first click is a person's."""

from datetime import UTC, datetime, timedelta

import pytest

from app.tracking.machines import Seen, judge

NOW = datetime(2026, 6, 2, 9, 30, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_a_person_with_a_browser_is_a_person() -> None:
    assert judge(Seen("GET", FIREFOX, NOW, NOW - timedelta(minutes=3), number=1)) is None


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (Seen("HEAD", FIREFOX, NOW), "asked for the head only"),
        (Seen("GET", "", NOW), "gave no agent"),
        (Seen("GET", "python-requests/2.32.3", NOW), "a script’s agent"),
        (Seen("GET", "curl/8.5.0", NOW), "a script’s agent"),
        (Seen("GET", "Mozilla/5.0 (compatible; bingbot/2.0)", NOW), "a script’s agent"),
        (Seen("GET", FIREFOX, NOW, NOW - timedelta(seconds=1.9)), "within 2 seconds of delivery"),
        (Seen("GET", "Mozilla/5.0", NOW, is_open=True), "a privacy proxy"),
    ],
)
def test_each_sign_of_a_machine_gives_its_reason(seen: Seen, reason: str) -> None:
    assert judge(seen) == reason


def test_three_different_links_within_two_seconds_are_a_scanners() -> None:
    recent = ((1, NOW - timedelta(seconds=1)), (2, NOW - timedelta(seconds=0.5)))
    assert judge(Seen("GET", FIREFOX, NOW, recent=recent, number=3)) == "3 links within 2 seconds"
    assert judge(Seen("GET", FIREFOX, NOW, recent=recent, number=2)) is None


def test_two_links_in_a_row_are_a_curious_persons() -> None:
    assert judge(Seen("GET", FIREFOX, NOW, recent=((1, NOW - timedelta(seconds=1)),), number=2)) is None


def test_a_click_two_seconds_after_delivery_is_a_persons() -> None:
    assert judge(Seen("GET", FIREFOX, NOW, NOW - timedelta(seconds=2))) is None
