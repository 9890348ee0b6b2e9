"""A mail that says nothing about dark mode gets dark styles in which everything that could be read can be read."""

import re
from pathlib import Path

import pytest

from app.kits.contrast import trouble
from app.render import shades
from app.render.dark import with_dark
from app.render.email import to_html
from app.render.filters import contrast, luminance
from tests.render.reference import OWN, PUBLIC


def page(body: str, head: str = "") -> str:
    return with_dark(f"<html><head>{head}</head><body>{body}</body></html>")


def by_night(html: str, tag: str) -> str:
    """What the dark rules say of the first tag like this."""
    found = re.search(rf"<{tag}\b[^>]*class=\"(d\d+)", html)
    assert found, html
    rule = re.search(rf"^\.{found.group(1)} {{ (.*) }}$", html, re.MULTILINE)
    assert rule
    return rule.group(1)


@pytest.mark.parametrize("path", [*OWN, *PUBLIC], ids=lambda p: p.stem)
def test_what_can_be_read_by_day_can_be_read_by_night(path: Path) -> None:
    html = with_dark(to_html(path.read_text()))
    weak = {(pair.text, pair.ground) for pair in trouble(html)}
    if "light only" not in html:
        assert {(pair.text, pair.ground) for pair in trouble(html, dark=True)} <= weak


def test_light_grounds_turn_dark_and_texts_light() -> None:
    html = page('<div style="background:#fff"><p style="color:#222222">Words</p></div>')
    ground = re.search(r"background:(#\w{6})", by_night(html, "div"))
    text = re.search(r"color:(#\w{6})", by_night(html, "p"))
    assert ground
    assert text
    assert luminance(ground.group(1)) < 0.05
    assert contrast(text.group(1), ground.group(1)) >= 7
    assert '<meta name="color-scheme" content="light dark">' in html


def test_a_logo_keeps_the_ground_it_was_drawn_for_and_a_photograph_needs_none() -> None:
    html = page('<div style="background-color:#f4f4f4"><img src="https://a.example/logo.png" alt="A"></div>')
    assert by_night(html, "img") == "background-color:#f4f4f4 !important"
    assert 'photo.jpg" alt="A">' in page('<img src="https://a.example/photo.jpg" alt="A">')


def test_a_button_keeps_its_colour_and_a_dark_one_gets_light_enough_to_be_seen() -> None:
    html = page('<a href="#" style="background:#e65100;color:#ffffff">Go</a>')
    assert "background" not in by_night(html, "a")
    drowning = by_night(page('<a href="#" style="background:#101418;color:#ffffff">Go</a>'), "a")
    shade = re.search(r"background:(#\w{6})", drowning)
    assert shade
    assert contrast(shade.group(1), shades.CARD) >= 1.6
    assert contrast("#ffffff", shade.group(1)) >= 4.5


def test_text_over_a_picture_keeps_its_colour() -> None:
    html = page('<div style="background:#fff url(x.png)"><p style="color:#111111">Words</p></div>')
    assert "color:#111111" in by_night(html, "p")


@pytest.mark.parametrize(
    "head",
    [
        '<meta name="color-scheme" content="light dark">',
        "<style>@media (prefers-color-scheme: dark) { p { color: #fff } }</style>",
        '<meta name="color-scheme" content="light only">',
    ],
)
def test_a_mail_with_a_word_of_its_own_is_left_alone(head: str) -> None:
    assert (
        page("<p style='color:#222'>x</p>", head)
        == f"<html><head>{head}</head><body><p style='color:#222'>x</p></body></html>"
    )


def test_a_mail_whose_colours_hang_on_selectors_says_that_it_is_light() -> None:
    html = page("<p>x</p>", "<style>p { color: #222222 }</style>")
    assert '<meta name="color-scheme" content="light only">' in html
    assert "prefers-color-scheme" not in html


@pytest.mark.parametrize(
    ("text", "colour"),
    [("#ABC", "#aabbcc"), ("white", "#ffffff"), ("rgb(1, 2, 3)", "#010203"), ("rgba(0,0,0,.1)", None), ("transparent", None),
     ("inherit", None), ("nonsense", None), ("12px", None), ("url(x)", None), ("", None)],
)  # fmt: skip
def test_colours_are_read_as_css_writes_them(text: str, colour: str | None) -> None:
    assert shades.parsed(text) == colour
