"""A picture is what it says it is, or it is refused; what is kept is drawn anew."""

import io

import pytest
from PIL import Image

from app.assets.images import clean_image
from app.errors import Invalid
from tests.assets.pictures import bomb, picture

SCRIPT = b"<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("name", "kind", "content_type"),
    [
        ("a.png", "PNG", "image/png"),
        ("a.JPG", "JPEG", "image/jpeg"),
        ("a.jpeg", "JPEG", "image/jpeg"),
        ("a.webp", "WEBP", "image/webp"),
    ],
)
def test_the_three_formats_are_taken(name: str, kind: str, content_type: str) -> None:
    image = clean_image(name, picture(kind))
    assert (image.content_type, image.width, image.height) == (content_type, 640, 360)
    assert Image.open(io.BytesIO(image.data)).format == kind


def test_metadata_is_left_behind_and_the_picture_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010E] = "where I live"
    image = clean_image("a.jpg", picture("JPEG", (600, 400), exif=exif))
    assert (image.width, image.height) == (400, 600)
    assert b"where I live" not in image.data
    assert not Image.open(io.BytesIO(image.data)).getexif()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_hides_behind_the_last_pixel_is_left_behind(kind: str) -> None:
    name = {"PNG": "a.png", "JPEG": "a.jpg", "WEBP": "a.webp"}[kind]
    assert SCRIPT not in clean_image(name, picture(kind) + SCRIPT).data


def test_what_hides_in_a_comment_is_left_behind() -> None:
    assert SCRIPT not in clean_image("a.jpg", picture("JPEG", comment=SCRIPT)).data


def test_transparency_and_other_colour_models_survive() -> None:
    clear = clean_image("a.png", picture("PNG", mode="RGBA", color=(1, 2, 3, 0)))
    assert Image.open(io.BytesIO(clear.data)).mode == "RGBA"
    printed = clean_image("a.jpg", picture("JPEG", mode="CMYK", color=(0, 0, 0, 255)))
    assert Image.open(io.BytesIO(printed.data)).mode == "RGB"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.png", picture("JPEG"), "is called .png but is a JPEG"),
        ("a.jpg", picture("PNG"), "is called .jpg but is a PNG"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG can hold scripts"),
        ("a.png", b"<svg onload='x'/>", "SVG can hold scripts"),
        ("a.gif", picture("GIF"), "no picture we can show"),
        ("a", picture("PNG"), "no picture we can show"),
        ("a.png.html", picture("PNG"), "no picture we can show"),
        ("a.png", b"<html>" + SCRIPT, "no picture we can show"),
        ("a.png", b"", "no picture we can show"),
        ("a.png", picture("PNG")[:60], "broken"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + SCRIPT, "broken"),
        ("a.jpg", b"\xff\xd8\xff" + SCRIPT, "broken"),
    ],
)
def test_what_is_no_such_picture_is_refused_with_the_mend(name: str, data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        clean_image(name, data)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(Invalid, match=r"pixels is too many|broken"):
        clean_image("a.png", bomb())
    with pytest.raises(Invalid, match="pixels is too many"):
        clean_image("a.png", picture(size=(100, 100)), max_pixels=9_999)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(Invalid, match="is the most"):
        clean_image("a.png", picture(), max_bytes=100)
