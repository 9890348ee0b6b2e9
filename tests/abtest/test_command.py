"""`throughline abtest evaluate` keeps its contract with scripts."""

import json

import pytest
from click.testing import CliRunner

from cli.abtest import abtest


def evaluate(*arguments: str) -> dict[str, float | None]:
    result = CliRunner().invoke(abtest, ["evaluate", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, float | None] = json.loads(result.output)
    return found


def test_the_golden_example() -> None:
    found = evaluate("--control", "150/1000", "--treatment", "210/1000")
    assert set(found) == {"evidence", "p", "lift", "low", "high", "chance"}
    assert found["evidence"] == pytest.approx(23.7557, abs=5e-5)
    assert found["lift"] == pytest.approx(0.4)


def test_no_upper_end_is_null_so_that_it_stays_json() -> None:
    assert evaluate("--control", "0/1000", "--treatment", "0/1000")["high"] is None


@pytest.mark.parametrize("wrong", ["150", "150/100", "a/b", "-1/10", "1/10/100"])
def test_bad_totals_are_refused_with_the_mend(wrong: str) -> None:
    result = CliRunner().invoke(abtest, ["evaluate", "--control", wrong, "--treatment", "1/10"])
    assert result.exit_code == 2
    assert "--control" in result.output
