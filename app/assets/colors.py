"""Colours and whether text on them can be read, by the formula of WCAG 2.2."""

import re
from dataclasses import dataclass

from app.errors import Invalid

ENOUGH = 4.5  # for text; success criterion 1.4.3
_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


@dataclass(frozen=True)
class Pair:
    """Two colours that meet on a piece: contrast ratio from 1 to 21, and where they meet."""

    text: str
    ground: str
    ratio: float
    where: str

    @property
    def readable(self) -> bool:
        """Whether text this size can be read by most people."""
        return self.ratio >= ENOUGH


def clean_color(raw: str) -> str:
    """`#rrggbb` in lower case from what a person typed (`#abc`, `15324B`). Raises Invalid with the mend."""
    match = _HEX.fullmatch(raw.strip())
    if not match:
        raise Invalid("Write the colour as # and six digits, such as #15324b.")
    digits = match[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * d for d in digits))


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two `#rrggbb` colours, from 1 to 21 (WCAG 2.2, relative luminance of sRGB)."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def pairs(primary: str, call: str) -> list[Pair]:
    """The pairs that mails and pages draw from a brand's two colours, weakest use first."""
    return [
        Pair("#ffffff", call, contrast("#ffffff", call), "white on the button"),
        Pair(primary, "#ffffff", contrast(primary, "#ffffff"), "headings on white"),
    ]
