"""Text is held against the background people see: inherited, half transparent, from a style sheet, at night, where pictures are off."""

import pytest

from app.assets.colors import contrast
from app.kits.contrast import dark_rules, pairs, trouble

STYLE = "<style>{}</style>"


def seen(body: str, style: str = "", *, dark: bool = False) -> list[tuple[str, str, str]]:
    """Text, its colour and its ground."""
    html = f"<html><head>{STYLE.format(style)}</head><body>{body}</body></html>"
    return [(pair.sample, pair.text, pair.ground) for pair in pairs(html, dark=dark)]


@pytest.mark.parametrize(
    ("body", "text", "ground"),
    [
        ("<p>x</p>", "#000000", "#ffffff"),
        ('<div style="background:#15324b"><p style="color:#fff">x</p></div>', "#ffffff", "#15324b"),
        ('<table bgcolor="#eeeeee"><tr><td><font color="navy">x</font></td></tr></table>', "#000080", "#eeeeee"),
        ('<div style="background:#000 url(a.png) no-repeat;color:white">x</div>', "#ffffff", "#000000"),
        ('<div style="background-color:rgba(0,0,0,.5)">x</div>', "#000000", "#808080"),
        ('<div style="color:rgba(0, 0, 0, 50%)">x</div>', "#808080", "#ffffff"),
        ('<div style="background:transparent;color:inherit">x</div>', "#000000", "#ffffff"),
        ('<a href="https://a.example">x</a>', "#0000ee", "#ffffff"),
        ('<a href="https://a.example" style="color:inherit">x</a>', "#000000", "#ffffff"),
        ("<a>x</a>", "#000000", "#ffffff"),
        ('<p style="color:red !important;color:blue">x</p>', "#ff0000", "#ffffff"),
        ('<p style="background:#000;background-color:#fff">x</p>', "#000000", "#ffffff"),
        ('<p style="background-color:#fff;background:#000">x</p>', "#000000", "#000000"),
        ('<p style="background:#000 !important;background-color:#fff">x</p>', "#000000", "#000000"),
        ('<p style="background-color:#000 !important;background:#fff">x</p>', "#000000", "#000000"),
        ('<p style="background:#000 !important;background-color:#777 !important">x</p>', "#000000", "#777777"),
        ('<p style="color:hsl(0, 100%, 25%)">x</p>', "#800000", "#ffffff"),
        ('<p style="color:nonsense;background:also nonsense">x</p>', "#000000", "#ffffff"),
    ],
)  # fmt: skip
def test_a_text_has_the_colours_a_program_shows(body: str, text: str, ground: str) -> None:
    assert seen(body) == [("x", text, ground)]


def test_rules_of_style_sheets_reach_their_elements() -> None:
    body = '<div class="card"><p style="color:#000000">a</p><b>b</b></div>'
    style = ".card { background: #101418 } .card p { color: #ffffff !important } @media print { b { color: red } }"
    assert seen(body, style) == [("a", "#ffffff", "#101418"), ("b", "#000000", "#101418")]


@pytest.mark.parametrize(
    "body",
    [
        '<p style="display:none">x</p>', '<p style="visibility:hidden">x</p>', '<p style="opacity:0">x</p>',
        '<p style="font-size:0px">x</p>', "<style>x</style>", "<!-- x -->", "<!--[if mso]>x<![endif]-->", "<p> – · | </p>",
    ],
)  # fmt: skip
def test_what_nobody_reads_has_no_pair(body: str) -> None:
    assert seen(body) == []


def test_size_zero_around_a_text_with_a_size_of_its_own_hides_nothing() -> None:
    assert seen('<td style="font-size:0px"><div style="font-size:13px">x</div></td>') == [
        ("x", "#000000", "#ffffff")
    ]


@pytest.mark.parametrize(
    ("body", "needed"),
    [
        ("x", 4.5), ('<p style="font-size:24px">x</p>', 3.0), ('<p style="font-size:23px">x</p>', 4.5), ("<h1>x</h1>", 3.0),
        ('<b style="font-size:14pt">x</b>', 3.0), ('<span style="font-size:14pt">x</span>', 4.5),
        ('<p style="font-size:20px"><b>x</b></p>', 3.0), ('<b style="font-size:20px;font-weight:400">x</b>', 4.5),
        ('<p style="font-size:2em">x</p>', 3.0), ("<h3>x</h3>", 3.0), ('<p style="font-size:150%">x</p>', 3.0),
    ],
)  # fmt: skip
def test_large_text_needs_less(body: str, needed: float) -> None:
    assert [pair.needed for pair in pairs(f"<html><body>{body}</body></html>")] == [needed]


def test_over_a_picture_the_colour_shows_that_is_there_without_it() -> None:
    body = '<div style="background-image:url(a.png)"><p style="color:#fff">x</p><p style="background:#000;color:#fff">y</p></div>'
    found = pairs(f"<html><body>{body}</body></html>")
    assert [(pair.ground, pair.is_over_picture, pair.is_readable) for pair in found] == [
        ("#ffffff", True, False), ("#000000", False, True),
    ]  # fmt: skip


def test_at_night_the_mails_own_rules_hold_on_a_dark_ground() -> None:
    style = "p { color: #000000 } @media (prefers-color-scheme: dark) { .good { color: #eeeeee !important } } i { color: #777 }"
    body = '<p>a</p><p class="good">b</p><div style="background:#fff;color:#000">c</div>'
    assert seen(body, style, dark=True) == [
        ("a", "#000000", "#121212"), ("b", "#eeeeee", "#121212"), ("c", "#000000", "#ffffff"),
    ]  # fmt: skip
    assert [
        pair.sample
        for pair in trouble(f"<html><head>{STYLE.format(style)}</head><body>{body}</body></html>", dark=True)
    ] == ["a"]


def test_dark_rules_are_cut_out_whole() -> None:
    css = "a{} @media (prefers-color-scheme: dark) { b { c: d } /* } */ @media (x) { e { } } } f{} @media (prefers-color-scheme:dark){g{}"
    assert [part.strip() for part in dark_rules(STYLE.format(css)).split("\n")] == [
        "b { c: d }  @media (x) { e { } }",
        "g{",
    ]


def test_trouble_names_each_pair_of_colours_once_the_weakest_first() -> None:
    body = "".join(
        f'<p style="color:{colour}">{colour}</p>' for colour in ("#999999", "#cccccc", "#999999", "#000000")
    )
    found = trouble(f"<html><body>{body}</body></html>")
    assert [(pair.text, pair.ground, pair.sample) for pair in found] == [
        ("#cccccc", "#ffffff", "#cccccc"), ("#999999", "#ffffff", "#999999"),
    ]  # fmt: skip
    assert [pair.ratio for pair in found] == [contrast(pair.text, "#ffffff") for pair in found]


def test_a_mail_that_nests_deep_is_read_to_its_end() -> None:
    body = "<div>" * 3_000 + "x" + "</div>" * 3_000
    assert len(pairs(f"<html><body>{body}</body></html>")) in (0, 1)
