"""One page of a long list: what stands on it and where the next begins.

Pages are counted from 1; an address that asks for one beyond the end gets the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


def wanted(raw: str | None) -> int:
    """The page number an address asks for; 1 for anything that isn't one."""
    return max(1, int(raw)) if raw and raw.isascii() and raw.isdecimal() and len(raw) < 10 else 1


def offset_of(number: int, size: int, total: int) -> int:
    """How many rows to skip for page `number`, kept within `total`."""
    last = max(1, -(-total // size))
    return (min(number, last) - 1) * size


@dataclass(frozen=True)
class Page(Generic[T]):
    """The rows of one page, and where it lies in the whole."""

    items: Sequence[T]
    offset: int
    size: int
    total: int

    @property
    def number(self) -> int:
        """This page, counted from 1."""
        return self.offset // self.size + 1

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The position of the first row, counted from 1."""
        return self.offset + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The position of the last row."""
        return self.offset + len(self.items)

    @property
    def previous(self) -> int | None:
        """The page before, or None."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """The page after, or None."""
        return self.number + 1 if self.number < self.pages else None
