"""An SVG from anybody becomes a PNG or a sentence: it opens no file, asks no server, runs nothing, and ends in time."""

import base64
import io
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from PIL import Image

from app.assets import svg
from app.assets.svg import Drawing, clean, draw, looks_like_svg, rasterise
from app.errors import Invalid
from tests.assets.pictures import picture

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="40">'
RED = '<rect width="100" height="40" fill="red"/>'


def of(inside: str, head: str = HEAD) -> bytes:
    return f"{head}{inside}</svg>".encode()


def drawn(data: bytes, across: int = 200, down: int = 80) -> Image.Image:
    image = Image.open(io.BytesIO(draw(data, across, down)[0]))
    image.load()
    return image.convert("RGBA")


def colours(image: Image.Image) -> set[object]:
    return {color for _, color in image.getcolors(image.width * image.height) or ()}


def test_a_drawing_becomes_a_see_through_png_of_the_size_asked_for() -> None:
    image = drawn(of('<rect width="50" height="40" fill="#15324b"/>'))
    assert image.size == (200, 80)
    assert image.getpixel((10, 10)) == (0x15, 0x32, 0x4B, 255)
    assert image.getpixel((190, 10)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("head", "size"),
    [
        ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="10 10 100 100">', (80, 80)),
        ('<svg xmlns="http://www.w3.org/2000/svg" width="2in" height="96px">', (160, 80)),
        ('<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%" viewBox="0 0 400 100">', (200, 50)),
        ('<svg xmlns="http://www.w3.org/2000/svg" width="900000" height="900000">', (80, 80)),
    ],
)  # fmt: skip
def test_its_shape_is_kept_and_its_size_is_ours(head: str, size: tuple[int, int]) -> None:
    cleaned = clean(of(RED, head), 200, 80)
    assert (cleaned.width, cleaned.height) == size


def test_words_are_drawn_alike_though_their_font_is_on_no_server() -> None:
    def words(font: str) -> bytes:
        image, has_words = draw(
            of(f'<text x="5" y="30" font-size="24" font-family="{font}">Harboür Ć</text>'), 200, 80
        )
        assert has_words
        return image

    drawn_words = words("Nobody Has This")
    assert Image.open(io.BytesIO(drawn_words)).convert("RGBA").getchannel("A").getextrema() == (0, 255)
    for file in svg._fonts_there()[0]:
        Path(file).unlink()  # something sweeps old temporary files
    assert words("Georgia, serif") == drawn_words


@pytest.mark.parametrize("way", ["href", "xlink:href"])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_no_file_of_the_server_is_opened(tmp_path: Path, way: str, scheme: str) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture(color="red"))
    attack = of(f'<image {way}="{scheme}{secret}" width="100" height="40"/>')
    assert colours(drawn(attack)) == {(0, 0, 0, 0)}
    assert str(secret).encode() not in clean(attack, 9, 9).xml


def test_the_drawing_process_can_open_no_file_even_if_it_is_asked_to(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture(color="red"))
    uncleaned = Drawing(of(f'<image href="{secret}" width="100" height="40"/>'), 100, 40, has_words=False)
    image = Image.open(io.BytesIO(rasterise(uncleaned))).convert("RGBA")
    assert colours(image) == {(0, 0, 0, 0)}


def test_no_server_is_asked() -> None:
    asked: list[str] = []

    class Trap(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Trap)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    here = f"http://127.0.0.1:{server.server_port}/"
    try:
        draw(
            of(
                f"<style>@import '{here}a.css'; rect {{ fill: url({here}b.svg#x) }} circle {{ fill: red }}</style>"
                f'<image href="{here}c.png" width="9" height="9"/><use href="{here}d.svg#e"/>'
                f'<filter id="f"><feImage href="{here}f.png"/></filter><circle r="9" filter="url({here}g.svg#h)"/>{RED}'
            ),
            100,
            40,
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert asked == []


@pytest.mark.parametrize(
    ("attack", "gone"),
    [
        ("<script>alert(1)</script>", b"alert"),
        ('<rect onload="alert(1)" width="9" height="9"/>', b"alert"),
        ('<a href="javascript:alert(1)"><rect width="9" height="9"/></a>', b"alert"),
        ("<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><iframe src='/x'/></body></foreignObject>", b"iframe"),
        ('<set attributeName="href" to="javascript:alert(1)"/>', b"alert"),
        ('<rect style="fill:url(//evil.example/x)" width="9" height="9"/>', b"evil"),
        ('<rect fill="u\\72l(//evil.example/x)" width="9" height="9"/>', b"evil"),
        ("<style>rect{fill:blue} @font-face{src:url(//evil.example/f)}</style>", b"evil"),
        ('<image href="data:image/svg+xml;base64,PHN2Zy8+" width="9" height="9"/>', b"base64"),
        ('<x:y xmlns:x="urn:editor" onclick="alert(1)"/>', b"editor"),
    ],
)  # fmt: skip
def test_what_runs_or_leads_outside_is_taken_out_and_the_rest_stays(attack: str, gone: bytes) -> None:
    cleaned = clean(of(attack + RED), 200, 80)
    assert gone not in cleaned.xml
    assert b'fill="red"' in cleaned.xml


def test_a_style_sheet_and_a_photo_inside_stay() -> None:
    photo = base64.b64encode(picture(size=(20, 20), color="#00ff00")).decode()
    image = drawn(
        of(
            "<style>rect { fill: #0000ff }</style><rect width='50' height='40'/>"
            f'<image xlink:href="data:image/png;base64,{photo}" x="60" width="40" height="40"/>'
        )
    )
    assert image.getpixel((10, 10)) == (0, 0, 255, 255)
    assert image.getpixel((160, 40)) == (0, 255, 0, 255)


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE svg [<!ENTITY l0 "ha">{entities}]>{HEAD}<text>&l9;</text></svg>'.encode()


def _uses() -> bytes:
    groups = "".join(f'<g id="g{n}">' + f'<use href="#g{n - 1}"/>' * 10 + "</g>" for n in range(1, 10))
    return of(f'<defs><path id="g0" d="M0 0h1v1z"/>{groups}</defs><use href="#g9"/>')


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (_laughs(), "entities"),
        (b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + of("<text>&x;</text>"), "entities"),
        (f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE svg [<!ENTITY x "y">]>{HEAD}</svg>'.encode("utf-16"), "entities"),
        ('<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-ENTITY'.encode("utf-7"), "broken"),
        (of("<g>" * 5_000 + "</g>" * 5_000), "nested too deep"),
        (of(RED * 30_000)[: svg.MAX_SVG - 10] + b"</svg>", "broken"),
        (of(RED * 30_000), "MB"),
        (of("<path/>" * 20_001), "shapes"),
        (of(RED, '<svg xmlns="http://www.w3.org/2000/svg">'), "how large"),
        (of(RED, '<svg xmlns="http://www.w3.org/2000/svg" width="nan" height="1e999">'), "how large"),
        (of(RED, '<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="10">'), "20 times"),
        (b"<html><svg/></html>", "no SVG"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"\xff<svg", "UTF-8"),
        (of('<image href="data:image/png;base64,AAAA"/>'), "broken"),
        (_uses(), "can’t be drawn"),
    ],
)  # fmt: skip
def test_what_is_no_honest_drawing_is_refused_with_the_mend(data: bytes, said: str) -> None:
    with pytest.raises(Invalid) as error:
        draw(data, 600, 240)
    assert said in error.value.message


def test_filters_without_end_end_with_the_time() -> None:
    turbulence = "<feTurbulence numOctaves='9999'/>" * 500
    filtered = of(f'<filter id="f">{turbulence}</filter><rect filter="url(#f)" width="99" height="39"/>')
    endless = clean(filtered, 1600, 640)
    began = time.monotonic()
    with pytest.raises(Invalid, match="too long"):
        rasterise(endless, seconds=1)
    assert time.monotonic() - began < 7


def test_a_drawing_larger_than_the_memory_ends_alone() -> None:
    huge = Drawing(
        of(RED, '<svg xmlns="http://www.w3.org/2000/svg" width="60000" height="60000">'), 9, 9, False
    )
    with pytest.raises(Invalid, match="too much memory"):
        rasterise(huge)


def test_an_svg_is_known_by_its_name_or_its_first_words() -> None:
    assert looks_like_svg("Logo.SVG", b"")
    assert looks_like_svg("logo.png", of(RED))
    assert not looks_like_svg("logo.png", picture())
