"""Which way a language is written."""

from functools import cache

from babel.core import Locale, UnknownLocaleError


@cache
def is_right_to_left(language: str) -> bool:
    """Whether texts of this language (`ar`, `he-IL`, `pa-Arab`) run from right to left; no for one that nobody knows."""
    try:
        return Locale.parse(language.replace("_", "-"), sep="-").character_order == "right-to-left"
    except (UnknownLocaleError, ValueError):
        return False
