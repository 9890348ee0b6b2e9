"""From the file a person chose to the logo as mails and pages show it: at two sizes, on white and on dark, on a plate where needed.

Pure: nothing is stored here, so it can run before a transaction begins.
"""

import io
from dataclasses import dataclass, replace
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
    """One logo as it came (cleaned, its empty margin cut away), and as it is shown: `small`, `sharp` (twice that) and `large`."""

    name: str
    source: Picture
    small: Picture
    sharp: Picture
    large: Picture
    facts: Facts


def read_logo(name: str, data: bytes) -> Logo:
    """Clean an SVG, PNG, JPEG or WebP and draw it at every size, its ground see-through. Raises Invalid with the mend."""
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
    return _logo(name, _fitted(picture, LARGE), has_words)


def drawn_on(source: bytes, plate: str, name: str, facts: Facts) -> Logo:
    """A logo on a plate of one colour with rounded corners, from the `source` of an earlier one."""
    with Image.open(io.BytesIO(source)) as opened:
        picture = opened.convert("RGBA")
    made = _logo(name, _fitted(_on_plate(picture, plate), LARGE), facts.has_words)
    return replace(made, source=Picture(source, *picture.size), facts=facts)


def shown_on_dark(source: bytes) -> Picture:
    """What dark grounds show where the logo would be lost on them: it, on a white plate, sharp."""
    with Image.open(io.BytesIO(source)) as opened:
        return _png(_fitted(_on_plate(opened.convert("RGBA"), PLATE_ON_DARK), SHARP))


def _logo(name: str, picture: "Image.Image", has_words: bool) -> Logo:
    large = _png(picture)
    return Logo(
        name, large, _png(_fitted(picture, SMALL)), _png(_fitted(picture, SHARP)), large,
        look_at(picture, has_words),
    )  # fmt: skip


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
