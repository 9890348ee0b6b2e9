"""What a logo tells: its colours by weight, the pair that can be read, and the grounds on which it is lost."""

import io
from typing import Any

import pytest
from PIL import Image, ImageDraw

from app.assets.colors import contrast, distance
from app.assets.logo import LARGE, SHARP, SMALL, Picture, dress, read_logo
from app.assets.palette import Facts, look_at, suggest
from app.errors import Invalid
from tests.assets.pictures import picture


def logo(*boxes: tuple[tuple[int, int, int, int], str], size: tuple[int, int] = (400, 160), ground: Any = (0, 0, 0, 0)) -> Image.Image:  # fmt: skip
    image = Image.new("RGBA", size, ground)
    for box, color in boxes:
        ImageDraw.Draw(image).rectangle(box, fill=color)
    return image


def as_png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


NAVY = logo(((20, 20, 120, 140), "#15324b"), ((140, 60, 380, 100), "#15324b"), ((40, 40, 80, 80), "#f08a4b"))
WHITE = logo(((20, 20, 120, 140), "#ffffff"), ((140, 60, 380, 100), "#fefefe"))


def test_the_colours_of_a_logo_come_by_how_much_they_fill() -> None:
    facts = look_at(NAVY)
    assert [min(("#15324b", "#f08a4b"), key=lambda c: distance(c, color)) for color in facts.colors] == [
        "#15324b",
        "#f08a4b",
    ]
    assert all(distance(a, b) < 0.02 for a, b in zip(facts.colors, ("#15324b", "#f08a4b"), strict=True))


def test_the_same_logo_always_gives_the_same_answer() -> None:
    noisy = Image.effect_mandelbrot((300, 120), (-2, -1, 1, 1), 60).convert("RGBA")
    assert look_at(noisy) == look_at(noisy.copy())
    assert Facts.read(look_at(noisy).stored()) == look_at(noisy)


def test_white_paper_is_no_colour_of_the_logo() -> None:
    facts = look_at(logo(((100, 40, 300, 120), "#0055aa"), ground=(255, 255, 255, 255)))
    assert len(facts.colors) == 1
    assert not facts.hides_on_white
    assert not facts.hides_on_dark, "a white rectangle shows on dark, with its paper"


def test_the_most_colourful_calls_and_both_can_be_read() -> None:
    found = suggest(look_at(NAVY).colors)
    assert found
    assert distance(found.primary.use, "#15324b") < 0.02
    assert found.call.is_mended, "white on this orange is 2.3 to 1"
    for swatch in found.swatches:
        assert contrast(swatch.use, "#ffffff") >= 4.5


@pytest.mark.parametrize(
    ("colors", "primary", "call"),
    [
        (("#c00000",), "#c00000", "#c00000"),
        (("#111111", "#c00000"), "#111111", "#c00000"),
        (("#c00000", "#111111"), "#111111", "#c00000"),
        (("#777777", "#222222"), "#222222", "#222222"),
        (("#0b5b73", "#f0c040", "#15324b"), "#0b5b73", "#f0c040"),
    ],
)
def test_which_of_the_colours_leads_and_which_calls(colors: tuple[str, ...], primary: str, call: str) -> None:
    found = suggest(colors)
    assert found
    assert (found.primary.found, found.call.found) == (primary, call)


def test_a_logo_all_in_white_is_noticed() -> None:
    facts = look_at(WHITE)
    assert facts.hides_on_white
    assert not facts.hides_on_dark
    assert facts.colors == ()
    assert suggest(facts.colors) is None


def test_white_words_beside_a_coloured_mark_are_noticed_too() -> None:
    mixed = logo(((20, 20, 120, 140), "#b9431a"), ((140, 60, 380, 80), "#ffffff"))
    assert look_at(mixed).hides_on_white


def test_white_inside_a_dark_shape_is_not_lost() -> None:
    facts = look_at(logo(((20, 20, 380, 140), "#15324b"), ((60, 60, 200, 100), "#ffffff")))
    assert not facts.hides_on_white
    assert facts.hides_on_dark, "the navy shape is lost on a dark ground"


def seen(one: Picture) -> Facts:
    with Image.open(io.BytesIO(one.data)) as opened:
        return look_at(opened.convert("RGBA"))


def test_a_logo_is_made_at_every_size_without_its_margin_and_never_blown_up() -> None:
    made = dress(read_logo("logo.png", as_png(logo(((600, 300, 2200, 800), "#15324b"), size=(3000, 1200)))))
    assert (made.small.width, made.small.height) == (300, 94)
    assert made.sharp.width == 2 * made.small.width == SHARP[0]
    assert made.large.width == LARGE[0]
    tall = dress(read_logo("s.png", as_png(logo(((0, 0, 99, 399), "#15324b"), size=(100, 400)))))
    assert (tall.large.width, tall.large.height) == (100, 400)
    assert tall.small.height == SMALL[1]


def test_an_svg_is_sharp_at_every_size() -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 8"><rect width="20" height="8" fill="#15324b"/></svg>'
    made = read_logo("logo.svg", svg)
    assert (made.source.width, made.source.height) == LARGE
    assert made.name == "logo.png"


def test_a_photo_keeps_no_data_about_where_it_was_taken() -> None:
    made = dress(read_logo("logo.jpg", picture("JPEG", size=(400, 160), exif=b"Exif\0\0secret place")))
    assert all(b"secret" not in one.data for one in (made.logo.source, made.small, made.sharp, made.large))


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (logo(), "Nothing can be seen"),
        (logo(((5, 5, 12, 12), "#15324b")), "8 × 8"),
    ],
)
def test_an_empty_or_tiny_logo_is_refused(image: Image.Image, said: str) -> None:
    with pytest.raises(Invalid) as error:
        read_logo("logo.png", as_png(image))
    assert said in error.value.message


def test_a_plate_makes_a_white_logo_visible_and_keeps_the_source() -> None:
    made = read_logo("logo.png", as_png(WHITE))
    bare, plated = dress(made), dress(made, "#15324b")
    assert seen(bare.sharp).hides_on_white
    assert not seen(plated.sharp).hides_on_white
    assert plated.logo.source.data == made.source.data
    assert plated.dark is None, "the plate shows on dark grounds as well"


def test_dark_grounds_show_the_second_logo_else_a_white_plate_where_it_is_needed() -> None:
    navy, white = read_logo("logo.png", as_png(NAVY)), read_logo("light.png", as_png(WHITE))
    made = dress(navy)
    assert made.dark
    assert not seen(made.dark).hides_on_dark
    second = dress(navy, dark_source=white.source)
    assert second.dark
    assert seen(second.dark).hides_on_white, "it is the white one, as it came"
    assert dress(white).dark is None, "a white logo needs no help there"
