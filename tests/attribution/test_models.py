"""Attribution models share a deal out as their definitions say, to the last cent."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attribution.models import Model, Touch, share_out

CLOSE = datetime(2026, 6, 30, 12, tzinfo=UTC)


def touches(*campaigns: int, days: int = 1) -> list[Touch]:
    count = len(campaigns)
    return [
        Touch(i + 1, campaign, CLOSE - timedelta(days=(count - i) * days))
        for i, campaign in enumerate(campaigns)
    ]


def amounts(model: Model, amount: int, *campaigns: int) -> list[int]:
    return [share.minor for share in share_out(model, amount, touches(*campaigns), CLOSE)]


def test_golden_examples() -> None:
    assert amounts(Model.LINEAR, 10_000, 1, 2, 3) == [3334, 3333, 3333]
    assert amounts(Model.POSITION, -101, 1, 2, 3) == [-41, -20, -40]


def test_last_and_first_give_all_to_one_touch() -> None:
    last = share_out(Model.LAST, 500, touches(1, 2, 3), CLOSE)
    first = share_out(Model.FIRST, 500, touches(1, 2, 3), CLOSE)
    assert [(s.touch.campaign_id, s.minor) for s in last if s.touch] == [(3, 500)]
    assert [(s.touch.campaign_id, s.minor) for s in first if s.touch] == [(1, 500)]


@pytest.mark.parametrize(
    ("count", "expected"), [(1, [1000]), (2, [500, 500]), (3, [400, 200, 400]), (4, [400, 100, 100, 400])]
)
def test_position_by_number_of_touches(count: int, expected: list[int]) -> None:
    assert amounts(Model.POSITION, 1000, *range(1, count + 1)) == expected


def test_many_clicks_on_one_day_are_one_touch() -> None:
    burst = [Touch(i, 1, CLOSE - timedelta(days=2, minutes=i)) for i in range(1, 6)] + [
        Touch(9, 2, CLOSE - timedelta(days=1))
    ]
    assert [share.minor for share in share_out(Model.LINEAR, 100, burst, CLOSE)] == [50, 50]


def test_seven_days_halve_a_touch() -> None:
    pair = [Touch(1, 1, CLOSE - timedelta(days=7)), Touch(2, 2, CLOSE)]
    assert [share.minor for share in share_out(Model.DECAY, 300, pair, CLOSE)] == [100, 200]


def test_equal_over_campaigns_counts_each_once() -> None:
    assert amounts(Model.CAMPAIGNS, 300, 1, 1, 1, 2, 3) == [100, 100, 100]


@pytest.mark.parametrize("at", [CLOSE + timedelta(seconds=1), CLOSE - timedelta(days=91)])
def test_a_touch_after_the_close_or_too_old_counts_for_nothing(at: datetime) -> None:
    shares = share_out(Model.LAST, 900, [Touch(1, 1, at)], CLOSE)
    assert [(share.touch, share.minor) for share in shares] == [(None, 900)]


@given(
    model=st.sampled_from(Model),
    amount=st.integers(-(10**9), 10**9),
    journey=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 100 * 24)), max_size=12),
)
def test_shares_always_add_up_to_the_deal(model: Model, amount: int, journey: list[tuple[int, int]]) -> None:
    made = [Touch(i, campaign, CLOSE - timedelta(hours=age)) for i, (campaign, age) in enumerate(journey, 1)]
    assert sum(share.minor for share in share_out(model, amount, made, CLOSE)) == amount
