"""A mail is compiled once: MJML, inlined styles, numbered links, a text part, and places where nothing can break out."""

import pytest

from app.render import unsafe
from app.render.context import Missing
from app.render.email import EmailSource, compile_email, preview_html, preview_line, preview_text
from app.render.errors import RenderError
from app.render.fold import VALUE_LIMIT
from app.render.places import PlaceKind
from tests.render.cast import BODY, PARTNER, VENDOR, WHY, compiled


def test_links_are_numbered_with_the_landing_page_first() -> None:
    letter = compiled()
    assert [(t.number, t.kind, t.url) for t in letter.links] == [
        (1, "landing", ""),
        (2, "url", "https://example.com/a?b=1&c=2"),
    ]
    assert 'href="https://example.com/a' not in letter.html


def test_inline_styles_are_inlined_and_media_rules_and_outlook_comments_stay() -> None:
    html = compiled().html
    assert "color: #15324b" in html
    assert ".plain" not in html
    assert "@media (max-width:480px) { .wide" in html
    assert html.count("<!--[if") == html.count("<![endif]-->") > 5


def test_the_same_input_compiles_to_the_same_bytes() -> None:
    assert compiled() == compiled()


def test_no_line_is_longer_than_mail_allows_however_long_the_names() -> None:
    html = compiled(words="wort " * 700 + "w" * 3000).html
    letter = compiled(words="wort " * 700 + "w" * 3000)
    for line in html.split("\n"):
        places = line.count(letter.mark)
        assert len(line.encode()) + places * VALUE_LIMIT <= 998


def test_folding_never_breaks_inside_a_style() -> None:
    for found in unsafe.TAG.finditer(compiled(words="wort " * 700).html):
        for name, value, _ in unsafe.attributes(found.group("rest")):
            if name == "style":
                assert all(piece.rstrip(" ").endswith(";") for piece in value.split("\n")[:-1])


def test_the_text_part_says_the_same_with_its_links_written_out() -> None:
    text = preview_text(
        compiled(), {"first_name": "Sanne", "company": "Van Dijk"}, {1: "https://go.example/p"}
    )
    assert text.startswith("Hello Sanne of Van Dijk,\n\nWords. Read on (https://example.com/a?b=1&c=2)")
    assert "Book it:\nhttps://go.example/p" in text
    assert "Wilhelminakade 88" in text
    assert "In short" not in text


def test_the_preview_escapes_the_contact_and_opens_no_pixel() -> None:
    html = preview_html(compiled(), {"first_name": "<script>alert(1)</script>"})
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "/o/" not in html
    assert preview_line(compiled(), {})[0] == "For you"


def test_a_missing_slot_stops_the_mail_unless_marks_are_asked_for() -> None:
    gap = Missing("words", "the date")
    with pytest.raises(RenderError, match="The date is missing"):
        compiled(words=gap)
    letter = compile_email(EmailSource(BODY, "S"), {"words": gap}, PARTNER, VENDOR, WHY, mark_missing=True)
    assert "the date is missing</mark>" in letter.html
    assert "[the date is missing]" in letter.text


@pytest.mark.parametrize(
    ("part", "rule"),
    [
        ("<mj-raw><script>alert(1)</script></mj-raw>", "forbidden-tag"),
        ('<mj-text><p onclick="x()">a</p></mj-text>', "event-handler"),
        ('<mj-text><a href="javascript:alert(1)">a</a></mj-text>', "link-scheme"),
        ('<mj-text><a href="java&#10;script:alert(1)">a</a></mj-text>', "link-scheme"),
        ('<mj-include path="/etc/passwd" />', "mj-include"),
        ('<mj-image src="assets/none.png" alt="" />', "asset-missing"),
        ("<mj-text>unclosed", "mjml"),
    ],
)
def test_what_a_mail_must_not_hold_is_refused(part: str, rule: str) -> None:
    with pytest.raises(RenderError) as error:
        compiled(BODY.replace("<mj-column>", f"<mj-column>{part}"))
    assert rule in {p.rule for p in error.value.problems}


def test_the_pixel_is_one_place_at_the_end_of_the_body() -> None:
    letter = compiled()
    at = [p.kind for p in letter.places].index(PlaceKind.PIXEL)
    assert letter.html.rstrip().endswith(f"{letter.mark}{at}z</body></html>")
