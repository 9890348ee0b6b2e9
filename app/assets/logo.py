"""From the file a person chose to the logo as mails and pages show it: at two sizes, on white and on dark, on a plate where needed.

Pure: nothing is stored here, so it can run before a transaction begins.
"""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.assets.images import clean_image
from app.assets.palette import Facts, look_at
from app.assets.svg import draw, looks_like_svg
from app.errors import Invalid
from app.lazy import lazy

if TYPE_CHECKING:
    from PIL import Image, ImageDraw
else:
    Image, ImageDraw = lazy("PIL.Image"), lazy("PIL.ImageDraw")

SMALL = (300, 120)  # the most a mail or a page shows, in CSS pixels
SHARP = (600, 240)  # the same for dense screens
LARGE = (1600, 640)  # documents and pictures
LEAST = 16
PLATE_ON_DARK = "#ffffff"
_FAINT = 8  # alpha below this is see-through


@dataclass(frozen=True)
class Picture:
    """A PNG and its size in pixels."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Logo:
    """A logo as it came: cleaned, its empty margin cut away, at most LARGE; and what was found in it."""

    name: str
    source: Picture
    facts: Facts


@dataclass(frozen=True)
class Dressed:
    """A logo as it is shown: `small`, `sharp` (twice that) and `large`, on a `plate` of one colour or on none.

    `dark` is for dark grounds: the second logo where there is one, else the same on a white plate where it would be lost;
    None where the first can be shown there as well.
    """

    logo: Logo
    plate: str | None
    small: Picture
    sharp: Picture
    large: Picture
    dark_source: Picture | None
    dark: Picture | None


def read_logo(name: str, data: bytes) -> Logo:
    """Clean an SVG, PNG, JPEG or WebP; its ground stays see-through. Raises Invalid with the mend."""
    has_words = False
    if looks_like_svg(name, data):
        data, has_words = draw(data, *LARGE)
        name = f"{name.rsplit('.', 1)[0]}.png"
    else:
        data = clean_image(name, data).data
    with Image.open(io.BytesIO(data)) as opened:
        picture = _trimmed(opened.convert("RGBA"))
    if min(picture.size) < LEAST:
        raise Invalid(
            f"This logo is {picture.width} × {picture.height} pixels small. Choose one of 400 pixels or more."
        )
    picture = _fitted(picture, LARGE)
    return Logo(name, _png(picture), look_at(picture, has_words))


def dress(logo: Logo, plate: str | None = None, dark_source: Picture | None = None) -> Dressed:
    """The logo at every size, on a plate of the colour `plate` (`#rrggbb`) if one is given."""
    own = _opened(logo.source)
    shown = _fitted(_on_plate(own, plate), LARGE) if plate else own
    dark: Picture | None = None
    if dark_source is not None:
        dark = _png(_fitted(_opened(dark_source), SHARP))
    elif logo.facts.hides_on_dark and not plate:
        dark = _png(_fitted(_on_plate(own, PLATE_ON_DARK), SHARP))
    return Dressed(
        logo, plate, _png(_fitted(shown, SMALL)), _png(_fitted(shown, SHARP)),
        _png(shown) if plate else logo.source, dark_source, dark,
    )  # fmt: skip


def fitted(picture: Picture, most: tuple[int, int]) -> Picture:
    """The same picture, at most so large."""
    return _png(_fitted(_opened(picture), most))


def _opened(picture: Picture) -> "Image.Image":
    with Image.open(io.BytesIO(picture.data)) as opened:
        return opened.convert("RGBA")


def _trimmed(picture: "Image.Image") -> "Image.Image":
    """Without the see-through margin, so that every logo stands at the same edge."""
    box = picture.getchannel("A").point(lambda value: 255 if value >= _FAINT else 0).getbbox()
    if box is None:
        raise Invalid("Nothing can be seen in this file. Export the logo once more, as PNG or plain SVG.")
    return picture.crop(box)


def _fitted(picture: "Image.Image", most: tuple[int, int]) -> "Image.Image":
    """At most so large; what is smaller stays as it is, for nothing gets sharper by blowing it up."""
    scale = min(most[0] / picture.width, most[1] / picture.height, 1.0)
    if scale == 1.0:
        return picture
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _on_plate(picture: "Image.Image", plate: str) -> "Image.Image":
    edge = max(round(0.16 * min(picture.height, picture.width)), 2)
    size = (picture.width + 2 * edge, picture.height + 2 * edge)
    twice = Image.new("L", (2 * size[0], 2 * size[1]), 0)
    ImageDraw.Draw(twice).rounded_rectangle(
        (0, 0, twice.width - 1, twice.height - 1), radius=2 * edge, fill=255
    )
    ground = Image.new("RGBA", size, plate)
    ground.putalpha(twice.resize(size, Image.Resampling.LANCZOS))
    layer = Image.new("RGBA", size)
    layer.paste(picture, (edge, edge))
    return Image.alpha_composite(ground, layer)


def _png(picture: "Image.Image") -> Picture:
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return Picture(out.getvalue(), *picture.size)
