"""A picture is what it says it is, or it is refused; what is kept is drawn anew."""

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.assets.images import clean_image
from app.errors import Invalid
from tests.assets.papers import plain_pdf
from tests.assets.pictures import bomb, moving, picture, swapped_profile, zipped

SCRIPT = b"<script>alert(1)</script>"
NAMES = {"PNG": "a.png", "JPEG": "a.jpg", "WEBP": "a.webp", "GIF": "a.gif"}


def _note(text: str, padding: str = "") -> PngInfo:
    found = PngInfo()
    found.add_text("Comment", text + padding * 100)
    return found


def _pace(picture: Image.Image, at: int) -> int:
    picture.seek(at)
    return int(picture.info["duration"])


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
def test_what_a_phone_puts_behind_the_last_pixel_is_left_behind(kind: str) -> None:
    film = b"\0\0\0\x18ftypmp42 a short film"
    assert film not in clean_image(NAMES[kind], picture(kind) + film).data


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize(
    ("what", "said"),
    [(SCRIPT, "web page"), (b"<HTML><body>", "web page"), (zipped(), "an archive"), (plain_pdf(), "a PDF")],
    ids=["script", "page", "zip", "pdf"],
)
def test_a_picture_that_is_something_else_besides_is_refused(kind: str, what: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=f"is also .*{said.split()[-1]}"):
        clean_image(NAMES[kind], picture(kind) + what, for_library=True)


@pytest.mark.parametrize(
    "data",
    [
        picture("JPEG", comment=SCRIPT),
        picture("GIF", comment=SCRIPT),
        picture("PNG", pnginfo=_note(SCRIPT.decode())),
        picture("PNG", pnginfo=_note("<svg onload=alert(1)>", "0")),
    ],
    ids=["jpeg", "gif", "png", "svg"],
)
def test_a_page_in_a_comment_is_found_too(data: bytes) -> None:
    name = next(NAMES[kind] for kind in NAMES if Image.open(io.BytesIO(data)).format == kind)
    with pytest.raises(Invalid, match="web page"):
        clean_image(name, data, for_library=True)


def test_a_place_on_earth_is_left_behind() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 55.0, 12.0), 3: "E", 4: (4.0, 28.0, 45.0)})
    exif[0x8825] = exif.get_ifd(0x8825)
    sent = picture("JPEG", exif=exif)
    assert Image.open(io.BytesIO(sent)).getexif().get_ifd(0x8825)
    kept = Image.open(io.BytesIO(clean_image("a.jpg", sent).data))
    assert not kept.getexif()
    assert not set(kept.info) - {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "progressive",
        "progression",
    }


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_of_another_space_become_srgb(mode: str) -> None:
    """Red and green change places in this profile, so that what isn't converted shows."""
    source = Image.new("RGB", (8, 8), "#ff0000").convert(mode)
    out = io.BytesIO()
    source.save(out, "PNG", icc_profile=swapped_profile())
    drawn = Image.open(io.BytesIO(clean_image("a.png", out.getvalue()).data))
    color = drawn.convert("RGB").getpixel((3, 3))
    assert isinstance(color, tuple)
    red, green, blue = color
    assert (red, blue) == (0, 0)
    assert green > 250
    assert "icc_profile" not in drawn.info


def test_a_profile_that_is_none_costs_no_picture() -> None:
    assert clean_image("a.png", picture(icc_profile=b"no profile")).width == 640


def test_a_picture_of_16_bits_keeps_its_greys() -> None:
    out = io.BytesIO()
    Image.new("I;16", (4, 4), 32_768).save(out, "PNG")
    grey = Image.open(io.BytesIO(clean_image("a.png", out.getvalue()).data)).getpixel((0, 0))
    assert grey in ((127, 127, 127), (128, 128, 128))


def test_a_gif_goes_on_moving_at_its_pace_in_the_library_and_nowhere_else() -> None:
    sent = moving(frames=3, duration=[100, 200, 300], loop=0)
    image = clean_image("a.gif", sent, for_library=True)
    kept = Image.open(io.BytesIO(image.data))
    assert (image.frames, getattr(kept, "n_frames", 1), kept.info["loop"]) == (3, 3, 0)
    assert [_pace(kept, at) for at in range(3)] == [100, 200, 300]
    assert "comment" not in kept.info
    with pytest.raises(Invalid, match="PNG, JPEG or WebP"):
        clean_image("a.gif", sent)


@pytest.mark.parametrize(
    ("data", "said"),
    [(moving(size=(1300, 20)), "1300 pixels wide; 1,200"), (moving(frames=201, size=(2, 2)), "201 frames")],
)
def test_a_gif_that_no_mail_can_carry_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        clean_image("a.gif", data, for_library=True)


def test_only_the_first_picture_of_other_formats_that_move_is_kept() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), color) for color in ("#ff0000", "#00ff00")]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    image = clean_image("a.png", out.getvalue(), for_library=True)
    assert (image.frames, getattr(Image.open(io.BytesIO(image.data)), "n_frames", 1)) == (1, 1)


@pytest.mark.parametrize(
    ("mode", "color", "content_type"), [("RGB", "#15324b", "image/jpeg"), ("RGBA", (1, 2, 3, 0), "image/png")]
)
def test_a_webp_becomes_what_every_mail_program_shows(mode: str, color: object, content_type: str) -> None:
    sent = picture("WEBP", mode=mode, color=color)
    assert clean_image("a.webp", sent, for_library=True).content_type == content_type


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
        ("a.png", b"", "is empty"),
        ("a.png", picture("PNG")[:60], "broken"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"junk" * 20, "broken"),
        ("a.jpg", b"\xff\xd8\xff" + b"junk" * 20, "broken"),
        ("a.jpg", picture("JPEG")[:-400], "broken"),
        ("a.webp", picture("WEBP")[:-40], "broken"),
        ("a.jpg", SCRIPT + picture("JPEG"), "no picture we can show"),
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
