"""The evidence, the interval and the chance agree with values worked out by hand and by simulation, and with each other."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.abtest.evaluate import Arm, adjusted, evaluate, final_p, log_evidence, ratio_evidence

counts = st.integers(0, 3_000)


@pytest.mark.parametrize(
    ("control", "treatment", "evidence", "low", "high", "chance"),
    [(150, 190, 2.9509, -0.078, 0.748, 0.9719), (150, 210, 23.7557, 0.006, 0.961, 0.9975)],
)
def test_golden_values_hold(
    control: int, treatment: int, evidence: float, low: float, high: float, chance: float
) -> None:
    result = evaluate(Arm(control, 1000), Arm(treatment, 1000))
    assert result.evidence == pytest.approx(evidence, abs=5e-5)
    assert (round(result.low, 3), round(result.high, 3)) == (low, high)
    assert result.chance == pytest.approx(chance, abs=5e-5)


def test_without_converters_nothing_is_known() -> None:
    result = evaluate(Arm(0, 1000), Arm(0, 1000))
    assert (result.evidence, result.p, result.lift, result.low, result.high) == (
        1.0,
        1.0,
        None,
        -1.0,
        math.inf,
    )
    assert result.chance == pytest.approx(0.5)


def test_a_version_nobody_got_can_not_be_judged() -> None:
    result = evaluate(Arm(0, 0), Arm(0, 500))
    assert result.evidence == 1.0
    assert result.p == 1.0


@given(control=counts, treatment=counts)
def test_swapping_the_versions_mirrors_the_result(control: int, treatment: int) -> None:
    one = evaluate(Arm(control, 5000), Arm(treatment, 5000))
    other = evaluate(Arm(treatment, 5000), Arm(control, 5000))
    assert one.evidence == pytest.approx(other.evidence, rel=1e-9)
    assert one.chance == pytest.approx(1 - other.chance, abs=1e-9)
    if math.isfinite(other.high):
        assert (1 + one.low) * (1 + other.high) == pytest.approx(1, rel=1e-6)


@given(control=counts, treatment=counts, share=st.floats(0.05, 0.95))
def test_the_interval_holds_zero_exactly_while_the_evidence_is_below_its_line(
    control: int, treatment: int, share: float
) -> None:
    base = round(10_000 * share)
    result = evaluate(Arm(control, 10_000 - base + 3_000), Arm(treatment, base + 3_000))
    if abs(result.evidence - 20) > 1e-6 * 20:
        assert (result.low < 0 < result.high) == (result.evidence < 20)
    if result.lift is not None:
        assert result.low <= result.lift + 1e-9
        assert result.lift <= result.high + 1e-9


@given(total=st.integers(1, 60), share=st.floats(0.1, 0.9))
def test_the_evidence_expects_one_where_nothing_differs(total: int, share: float) -> None:
    """A mixture's likelihood ratio has mean 1 under the null: the reason why looking often does no harm."""
    mean = sum(
        math.comb(total, s)
        * share**s
        * (1 - share) ** (total - s)
        * math.exp(log_evidence(total - s, s, share))
        for s in range(total + 1)
    )
    assert mean == pytest.approx(1, rel=1e-9)


def test_p_remembers_the_best_evidence_seen() -> None:
    assert evaluate(Arm(150, 1000), Arm(160, 1000), best_so_far=40).p == pytest.approx(1 / 40)


def test_more_converters_than_people_are_refused() -> None:
    with pytest.raises(ValueError, match="11 of 10"):
        Arm(11, 10)


def test_several_challengers_share_the_risk() -> None:
    assert adjusted([50, 8, 0.5]) == [19.5, 4.25, 0.5]
    assert adjusted([7.0]) == [7.0]


def test_the_final_look_is_fishers_exact_test() -> None:
    assert final_p(Arm(3, 4), Arm(1, 4)) == pytest.approx(0.4857, abs=1e-4)  # the lady tasting tea


def test_a_split_as_planned_is_no_evidence_and_a_lopsided_one_is() -> None:
    assert ratio_evidence([1004, 997], [1, 1]) < 1
    assert ratio_evidence([5000, 4500], [1, 1]) > 100
    assert ratio_evidence([0, 0], [1, 1]) == pytest.approx(1)
    with pytest.raises(ValueError, match="weight"):
        ratio_evidence([1, 2], [1, 0])
