"""The partner's logo, drawn here: a flag over two waves on navy."""

import io

from PIL import Image, ImageDraw


def logo(size: int = 320) -> bytes:
    """A square PNG."""
    unit = size / 32
    picture = Image.new("RGB", (size, size), "#15324b")
    draw = ImageDraw.Draw(picture)
    for top in (19, 24):
        points = [
            (5 + x / 4, top + (1.4 if (x // 14) % 2 else -1.4) * (1 - abs((x % 14) - 7) / 7))
            for x in range(88)
        ]
        draw.line(
            [(x * unit, y * unit) for x, y in points], fill="white", width=int(1.8 * unit), joint="curve"
        )
    draw.polygon([(16 * unit, 4 * unit), (22 * unit, 9.5 * unit), (16 * unit, 9.5 * unit)], fill="#f08a4b")
    draw.line([(16 * unit, 4 * unit), (16 * unit, 15 * unit)], fill="#f08a4b", width=int(1.5 * unit))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
