"""A post's picture as a network wants it, with the partner's logo on a plate in the corner the kit names. Pure: bytes in, PNG out.

The same input gives the same bytes. Nothing of the kit's picture is lost unless the kit says so: what doesn't fit gets bands in the
partner's colour.
"""

import io
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.assets.colors import contrast
from app.kits.pieces import Corner, Fit
from app.lazy import lazy
from app.render.filters import readable_on

if TYPE_CHECKING:
    from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps
else:
    Image, ImageChops, ImageDraw, ImageFont, ImageOps = (
        lazy(f"PIL.{name}") for name in ("Image", "ImageChops", "ImageDraw", "ImageFont", "ImageOps")
    )
resvg = lazy("resvg_py")

FONT = Path(__file__).parents[2] / "static" / "dist" / "fonts" / "source-sans-3-latin-600-normal.woff2"
CUT = 0.15
"""The share of a picture that may be cut off where a network's shape is only a little different."""

_EDGE, _WIDE, _HIGH, _PAD = (
    0.035,
    0.26,
    0.13,
    0.30,
)  # of the shorter side, the width, the height, the logo's height
_FINE = 4  # a plate is drawn this much larger and scaled down, so that its corners are smooth
_DARK = "#14181c"


@dataclass(frozen=True)
class Dress:
    """Whose picture it is: name, main colour `#rrggbb`, and the logo's bytes where there is one."""

    name: str
    color: str
    logo: bytes | None = None


def compose(
    picture: bytes, size: tuple[int, int], dress: Dress, corner: Corner = Corner.BOTTOM_RIGHT, fit: Fit = Fit.WHOLE
) -> bytes:  # fmt: skip
    """The picture at this size (pixels) as PNG. `picture` and logo were cleaned when they came in."""
    canvas = _fitted(_open(picture, size), size, dress.color, fit)
    if corner is not Corner.NONE:
        plate = _plate(dress, size)
        canvas.paste(plate, _place(corner, canvas.size, plate.size), plate)
    out = io.BytesIO()
    canvas.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _open(data: bytes, size: tuple[int, int] | None = None) -> "Image.Image":
    image = Image.open(io.BytesIO(data))
    if size:
        image.draft("RGB", (size[0] * 2, size[1] * 2))  # a large JPEG is unpacked no larger than needed
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _fitted(picture: "Image.Image", size: tuple[int, int], color: str, fit: Fit) -> "Image.Image":
    ground = Image.new("RGB", picture.size, "#ffffff")
    ground.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    kept = min(size[0] / ground.width, size[1] / ground.height) / max(
        size[0] / ground.width, size[1] / ground.height
    )
    if fit is Fit.FILL or kept >= 1 - CUT:
        return ImageOps.fit(ground, size, Image.Resampling.LANCZOS)
    return ImageOps.pad(ground, size, Image.Resampling.LANCZOS, color=color)


def _place(corner: Corner, canvas: tuple[int, int], plate: tuple[int, int]) -> tuple[int, int]:
    edge = round(_EDGE * min(canvas))
    x = edge if corner in (Corner.TOP_LEFT, Corner.BOTTOM_LEFT) else canvas[0] - plate[0] - edge
    y = edge if corner in (Corner.TOP_LEFT, Corner.TOP_RIGHT) else canvas[1] - plate[1] - edge
    return x, y


def _plate(dress: Dress, size: tuple[int, int]) -> "Image.Image":
    """The logo, or the name where there is none, on a ground that it can be read on."""
    most = (round(_WIDE * size[0]), round(_HIGH * size[1]))
    if dress.logo:
        logo = _open(dress.logo).convert("RGBA")
        ground = _ground(logo, dress.color)
        mark = ImageOps.contain(_trimmed(logo), most, Image.Resampling.LANCZOS)
    else:
        mark, ground = _name(dress, (round(1.5 * most[0]), round(0.7 * most[1]))), "#ffffff"
    pad = round(_PAD * min(most[1], max(mark.height, most[1] // 2)))
    width, height = mark.width + 2 * pad, mark.height + 2 * pad
    shape = Image.new("L", (width * _FINE, height * _FINE), 0)
    radius = round(min(pad, height / 4)) * _FINE
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, *(n - 1 for n in shape.size)), radius, fill=255)
    fill = Image.new("RGBA", shape.size, ground)
    rim = "#00000026" if contrast(ground, "#000000") > 4.5 else "#ffffff40"
    line = Image.new("RGBA", shape.size)
    ImageDraw.Draw(line).rounded_rectangle(
        (0, 0, *(n - 1 for n in shape.size)), radius, outline=rim, width=_FINE
    )
    fill.alpha_composite(line)
    fill.putalpha(shape)
    plate = fill.resize((width, height), Image.Resampling.LANCZOS)
    plate.alpha_composite(mark, (pad, pad))
    return plate


def _trimmed(logo: "Image.Image") -> "Image.Image":
    """A logo without the margin around it, be that see-through or of one colour."""
    if _is_solid(logo):
        ground = Image.new("RGB", logo.size, logo.convert("RGB").getpixel((0, 0)))
        inside = (
            ImageChops.difference(logo.convert("RGB"), ground)
            .convert("L")
            .point(lambda d: 255 if d > 12 else 0)
        )
    else:
        inside = logo.getchannel("A").point(lambda a: 255 if a > 8 else 0)
    box = inside.getbbox()
    return logo.crop(box) if box else logo


def _is_solid(logo: "Image.Image") -> bool:
    return bool(logo.getchannel("A").getextrema()[0] == 255)


def _ground(logo: "Image.Image", color: str) -> str:
    """What the plate is made of: the logo's own ground where it has one, else white, else whichever dark shade shows it best."""
    if _is_solid(logo):
        return _hex(logo.getpixel((0, 0)))
    shades = [_hex(pixel) for pixel in _pixels(logo)]
    if _shown(shades, "#ffffff") >= 0.5:
        return "#ffffff"
    return max((str(readable_on(color)), _DARK), key=lambda ground: _shown(shades, ground))


def _pixels(logo: "Image.Image") -> list[tuple[int, ...]]:
    """Some hundred colours of the logo's solid parts."""
    small = logo.resize((min(logo.width, 48), min(logo.height, 24)), Image.Resampling.NEAREST)
    flat: Any = small.get_flattened_data()
    return [pixel[:3] for pixel in flat if pixel[3] > 127] or [(0, 0, 0)]


def _shown(shades: list[str], ground: str) -> float:
    """The share of a logo that stands out from a ground (3 to 1: WCAG 2.2, 1.4.11)."""
    return sum(contrast(shade, ground) >= 3 for shade in shades) / len(shades)


def _hex(pixel: object) -> str:
    red, green, blue = (int(n) for n in pixel[:3])  # type: ignore[index]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _name(dress: Dress, most: tuple[int, int]) -> "Image.Image":
    """The name in letters of the partner's colour, on nothing."""
    ink = str(readable_on(dress.color))
    name = " ".join(dress.name.split())[:60]
    drawn = (_in_our_font(name, ink, most) or _in_any_font(name, ink)) if name else None
    if drawn is None:  # no font here has these letters: a plain mark in the partner's colour
        drawn = Image.new("RGBA", (most[1], most[1]), ink)
    return ImageOps.contain(drawn, most, Image.Resampling.LANCZOS)


def _in_our_font(name: str, ink: str, most: tuple[int, int]) -> "Image.Image | None":
    if not FONT.exists():
        return None
    font = ImageFont.truetype(FONT, round(most[1] * 0.62))
    nothing = bytes(font.getmask("\U0010fffe"))
    if any(not c.isspace() and bytes(font.getmask(c)) == nothing for c in set(name)):
        return None
    lines = _two_lines(name) if font.getlength(name) > 1.6 * most[0] else name
    measure = ImageDraw.Draw(Image.new("RGBA", (1, 1)))
    left, top, right, low = measure.multiline_textbbox((0, 0), lines, font, spacing=0)
    image = Image.new("RGBA", (round(right - left) + 2, round(low - top) + 2), ink + "00")
    ImageDraw.Draw(image).multiline_text((1 - left, 1 - top), lines, ink, font, spacing=0)
    return image


def _two_lines(name: str) -> str:
    """Broken at the space nearest to the middle."""
    spaces = [at for at, c in enumerate(name) if c == " "]
    at = min(spaces, key=lambda at: abs(at - len(name) / 2), default=None)
    return name if at is None else f"{name[:at]}\n{name[at + 1 :]}"


def _in_any_font(name: str, ink: str) -> "Image.Image | None":
    """With whichever fonts the machine has: other scripts."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{80 * len(name) + 80}" height="140"><text x="10" y="96" font-size="72" '
        f'font-weight="600" font-family="Noto Sans, DejaVu Sans, Arial, Helvetica" fill="{ink}">{escape(name)}</text></svg>'
    )
    image = _open(bytes(resvg.svg_to_bytes(svg_string=svg))).convert("RGBA")
    box = image.getchannel("A").getbbox()
    return image.crop(box) if box else None
