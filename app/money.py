"""Money as whole minor units with a currency, never a float.

Parsing is strict, splitting is by largest remainder, so that parts always add up to the whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from babel.numbers import get_currency_precision

from app.errors import Invalid


@dataclass(frozen=True, order=True)
class Money:
    """An amount in minor units (cents for EUR) of an ISO 4217 currency."""

    minor: int
    currency: str = "EUR"

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise Invalid(f"{self.currency} and {other.currency} can’t be added up.")


_AMOUNT = re.compile(r"(?P<whole>\d{1,3}(?:[,  ]\d{3})+|\d+)(?:\.(?P<part>\d+))?")


def parse_money(text: str, currency: str = "EUR") -> Money:
    """Read `1,200.00`, `1200` or `EUR 1,200` typed by a person. Raises Invalid with the mend."""
    cleaned = text.strip().removeprefix(currency).strip()
    match = _AMOUNT.fullmatch(cleaned)
    if not match:
        raise Invalid("Write the amount in digits, such as 1,200.00.")
    digits = get_currency_precision(currency)
    part = match["part"] or ""
    if len(part) > digits:
        raise Invalid(f"{currency} has {digits} decimals, no more.")
    whole = re.sub(r"\D", "", match["whole"])
    minor = int(whole) * 10**digits + int(part.ljust(digits, "0") or "0")
    if minor > 10**15:
        raise Invalid("The amount is too large.")
    return Money(minor, currency)


def split(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Split whole minor units by weights; the parts add up to `total` exactly (largest remainder, then position).

    A negative total is split as its absolute value and negated. All weights zero: everything on the first.
    """
    if not weights:
        raise ValueError("nothing to split over")
    if total < 0:
        return [-part for part in split(-total, weights)]
    whole = sum(Fraction(w) for w in weights)
    if whole == 0:
        return [total] + [0] * (len(weights) - 1)
    exact = [Fraction(w) * total / whole for w in weights]
    parts = [int(share) for share in exact]
    order = sorted(range(len(exact)), key=lambda i: (-(exact[i] - parts[i]), i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts
