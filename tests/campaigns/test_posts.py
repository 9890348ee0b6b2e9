"""Social posts: how networks count, the address they lead to, and the picture with the partner's logo."""

import io
from typing import Any

import pytest
from PIL import Image

from app.assets.colors import contrast
from app.campaigns.posts import tracked
from app.campaigns.posts_picture import Dress, compose
from app.kits.pieces import Corner, Fit, Network
from app.kits.social import LIMITS, length
from tests.assets.pictures import picture
from tests.campaigns.marks import logo


@pytest.mark.parametrize(
    ("text", "on_x"),
    [
        ("plain words", 11),
        ("café", 4),
        ("cafe\u0301", 4),  # composed before it is counted
        ("見る", 4),
        ("“quoted” – and so on…", 21 + 1),  # the ellipsis is outside of what counts once
        ("👾", 2),
        ("🙋🏽", 2),
        ("👨‍👩‍👧‍👦 home", 7),
        ("🇳🇱", 2),
        ("https://go.example/p/a-very-long-address?utm_source=x&utm_medium=social", 23),
        ("Look: https://a.example. Now", 6 + 23 + 5),
    ],
)
def test_x_counts_as_its_documentation_says(text: str, on_x: int) -> None:
    assert length(text, Network.X) == on_x


def test_others_count_every_character_as_browsers_do() -> None:
    assert length("👾 https://a.example", Network.LINKEDIN) == 2 + 1 + 17
    assert {network: limit.most for network, limit in LIMITS.items()} == {
        "linkedin": 3_000, "x": 280, "facebook": 63_206, "instagram": 2_200,
    }  # fmt: skip


def test_the_address_names_the_network_and_keeps_what_it_had() -> None:
    found = tracked("https://go.example/p/abc?a=1#form", Network.X, "my-kit", "open & door")
    assert found == (
        "https://go.example/p/abc?a=1&utm_source=x&utm_medium=social&utm_campaign=my-kit&utm_content=open+%26+door#form"
    )


def drawn(**given: Any) -> Image.Image:
    defaults: dict[str, Any] = {
        "picture": picture(size=(1200, 628), color="#808080"), "size": (1200, 627), "dress": Dress("Harbour IT", "#15324b", logo()),
    }  # fmt: skip
    return Image.open(io.BytesIO(compose(**{**defaults, **given}))).convert("RGB")


def seen(image: Image.Image, corner: str) -> set[str]:
    """The colours within the quarter of the picture at this corner that are not the ground's."""
    width, height = image.size
    x = 0 if "left" in corner else width - width // 3
    y = 0 if "top" in corner else height - height // 3
    part = image.crop((x, y, x + width // 3, y + height // 3)).quantize(8).convert("RGB")
    return {"#{:02x}{:02x}{:02x}".format(*color) for _, color in part.getcolors() or []}  # type: ignore[misc]


@pytest.mark.parametrize("network", list(Network))
def test_each_network_gets_its_size(network: Network) -> None:
    size = LIMITS[network].size
    assert drawn(size=size).size == size


@pytest.mark.parametrize("corner", [c for c in Corner if c is not Corner.NONE])
def test_the_logo_stands_in_its_corner_and_nowhere_else(corner: Corner) -> None:
    image = drawn(corner=corner)
    for other in ("top-left", "top-right", "bottom-left", "bottom-right"):
        assert (len(seen(image, other)) > 1) is (other == corner)


def test_without_a_corner_the_picture_is_as_it_was() -> None:
    assert {len(seen(drawn(corner=Corner.NONE), corner)) for corner in ("top-left", "bottom-right")} == {1}


@pytest.mark.parametrize("ground", ["#000000", "#ffffff", "#15324b", "#f0f0f0"])
@pytest.mark.parametrize("ink", ["#15324b", "#ffffff", "#f08a4b"])
def test_a_logo_can_be_seen_on_any_picture(ground: str, ink: str) -> None:
    image = drawn(picture=picture(size=(1200, 628), color=ground), dress=Dress("x", "#15324b", logo(ink)))
    plate = image.getpixel((1200 - 22 - 12, 627 - 22 - 40))
    shown = "#{:02x}{:02x}{:02x}".format(*plate)  # type: ignore[misc]
    assert contrast(ink, shown) >= (2.2 if ink == "#f08a4b" else 4.5), f"{ink} on {shown}"


def test_a_logo_with_a_ground_of_its_own_keeps_it() -> None:
    image = drawn(dress=Dress("x", "#15324b", logo("#ffffff", "#b9431a")))
    assert image.getpixel((1200 - 22 - 12, 627 - 22 - 40)) == (0xB9, 0x43, 0x1A)


@pytest.mark.parametrize(
    "name", ["Harbour IT", "Łódzkie Привет", "Zeer Lange Naam Automatisering en Netwerken B.V.", " ", "日本"]
)
def test_without_a_logo_the_name_stands_there_in_any_script(name: str) -> None:
    image = drawn(dress=Dress(name, "#15324b"))
    assert len(seen(image, "bottom-right")) > 2


def test_a_picture_of_another_shape_is_shown_whole_or_fills_as_the_kit_says() -> None:
    wide = Image.new("RGB", (1200, 628), "#808080")
    wide.paste("#ff0000", (0, 0, 60, 628))
    out = io.BytesIO()
    wide.save(out, "PNG")
    square = (1080, 1080)
    whole = drawn(picture=out.getvalue(), size=square, corner=Corner.NONE)
    assert whole.getpixel((10, 540)) == (255, 0, 0)
    assert whole.getpixel((540, 10)) == (0x15, 0x32, 0x4B), "a band in the partner's colour"
    filled = drawn(picture=out.getvalue(), size=square, corner=Corner.NONE, fit=Fit.FILL)
    assert filled.getpixel((10, 540)) == (0x80, 0x80, 0x80)
    nearly = drawn(picture=out.getvalue(), size=(1600, 900), corner=Corner.NONE)
    assert nearly.getpixel((800, 5)) == (0x80, 0x80, 0x80), "a small difference is cut off, without bands"


def test_a_see_through_picture_stands_on_white_and_the_same_input_gives_the_same_bytes() -> None:
    clear = picture(size=(1200, 628), mode="RGBA", color=(0, 0, 0, 0))
    wear = Dress("x", "#15324b", logo())
    first = compose(clear, (1200, 627), wear)
    assert first == compose(clear, (1200, 627), wear)
    assert Image.open(io.BytesIO(first)).convert("RGB").getpixel((10, 10)) == (255, 255, 255)
