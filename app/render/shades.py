"""Colours by night: what a ground, a text and a line of a light mail become on a dark screen."""

import colorsys
import re
from functools import lru_cache

from app.lazy import lazy
from app.render.filters import contrast, luminance, mix

names = lazy("PIL.ImageColor")
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(?:,\s*([\d.]+)\s*)?\)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3,20}", re.IGNORECASE)
_NO_COLOUR = frozenset(
    ["transparent", "none", "inherit", "initial", "unset", "currentcolor", "solid", "dashed", "dotted", "double", "auto"]
)  # fmt: skip
CARD, LINE, LINK = "#1a2128", "#36424c", "#9ec5fe"
_SLATE = 0.58  # the hue of greys by night
_STRONG = 0.35  # of full saturation: a brand's colour, which stays
_ENOUGH, _MOST = 4.5, 13.0


@lru_cache(maxsize=2048)
def parsed(text: str) -> str | None:
    """`#rrggbb` of a colour as CSS writes it; None where it is none, or lets through what is behind it."""
    text = text.strip()
    if _HEX.fullmatch(text):
        digits = text[1:].lower()
        return "#" + (digits if len(digits) == 6 else "".join(2 * d for d in digits))
    if found := _RGB.fullmatch(text):
        if found.group(4) and float(found.group(4)) < 0.5:
            return None
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in found.groups()[:3])
    if not _WORD.fullmatch(text) or text.lower() in _NO_COLOUR:
        return None
    try:
        red, green, blue = names.getrgb(text.lower())[:3]
    except ValueError:
        return None
    return f"#{red:02x}{green:02x}{blue:02x}"


@lru_cache(maxsize=2048)
def ground(colour: str) -> str | None:
    """The dark ground in place of a light one; None for a ground that stays, because it is dark or a strong colour."""
    hue, light, _ = _hls(colour)
    if luminance(colour) <= 0.35 or _strength(colour) > _STRONG:
        return None
    if light > 0.985:
        return CARD
    red, green, blue = colorsys.hls_to_rgb(
        hue, 0.075 + (1 - light) * 0.45, min(_strength(colour), 0.25) + 0.08
    )
    return "#" + "".join(f"{round(part * 255):02x}" for part in (red, green, blue))


@lru_cache(maxsize=4096)
def ink(colour: str, was: str, becomes: str) -> str:
    """Text of this colour that stood on `was`, on the dark ground: lightened until it stands out about as much as before."""
    wanted = max(_ENOUGH, min(contrast(colour, was), _MOST))
    for step in range(21):
        shade = mix(colour, "#ffffff", step / 20)
        if contrast(shade, becomes) >= wanted:
            return shade
    return "#ffffff"


@lru_cache(maxsize=2048)
def button(colour: str, around: str) -> str:
    """A dark button on a dark ground, light enough to be seen as one."""
    for step in range(13):
        shade = mix(colour, "#ffffff", step / 20)
        if contrast(shade, around) >= 1.6:
            return shade
    return colour


def line(colour: str, around: str) -> str:
    """A line on a dark ground: quiet where it was quiet, visible where it was drawn."""
    if _strength(colour) > _STRONG:
        return colour
    return LINE if luminance(colour) > 0.35 else mix(around, "#ffffff", 0.45)


def _strength(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return (max(parts) - min(parts)) / 255


def _hls(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return colorsys.rgb_to_hls(red, green, blue)
