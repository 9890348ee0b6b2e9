"""The likeliest of the known words for one that nobody knows."""

import difflib
from collections.abc import Iterable


def near(word: str, known: Iterable[str], shown: str = "“{}”") -> str:
    """`Did you mean “label”? ` for the likeliest of the known words, or nothing."""
    found = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f"Did you mean {shown.format(found[0])}? " if found else ""
