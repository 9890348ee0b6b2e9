"""What a logo tells about a brand: its colours, which of them suit headings and buttons, and on which grounds it can be seen.

The same picture always gives the same answer.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from app.assets.colors import chroma, contrast, distance, lightness, mended
from app.lazy import lazy

if TYPE_CHECKING:
    from PIL import Image, ImageFilter, ImageOps
else:
    Image, ImageFilter, ImageOps = lazy("PIL.Image"), lazy("PIL.ImageFilter"), lazy("PIL.ImageOps")

WHITE, DARK = "#ffffff", "#101418"
MOST = 6
_LOOKED_AT = (240, 240)  # pixels; more shows no other colours
_SOLID = 128
_SEEN = 1.6  # a shape with less contrast than this is lost on its ground
_LOST = 0.25  # of the outline: above it the logo no longer reads
_ALIKE = 0.07
_SMALL = 0.02
_EDGE = 0.12  # of the shape's own pixels: a soft edge has no more
_COLOURFUL = 0.05


@dataclass(frozen=True)
class Facts:
    """What was found in a logo: colours by how much they fill, and the share of its outline lost on white and on dark."""

    colors: tuple[str, ...] = ()
    lost_on_white: float = 0.0
    lost_on_dark: float = 0.0
    has_words: bool = False

    @property
    def hides_on_white(self) -> bool:
        """Whether the logo needs another ground than white."""
        return self.lost_on_white > _LOST

    @property
    def hides_on_dark(self) -> bool:
        """Whether the logo needs another ground in dark mode."""
        return self.lost_on_dark > _LOST

    def stored(self) -> dict[str, Any]:
        """As JSON for the database."""
        return asdict(self) | {"colors": list(self.colors)}

    @classmethod
    def read(cls, stored: dict[str, Any] | None) -> "Facts | None":
        """Back from the database; None where nothing was looked at yet."""
        if stored is None:
            return None
        return cls(
            tuple(str(color) for color in stored["colors"]),
            float(stored["lost_on_white"]), float(stored["lost_on_dark"]), bool(stored["has_words"]),
        )  # fmt: skip


@dataclass(frozen=True)
class Swatch:
    """A colour of the logo, and the neighbour of it in which text and buttons can be read on white (often itself)."""

    found: str
    use: str

    @property
    def is_mended(self) -> bool:
        """Whether the logo's own colour is too light for text."""
        return self.found != self.use


@dataclass(frozen=True)
class Suggestion:
    """Which of a logo's colours suit headings and buttons; both are readable on and under white."""

    primary: Swatch
    call: Swatch
    swatches: tuple[Swatch, ...]


def look_at(picture: "Image.Image", has_words: bool = False) -> Facts:
    """Colours and grounds of a logo."""
    small = picture.convert("RGBA")
    small.thumbnail(_LOOKED_AT, Image.Resampling.NEAREST)  # averages would be colours that nobody chose
    return Facts(_colors(small), round(_lost(small, WHITE), 3), round(_lost(small, DARK), 3), has_words)


def suggest(colors: Sequence[str]) -> Suggestion | None:
    """The pair for headings and buttons: the most colourful one calls, the one that fills most of the rest leads.

    None for a logo without a colour of its own (all white).
    """
    swatches = tuple(Swatch(color, mended(color)) for color in colors)
    if not swatches:
        return None
    order = {swatch: number for number, swatch in enumerate(swatches)}
    call = max(swatches, key=lambda s: (chroma(s.found) / (1 + 0.15 * order[s]), -order[s]))
    rest = [swatch for swatch in swatches if distance(swatch.use, call.use) > _ALIKE] or [call]
    primary = min(rest, key=lambda s: (s.is_mended, order[s]))
    if chroma(call.found) < _COLOURFUL:
        primary = call = min(swatches, key=lambda s: (s.is_mended, order[s]))
    return Suggestion(primary, call, swatches)


def _pixels(image: "Image.Image") -> list[Any]:
    return list(image.get_flattened_data())


def _colors(picture: "Image.Image") -> tuple[str, ...]:
    """The colours that fill most, near-white and see-through left out, those that look alike counted as one."""
    shown = [pixel[:3] for pixel in _pixels(picture) if pixel[3] >= _SOLID and not _pale(pixel)]
    if not shown:
        return ()
    row = Image.new("RGB", (len(shown), 1))
    row.putdata(shown)
    palette = row.quantize(colors=24, method=Image.Quantize.MEDIANCUT, kmeans=3).convert("RGB")
    counted: list[tuple[int, Any]] = list(palette.getcolors(maxcolors=256) or ())
    weights: dict[str, int] = {}
    for count, value in sorted(counted, key=lambda entry: (-entry[0], entry[1])):
        color = "#" + "".join(f"{channel:02x}" for channel in value)
        alike = next((known for known in weights if distance(known, color) < _ALIKE), color)
        weights[alike] = weights.get(alike, 0) + count
    found = sorted(weights, key=lambda color: (-weights[color], color))
    kept = [
        color
        for number, color in enumerate(found)
        if weights[color] >= _SMALL * len(shown)
        and not any(
            _is_edge(color, other) for other in found[:number] if weights[color] < _EDGE * weights[other]
        )
    ]
    return tuple(kept[:MOST])


def _is_edge(color: str, of: str) -> bool:
    """Whether it is what softens the edge of a shape on white: a mix of the shape's colour and white."""
    channels = [int(of[i : i + 2], 16) for i in (1, 3, 5)]
    mixes = (
        "#" + "".join(f"{round(c + (255 - c) * tenth / 10):02x}" for c in channels) for tenth in range(1, 10)
    )
    return any(distance(color, mix) < _ALIKE / 2 for mix in mixes)


def _pale(pixel: Any) -> bool:
    color = "#" + "".join(f"{channel:02x}" for channel in pixel[:3])
    return min(pixel[:3]) >= 200 and lightness(color) > 0.94


def _lost(picture: "Image.Image", ground: str) -> float:
    """The share of the outline (shape against see-through) that can't be told from the ground; 0 for a full rectangle."""
    alpha = picture.getchannel("A").point(lambda value: 255 if value >= _SOLID else 0)
    if alpha.getextrema()[0] == 255:
        return 0.0
    framed = ImageOps.expand(alpha, 1, 0)
    inside = framed.filter(ImageFilter.MinFilter(3)).crop((1, 1, framed.width - 1, framed.height - 1))
    outline = lost = 0
    known: dict[Any, bool] = {}
    for pixel, solid, inner in zip(_pixels(picture), _pixels(alpha), _pixels(inside), strict=True):
        if solid and not inner:
            outline += 1
            color = pixel[:3]
            if color not in known:
                known[color] = contrast("#" + "".join(f"{c:02x}" for c in color), ground) < _SEEN
            lost += known[color]
    return lost / outline if outline else 0.0
