"""The filters a template may use, and the escaping that the language adds by itself where a value stands.

Names with a leading underscore can't be written in a template; the walk over the template's tree puts them there.
"""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

from babel.dates import format_date
from markupsafe import Markup, escape

from app.render.context import ImageValue, Missing

MARK_STYLE = "background:#ffe6a3;color:#3d2b00;padding:1px 6px;border-radius:4px;"
_CSS_SAFE = re.compile(r"[#\w .,%-]{0,120}", re.ASCII)
_HEX = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_ADDRESS = re.compile(r"(https?://[^\s<>\"'\\]+|/[^\s<>\"'\\/][^\s<>\"'\\]*|assets/[\w./-]+)", re.ASCII)


class UnsafeValue(ValueError):
    """A value that can't stand where the template puts it; the message says which and why."""


def show(value: object, language: str = "en") -> str:
    """A value as words: dates in the language's short form, lists with commas, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return str(day(value, language))
    if isinstance(value, ImageValue):
        return value.url
    if isinstance(value, (list, tuple)):
        return ", ".join(show(item, language) for item in value)
    return str(value)


def day(value: object, language: str = "en") -> object:
    """A date as `12 June 2026`, in the piece's language; anything else passes unchanged."""
    if not isinstance(value, dt.date):
        return value
    return str(format_date(value, "d MMMM y", locale=language.replace("-", "_")))


def default(value: object, instead: str = "") -> object:
    """The value, or `instead` where it is empty. A missing required slot stays visibly missing."""
    return value if value or isinstance(value, Missing) else instead


def truncate(value: object, length: int = 80) -> object:
    """At most `length` characters, cut at a word and ended with an ellipsis."""
    text = show(value)
    if isinstance(value, Missing) or len(text) <= length:
        return value
    return text[: max(length - 1, 0)].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def join(value: object, separator: str = ", ") -> object:
    """The entries of a list with a separator between them."""
    return separator.join(show(item) for item in value) if isinstance(value, (list, tuple)) else value


def lines(value: object) -> object:
    """Text whose line breaks show: each becomes `<br>`."""
    if isinstance(value, Missing):
        return value
    return Markup("<br>").join(show(value).splitlines())


def first_word(value: object) -> object:
    """The first word: a given name out of "Sanne Willems"."""
    return value if isinstance(value, Missing) else (show(value).split() or [""])[0]


def luminance(color: str) -> float:
    """Relative luminance of `#rgb` or `#rrggbb` after WCAG 2.2."""
    found = _HEX.fullmatch(color)
    if not found:
        raise UnsafeValue(f"“{color[:20]}” is no colour like #15324b.")
    digits = found.group(1) if len(found.group(1)) == 6 else "".join(2 * c for c in found.group(1))
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours after WCAG 2.2, from 1 to 21."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def readable_on(color: object, ground: str = "#ffffff") -> object:
    """The colour where it reaches 4.5 to 1 on `ground`, else it in the nearest shade that does."""
    if not isinstance(color, str):
        return color
    target = "#000000" if luminance(ground) > 0.18 else "#ffffff"
    for step in range(21):
        shade = mix(color, target, step / 20)
        if contrast(shade, ground) >= 4.5:
            return shade
    return target


def text_on(color: object) -> object:
    """White or near-black, whichever reads better on this colour."""
    if not isinstance(color, str):
        return color
    return "#ffffff" if contrast(color, "#ffffff") >= contrast(color, "#14181c") else "#14181c"


def mix(color: str, other: str, share: float) -> str:
    """`color` moved towards `other` by `share` (0 to 1), as `#rrggbb`."""
    if not (_HEX.fullmatch(color) and _HEX.fullmatch(other)):
        raise UnsafeValue(f"“{color[:20]}” is no colour like #15324b.")
    first, second = (c if len(c) == 7 else "#" + "".join(2 * d for d in c[1:]) for c in (color, other))
    parts = [(int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _escape_text(value: object, language: str) -> str:
    if isinstance(value, Missing):
        return f'<mark style="{MARK_STYLE}">{escape(str(value))}</mark>'
    return str(value) if isinstance(value, Markup) else str(escape(show(value, language)))


def _escape_attribute(value: object, language: str) -> str:
    if isinstance(value, Markup):
        raise UnsafeValue("Rich text can’t stand in an attribute.")
    return str(escape(" ".join(show(value, language).split())))


def _escape_css(value: object, language: str) -> str:
    if isinstance(value, Missing):
        return "inherit"
    text = show(value, language)
    if not _CSS_SAFE.fullmatch(text):
        raise UnsafeValue(f"“{text[:40]}” can’t stand in a style: only colours, sizes and plain words may.")
    return text


def _escape_url(value: object, language: str, prefix: str) -> str:
    if isinstance(value, Missing):
        return "" if prefix else "#"
    text = show(value, language).strip()
    if prefix.lower().strip() == "tel:":
        return re.sub(r"[^\d+*#]", "", text)
    if prefix:
        return str(escape(quote(text, safe="@" if prefix.lower().startswith("mailto:") else "")))
    if text and not _ADDRESS.fullmatch(text):
        raise UnsafeValue(f"“{text[:60]}” is no web address; it has to begin with https://.")
    return str(escape(text))


def _plain(value: object, language: str) -> str:
    text = Markup(value).striptags() if isinstance(value, Markup) else show(value, language)  # noqa: S704 - cleaned by nh3 when it was stored
    return f"[{text}]" if isinstance(value, Missing) else text


def _upper(value: object) -> object:
    return value if isinstance(value, Missing) else show(value).upper()


def _lower(value: object) -> object:
    return value if isinstance(value, Missing) else show(value).lower()


def _trim(value: object) -> object:
    return value if isinstance(value, Missing) else show(value).strip()


LISTED: dict[str, Callable[..., object]] = {
    "day": day,
    "default": default,
    "first_word": first_word,
    "join": join,
    "lines": lines,
    "lower": _lower,
    "readable_on": readable_on,
    "text_on": text_on,
    "trim": _trim,
    "truncate": truncate,
    "upper": _upper,
}
ESCAPES: dict[str, Callable[..., str]] = {
    "_text": _escape_text,
    "_attribute": _escape_attribute,
    "_css": _escape_css,
    "_url": _escape_url,
    "_plain": _plain,
}
COLOUR_FILTERS: Sequence[str] = ("readable_on", "text_on")
