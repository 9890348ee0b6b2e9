"""What a cell of a workbook says, as a person would write it: dates as 2026-05-19, numbers without exponents, leading zeros kept.

Cells hold numbers; only the number format of their style tells a date from a price (ECMA-376 part 1, 18.8.30).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

# Formats that stand in no file, because every spreadsheet knows them by number: dates, then times and durations.
_DATES = frozenset([*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)])
_TIMES = frozenset([*range(18, 22), *range(32, 36), 45, 46, 47])
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_ZEROS = re.compile(r"0{2,30}")
_WHOLE = re.compile(r"-?\d{1,30}")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LARGEST = 1e21  # beyond it a number is no telephone number, no amount and no date
_LAST_DAY = 2_958_465  # 9999-12-31
_DAY_0 = datetime(1899, 12, 30, tzinfo=UTC)  # a sheet knows no zone: UTC changes nothing in what it says


class Shown(Enum):
    """How a number is to be read."""

    NUMBER = "number"
    DATE = "date"
    TIME = "time"


Style: TypeAlias = tuple[Shown, int]  # and how many digits at least: 00000 is a postcode
PLAIN: Style = (Shown.NUMBER, 0)


def styles(formats: Sequence[int], codes: Mapping[int, str]) -> list[Style]:
    """What each cell style shows: `formats` are number formats by style, `codes` the ones the file brings itself."""
    return [_style(number, codes.get(number)) for number in formats]


def _style(number: int, code: str | None) -> Style:
    if code is None:
        return (Shown.DATE, 0) if number in _DATES else (Shown.TIME, 0) if number in _TIMES else PLAIN
    if _ZEROS.fullmatch(code):
        return Shown.NUMBER, len(code)
    bare = _QUOTED.sub("", code.split(";", 1)[0]).lower()
    if bare in ("general", "standard", "@"):
        return PLAIN
    if re.search(r"[yd]|mmm", bare) or ("m" in bare and not re.search("[hs]", bare)):
        return Shown.DATE, 0
    return (Shown.TIME, 0) if re.search("[hs]", bare) else PLAIN


@lru_cache(maxsize=16_384)
def number_text(raw: str, style: Style, from_1904: bool) -> str:
    """A number cell as text. What isn't a number stays as it is."""
    shown, digits = style
    try:
        value = float(raw)
    except ValueError:
        return raw
    if not -_LARGEST < value < _LARGEST:  # also what is no number at all
        return raw
    if shown is Shown.TIME:
        return _duration(value)
    if shown is Shown.DATE and (text := _day(value, from_1904)):
        return text
    return _plain(raw.strip(), value, digits)


def _plain(raw: str, value: float, digits: int) -> str:
    if _WHOLE.fullmatch(raw):
        return raw.zfill(digits)
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value)).zfill(digits)
    return f"{Decimal(f'{value:.15g}'):f}"  # spreadsheets show 15 digits: 0.1 lies in the file as 0.10000000000000001


def _day(value: float, from_1904: bool) -> str | None:
    """The date that a count of days means, with its time if it has one; None where no calendar has it."""
    if from_1904:
        value += 1462
    if not 0 <= value < _LAST_DAY:
        return None
    if value < 60:  # these spreadsheets believe in a 29 February 1900, and count it as day 60
        value += 1
    moment = _DAY_0 + timedelta(seconds=round(value * 86_400))
    if moment.year < 1900:
        return None
    form = "%Y-%m-%d" if not (moment.hour or moment.minute or moment.second) else "%Y-%m-%d %H:%M"
    return moment.strftime(form + (":%S" if moment.second else ""))


def _duration(value: float) -> str:
    """Hours and minutes; beyond a day the hours go on."""
    seconds = round(abs(value) * 86_400)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}" + (f":{seconds % 60:02}" if seconds % 60 else "")
    return f"-{text}" if value < 0 and seconds else text


def plain_text(text: str) -> str:
    """Text as it was typed: characters that XML can't hold are written _x000D_ in workbooks. One without a meaning becomes “�”."""
    if "_x" not in text:
        return text
    found = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
