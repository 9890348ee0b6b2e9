"""What came back is named honestly: won, by which model, from how many deals; and nothing where nothing was paid."""

from decimal import Decimal

import pytest

from app.attribution.models import Model
from app.attribution.returns import Return, ropi


def figures(won: int = 0, deals: int = 0, paid: int = 0, own: int = 0) -> Return:
    return Return(1, "Spring", 2, "EUR", won, deals, paid, own)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (figures(), "Nothing won yet."),
        (
            figures(1_500_000, 1, 120_000, 120_000),
            "EUR 12.50 won for each euro paid, by last touch (1 deal: too few to say).",
        ),
        (
            figures(1_500_000, 7, 120_000, 120_000),
            "EUR 12.50 won for each euro paid, by last touch (7 deals).",
        ),
        (figures(1_500_000, 2), "EUR 15,000 won, by last touch; no funds were paid."),
    ],
)
def test_in_words(given: Return, words: str) -> None:
    assert given.words.replace("\u00a0", " ") == words


def test_nothing_is_divided_by_no_cost() -> None:
    assert figures(100, 1).per_cost is None
    assert ropi(100, 0, 0) is None


def test_the_return_on_partner_investment() -> None:
    assert ropi(margin=300_000, paid=120_000, own=80_000) == Decimal("0.50")
    assert figures(300_000, 9, 120_000, 80_000).per_cost == Decimal("1.50")
    assert figures(1, 1, 1).model is Model.LAST
