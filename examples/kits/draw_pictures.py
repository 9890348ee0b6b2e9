"""Draws the pictures of the example kits, so that they are ours from the first line on. Run it where Pillow is installed."""

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

ASSETS = Path(__file__).parent / "secure-the-hybrid-office" / "assets"
SCALE = 3
NIGHT, DUSK, GLOW = (16, 37, 58), (62, 92, 120), (240, 138, 75)
WALL, ROOF, CREAM, LINE = (233, 226, 214), (21, 50, 75), (255, 236, 201), (21, 50, 75)


def gradient(size: tuple[int, int], top: tuple[int, ...], bottom: tuple[int, ...]) -> Image.Image:
    """A vertical run from one colour to another."""
    strip = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        t = y / (size[1] - 1)
        strip.putpixel((0, y), tuple(round(a + (b - a) * t) for a, b in zip(top, bottom, strict=True)))
    return strip.resize(size)


class Canvas:
    """A picture drawn at three times its size and scaled down, so that edges are smooth."""

    def __init__(self, width: int, height: int, top: tuple[int, ...], bottom: tuple[int, ...]) -> None:
        self.size = (width, height)
        self.image = gradient((width * SCALE, height * SCALE), top, bottom)
        self.draw = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, w: float, h: float, fill: tuple[int, ...], radius: float = 0) -> None:
        area = (x * SCALE, y * SCALE, (x + w) * SCALE, (y + h) * SCALE)
        self.draw.rounded_rectangle(area, radius * SCALE, fill=fill)

    def poly(self, points: list[tuple[float, float]], fill: tuple[int, ...]) -> None:
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def disc(self, x: float, y: float, r: float, fill: tuple[int, ...]) -> None:
        self.draw.ellipse([(x - r) * SCALE, (y - r) * SCALE, (x + r) * SCALE, (y + r) * SCALE], fill=fill)

    def line(self, points: list[tuple[float, float]], width: float, fill: tuple[int, ...]) -> None:
        self.draw.line(
            [(x * SCALE, y * SCALE) for x, y in points], fill=fill, width=round(width * SCALE), joint="curve"
        )

    def glow(self, x: float, y: float, r: float, color: tuple[int, ...], strength: int) -> None:
        """Soft light around a point."""
        small = Image.new("L", (self.size[0], self.size[1]))
        ImageDraw.Draw(small).ellipse([x - r, y - r, x + r, y + r], fill=strength)
        mask = small.filter(ImageFilter.GaussianBlur(r / 2)).resize(self.image.size)
        self.image.paste(Image.new("RGB", self.image.size, color), mask=mask)
        self.draw = ImageDraw.Draw(self.image)

    def save(self, name: str) -> None:
        ASSETS.mkdir(parents=True, exist_ok=True)
        small = self.image.resize(self.size, Image.Resampling.LANCZOS)
        small.save(ASSETS / name, optimize=True)


def house(c: Canvas, x: float, ground: float, s: float) -> None:
    """A house with a lit window, a laptop in it, and its door open. `s` is a scale, `ground` the line it stands on."""

    def at(dx: float, dy: float) -> tuple[float, float]:
        return x + dx * s, ground - dy * s

    def part(dx: float, dy: float, w: float, h: float, fill: tuple[int, ...], radius: float = 0) -> None:
        left, top = at(dx, dy + h)
        c.box(left, top, w * s, h * s, fill, radius * s)

    c.poly([at(82, 0), at(118, 0), at(176, -46), at(92, -46)], (94, 101, 104))  # light on the path
    part(0, 0, 150, 96, WALL)
    c.poly([at(-14, 94), at(75, 156), at(164, 94)], ROOF)
    part(112, 122, 15, 32, ROOF)
    part(14, 36, 54, 42, ROOF, 2)
    part(17, 39, 48, 36, CREAM, 1)
    part(31, 45, 22, 15, (52, 72, 92), 1.5)
    part(33, 47, 18, 11, GLOW, 0.5)
    part(27, 42, 30, 3.4, (52, 72, 92), 1.5)
    part(17, 39, 48, 2.4, (176, 132, 92))
    part(39.6, 60, 2.6, 15, ROOF)
    part(82, 0, 36, 66, ROOF, 1)
    part(85, 0, 30, 63, CREAM)
    c.poly([at(115, 0), at(115, 63), at(134, 55), at(134, -8)], (185, 67, 26))
    c.disc(*at(130, 24), 1.8 * s, CREAM)


def town(c: Canvas, ground: float, width: int) -> None:
    """Dark roofs behind, a few windows lit."""
    for n in range(0, width + 80, 64):
        tall = 46 + 30 * abs(math.sin(n * 1.7)) + (26 if n % 3 == 0 else 0)
        c.box(n - 30, ground - tall, 60, tall + 4, (30, 56, 82))
        if n % 2 == 0:
            c.poly([(n - 34, ground - tall), (n, ground - tall - 20), (n + 34, ground - tall)], (26, 50, 74))
        for k in range(3):
            if math.sin(n * 3.1 + k * 2.3) > 0.2:
                c.box(n - 20 + k * 15, ground - tall + 16 + 12 * (k % 2), 7, 9, (228, 178, 112))


def hero() -> None:
    """The invitation's picture: the house at dusk."""
    c = Canvas(1200, 480, NIGHT, DUSK)
    for k in range(26):
        c.disc((k * 197) % 1200, (k * 71) % 190 + 12, 1.1 + (k % 3) * 0.5, (196, 210, 224))
    c.disc(1010, 92, 30, (246, 236, 214))
    c.disc(1023, 84, 27, (27, 50, 73))
    town(c, 388, 1200)
    c.poly([(0, 386), (1200, 386), (1200, 480), (0, 480)], (20, 40, 58))
    c.glow(590, 300, 150, GLOW, 70)
    house(c, 480, 410, 1.62)
    shield(c, 880, 318, 1.0)
    c.save("hero.png")


def shield(c: Canvas, x: float, y: float, s: float) -> None:
    """A shield with a tick."""
    outline = [(-34, -38), (0, -50), (34, -38), (34, 6), (0, 48), (-34, 6)]
    c.poly([(x + a * s, y + b * s) for a, b in outline], (250, 247, 242))
    inner = [(-27, -32), (0, -42), (27, -32), (27, 4), (0, 38), (-27, 4)]
    c.poly([(x + a * s, y + b * s) for a, b in inner], (27, 110, 66))
    c.line(
        [(x - 13 * s, y - 4 * s), (x - 3 * s, y + 8 * s), (x + 15 * s, y - 15 * s)], 6 * s, (255, 255, 255)
    )


def post_door() -> None:
    """The first post: the house, close."""
    c = Canvas(1200, 628, NIGHT, DUSK)
    c.disc(980, 110, 40, (246, 236, 214))
    c.disc(998, 99, 36, (31, 55, 79))
    town(c, 520, 1200)
    c.poly([(0, 518), (1200, 518), (1200, 628), (0, 628)], (20, 40, 58))
    c.glow(600, 390, 210, GLOW, 80)
    house(c, 400, 550, 2.5)
    c.save("post-door.png")


def post_list() -> None:
    """The second post: thirty points, twenty-three ticked. Its foot stays empty, for a logo."""
    c = Canvas(1200, 628, (250, 247, 242), (243, 236, 224))
    c.box(170, 40, 860, 432, (221, 211, 196), 18)
    c.box(166, 32, 860, 432, (255, 255, 255), 18)
    c.box(166, 32, 860, 66, ROOF, 18)
    c.box(166, 76, 860, 22, ROOF)
    c.box(206, 56, 250, 18, (255, 255, 255), 9)
    c.box(860, 56, 126, 18, (143, 166, 186), 9)
    for n in range(30):
        x, y = 206 + (n % 3) * 270, 118 + (n // 3) * 33.5
        fine = n not in (2, 7, 11, 16, 20, 25, 28)
        c.disc(x + 11, y + 11, 11, (27, 110, 66) if fine else (185, 67, 26))
        if fine:
            c.line([(x + 5.5, y + 11), (x + 9.5, y + 15.5), (x + 16.5, y + 6.5)], 2.6, (255, 255, 255))
        else:
            c.line([(x + 11, y + 5.5), (x + 11, y + 12.5)], 2.8, (255, 255, 255))
            c.disc(x + 11, y + 16.4, 1.6, (255, 255, 255))
        c.box(x + 34, y + 6, 110 + 80 * abs(math.sin(n * 1.3)), 10, (222, 226, 230), 5)
    c.save("post-list.png")


if __name__ == "__main__":
    hero()
    post_door()
    post_list()
