"""Colours: whether text on them can be read (by the formula of WCAG 2.2), and the nearest neighbour where it can't."""

import math
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


def distance(first: str, second: str) -> float:
    """How different two colours look, in OKLab (Ottosson 2020): under 0.02 nobody sees it, 1.0 is black to white."""
    return math.dist(_oklab(first), _oklab(second))


def chroma(color: str) -> float:
    """How colourful it is, in OKLCH: 0 is grey, the purest red 0.26."""
    _, a, b = _oklab(color)
    return math.hypot(a, b)


def lightness(color: str) -> float:
    """How light it is, in OKLab: 0 is black, 1 is white."""
    return _oklab(color)[0]


def mended(color: str, ground: str = "#ffffff", enough: float = ENOUGH) -> str:
    """The colour itself where text of it can be read on `ground`, else the nearest one of the same hue that can.

    Towards black on a light ground, towards white on a dark one; deterministic. Where no shade reaches `enough`, the end of the way.
    """
    if contrast(color, ground) >= enough:
        return color
    light, a, b = _oklab(color)
    end = 0.0 if contrast("#000000", ground) >= contrast("#ffffff", ground) else 1.0
    near, far = 0.0, 1.0
    for _ in range(24):
        middle = (near + far) / 2
        shade = _shade(light + (end - light) * middle, a, b)
        near, far = (near, middle) if contrast(shade, ground) >= enough else (middle, far)
    return _shade(light + (end - light) * far, a, b)


def _shade(light: float, a: float, b: float) -> str:
    """This lightness and hue, with as much chroma as a screen can show."""
    keep = 1.0
    while keep > 0.01:
        channels = _from_oklab(light, a * keep, b * keep)
        if all(-1e-4 <= channel <= 1 + 1e-4 for channel in channels):
            return _hex(channels)
        keep *= 0.96
    return _hex(_from_oklab(light, 0.0, 0.0))


def _hex(linear: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * min(max(_encoded(channel), 0.0), 1.0)):02x}" for channel in linear)


def _encoded(channel: float) -> float:
    if channel <= 0.0031308:
        return 12.92 * channel
    return float(1.055 * channel ** (1 / 2.4) - 0.055)


def _oklab(color: str) -> tuple[float, float, float]:
    # https://bottosson.github.io/posts/oklab/
    red, green, blue = (_linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _from_oklab(light: float, a: float, b: float) -> tuple[float, float, float]:
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
