"""Assignments are exact in their shares, the same every time, and blind to the order of the list."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.abtest.assign import assign, plan, sizes

KEY = b"experiment 42"
audiences = st.lists(st.integers(1, 2**40), unique=True, max_size=300)
weights = st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any)


@given(ids=audiences, shares=weights)
def test_shares_are_exact(ids: list[int], shares: list[int]) -> None:
    given_to = list(assign(KEY, ids, shares).values())
    assert [given_to.count(i) for i in range(len(shares))] == sizes(len(ids), shares)


@given(ids=audiences, seed=st.integers())
def test_the_order_of_the_list_changes_nothing(ids: list[int], seed: int) -> None:
    shuffled = list(ids)
    random.Random(seed).shuffle(shuffled)
    assert assign(KEY, ids, [1, 1]) == assign(KEY, shuffled, [1, 1])


def test_another_experiment_splits_anew() -> None:
    ids = range(1, 2001)
    one, two = assign(b"one", ids, [1, 1]), assign(b"two", ids, [1, 1])
    together = sum(one[i] == two[i] for i in ids)
    assert 850 < together < 1150


def test_a_big_audience_streams_through_a_plan() -> None:
    made = plan(KEY, (i for i in range(1, 20_001)), [1, 1, 8])
    given_to = [made.variant(i) for i in range(1, 20_001)]
    assert [given_to.count(i) for i in range(3)] == [2_000, 2_000, 16_000]


def test_a_contact_listed_twice_is_noticed_on_the_cut() -> None:
    with pytest.raises(ValueError, match="twice"):
        plan(KEY, [7, 7], [1, 1])


def test_weights_must_be_able_to_split() -> None:
    for wrong in ([], [0, 0], [-1, 2]):
        with pytest.raises(ValueError, match="weights"):
            sizes(10, wrong)
