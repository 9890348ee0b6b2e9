"""Verdicts follow the rules that were fixed before the start, and say it in the words of the house."""

from datetime import UTC, datetime, timedelta

import pytest

from app.abtest.decide import MAIL, PAGE, Counted, VerdictKind, decide, evidence_words, lift_words
from app.abtest.evaluate import Arm

START = datetime(2026, 5, 12, 9, tzinfo=UTC)
END = START + timedelta(days=7)


def counted(*converters: int, assigned: int = 1000) -> list[Counted]:
    return [Counted("ABCDE"[i], Arm(n, assigned)) for i, n in enumerate(converters)]


@pytest.mark.parametrize(("hours", "totals"), [(1, (150, 210)), (48, (10, 14))])
def test_it_collects_below_24_hours_and_below_25_filled_forms(hours: int, totals: tuple[int, int]) -> None:
    verdict = decide(MAIL, counted(*totals), START, END, START + timedelta(hours=hours))
    assert verdict.kind is VerdictKind.COLLECTING
    assert verdict.winner is None
    assert verdict.headline == "Not enough data yet."


def test_collecting_names_what_is_missing() -> None:
    verdict = decide(MAIL, counted(3, 4), START, END, START + timedelta(hours=1))
    assert verdict.text == "A verdict needs 25 filled forms, 7 so far and 24 hours since the start."


def test_a_page_wins_at_evidence_20_and_a_mail_does_not() -> None:
    later = START + timedelta(days=6)
    assert decide(PAGE, counted(150, 210), START, None, START + timedelta(days=8)).state == "B is better"
    assert decide(MAIL, counted(150, 210), START, END, later).kind is VerdictKind.OPEN


def test_a_mail_wins_early_at_evidence_100() -> None:
    verdict = decide(MAIL, counted(150, 225), START, END, START + timedelta(days=2))
    assert verdict.winner == "B"
    assert "its line is 100" in verdict.text


def test_the_one_look_at_the_end_is_fishers() -> None:
    assert decide(MAIL, counted(150, 190), START, END, END).winner == "B"
    unproven = decide(MAIL, counted(150, 170), START, END, END)
    assert unproven.kind is VerdictKind.UNPROVEN
    assert unproven.text.endswith("A stays.")


def test_the_control_wins_where_the_challenger_is_worse() -> None:
    assert decide(MAIL, counted(230, 150), START, END, END).winner == "A"


def test_several_challengers_need_more() -> None:
    assert decide(MAIL, counted(150, 190), START, END, END).winner == "B"
    assert decide(MAIL, counted(150, 190, 150, 150), START, END, END).winner is None


def test_a_split_that_came_out_wrong_names_no_winner() -> None:
    lopsided = [Counted("A", Arm(150, 5000)), Counted("B", Arm(300, 4000))]
    verdict = decide(MAIL, lopsided, START, END, END)
    assert verdict.kind is VerdictKind.SPLIT_OFF
    assert verdict.winner is None


def test_numbers_in_words() -> None:
    assert [lift_words(v) for v in (0.031, -0.41, 0.0, None, float("inf"), 12.5)] == [
        "+3\u00a0%", "−41\u00a0%", "0\u00a0%", "–", "any size", "+1,250\u00a0%",
    ]  # fmt: skip
    assert [evidence_words(v) for v in (0.84, 47.2, 5000)] == ["0.8", "47", "over 1,000"]
