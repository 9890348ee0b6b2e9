"""Logos for tests, drawn on the spot."""

import io

from PIL import Image, ImageDraw


def logo(ink: str = "#15324b", ground: str | None = None, size: tuple[int, int] = (600, 180)) -> bytes:
    """A disc and a bar, on nothing or on a ground of one colour."""
    image = Image.new("RGBA", size, ground or (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    high = size[1]
    pen.ellipse((high * 0.1, high * 0.1, high * 0.9, high * 0.9), fill=ink)
    pen.rectangle((high * 1.2, high * 0.35, size[0] - high * 0.2, high * 0.65), fill=ink)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
