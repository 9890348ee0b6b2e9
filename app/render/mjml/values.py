"""Numbers, sizes and styles as the reference reads and writes them, so that widths come out to the pixel."""

import re
from collections.abc import Mapping

Value = str | int | float | None
_INTEGER = re.compile(r"\s*([+-]?\d+)")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))")
_UNIT = re.compile(r"[\d.,]*(\D*)$")
_BORDER = re.compile(r"(?:^| )(\d+)")
_SIDES = {
    2: {"top": 0, "bottom": 0, "left": 1, "right": 1},
    3: {"top": 0, "left": 1, "right": 1, "bottom": 2},
}
_FOUR = {"top": 0, "right": 1, "bottom": 2, "left": 3}


def integer(text: Value) -> int:
    """The whole number a value begins with, else 0."""
    found = _INTEGER.match(str(text))
    return int(found.group(1)) if found else 0


def number(text: Value) -> float:
    """The number a value begins with, else 0."""
    found = _NUMBER.match(str(text))
    return float(found.group(1)) if found else 0.0


def shown(value: float) -> str:
    """A number in its shortest form: 200, 33.333333333333336."""
    return str(int(value)) if value == int(value) else repr(float(value))


def pixels(value: float) -> str:
    """The number with px behind it."""
    return f"{shown(value)}px"


def size(text: str, *, whole: bool = True) -> tuple[float, str]:
    """Number and unit of a width; px are always whole, percents unless `whole` is False."""
    found = _UNIT.search(text)
    unit = (found.group(1) if found else "") or "px"
    return (number(text), unit) if unit == "%" and not whole else (integer(text), unit)


def side(shorthand: str, direction: str) -> int:
    """The pixels of one side out of a padding like `10px 25px`."""
    parts = shorthand.split()[:4]
    if len(parts) < 2:
        return integer(shorthand)
    return integer(parts[_SIDES.get(len(parts), _FOUR)[direction]])


def border(text: str) -> int:
    """The pixels of a border like `1px solid #000`."""
    found = _BORDER.search(text)
    return int(found.group(1)) if found else 0


def style(values: Mapping[str, Value]) -> str:
    """`name:value;` for everything that has a value."""
    return "".join(
        f"{name}:{shown(value) if isinstance(value, float) else value};"
        for name, value in values.items()
        if value is not None
    )


def written(values: Mapping[str, Value]) -> str:
    """` name="value"` for everything that has a value; empty classes and styles are left out."""
    return "".join(
        f' {name}="{shown(value) if isinstance(value, float) else value}"'
        for name, value in values.items()
        if value is not None and not (value == "" and name in ("class", "style"))
    )


def suffixed(classes: str | None, suffix: str) -> str:
    """Each class with `-suffix` behind it."""
    return " ".join(f"{name}-{suffix}" for name in (classes or "").split(" ") if name)


def outlook(content: str) -> str:
    """For Outlook only."""
    return f"<!--[if mso | IE]>{content}<![endif]-->"


def not_outlook(content: str, *, explorer: bool = True) -> str:
    """For everything but Outlook (and, with `explorer`, old Internet Explorer)."""
    return f"<!--[if !mso{' | IE' if explorer else ''}]><!-->{content}<!--<![endif]-->"


def table(**more: Value) -> str:
    """The attributes of a table that only lays out; `class_` for class."""
    named = {name.rstrip("_"): value for name, value in more.items()}
    base: dict[str, Value] = {"border": "0", "cellpadding": "0", "cellspacing": "0", "role": "presentation"}
    return written({"align": named.pop("align", None), **base, **named})
