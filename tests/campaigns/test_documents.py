"""Documents: what a kit may hand out, where a panel may stand, and the vendor's PDF with the partner's panel on it."""

import io
from typing import Any

import pypdf
import pytest
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from app.assets.images import clean_image
from app.campaigns.documents import Card, draw, panelled
from app.campaigns.paper import to_pdf
from app.campaigns.playbook import laid_out
from app.errors import Invalid
from app.kits.check import finding_of
from app.kits.check_documents import check_documents, misplaced
from app.kits.findings import Finding
from app.kits.format import survey
from app.kits.locate import Lines
from app.kits.pdf import broken, page_sizes
from app.kits.pieces import Panel
from tests.assets.pictures import picture
from tests.campaigns.marks import logo
from tests.kits_web.box import files

CARD = Card(
    "Harbour IT", "#15324b", logo(), "image/png", "Wilhelminakade 88, 3072 AR Rotterdam", "010 555 01 40",
    "hallo@harbour-it.example", "https://harbour-it.example/",
)  # fmt: skip
PANEL = "panel = { page = -1, x = 18, y = 206, width = 174, height = 58 }"
PATH = "documents/thirty-points.pdf"
PDF = files()[PATH]


def changed(**how: Any) -> bytes:
    """The kit's document with something done to it."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(PDF))
    for name, given in how.items():
        getattr(writer, name)(*given)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def with_catalog(key: str, value: Any) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(PDF))
    writer.root_object[NameObject(key)] = value
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def action(kind: str, key: str) -> DictionaryObject:
    return DictionaryObject(
        {NameObject("/S"): NameObject(kind), NameObject(key): TextStringObject("calc.exe")}
    )


BAD: dict[str, tuple[bytes, str]] = {
    "a script": (with_catalog("/OpenAction", action("/JavaScript", "/JS")), "script"),
    "a hidden file": (changed(add_attachment=("evil.exe", b"MZ")), "hidden in"),
    "a program that is started": (with_catalog("/OpenAction", action("/Launch", "/F")), "runs when"),
    "a lock": (changed(encrypt=("secret",)), "locked"),
    "a zip behind the end": (PDF + b"PK\x03\x04 and more", "behind the end"),
    "a picture by that name": (b"\x89PNG\r\n\x1a\n", "but is none"),
    "half a file": (PDF[: len(PDF) // 2], "cut off"),
    "nonsense": (b"%PDF-1.7\nnothing\n%%EOF\n", "can’t be read"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_document_that_does_something_is_refused_with_file_and_reason(what: str) -> None:
    data, reason = BAD[what]
    _, found = survey({**files(), PATH: data})
    [mine] = [error for error in found if error.rule == "document-unsafe"]
    assert reason in mine.plain
    assert PATH in mine.plain
    assert mine.mend


def test_our_own_document_and_plain_links_are_fine() -> None:
    assert broken(PDF) is None
    assert broken(to_pdf('<p><a href="https://harbour-it.example">a link</a>')) is None
    assert [(round(w), round(h)) for w, h in page_sizes(PDF)] == [(210, 297), (210, 297)]


def findings(panel: str) -> list[Finding]:
    """What the check says of the document where its panel is declared like this; errors of the reader come first."""
    given = files()
    toml = given["kit.toml"].decode().replace(PANEL, panel)
    kit, errors = survey({**given, "kit.toml": toml.encode()})
    return [finding_of(error) for error in errors] + (check_documents(kit, Lines(toml)) if kit else [])


@pytest.mark.parametrize(
    ("panel", "rule", "says"),
    [
        ("panel = { page = 3, x = 18, y = 206, width = 174, height = 58 }", "panel-page", "has 2 pages"),
        ("panel = { page = -3, x = 18, y = 206, width = 174, height = 58 }", "panel-page", "has 2 pages"),
        ("panel = { page = 1, x = 60, y = 206, width = 174, height = 58 }", "panel-outside", "24 mm over the right"),
        ("panel = { page = 1, x = 18, y = 250, width = 174, height = 58 }", "panel-outside", "11 mm over the lower"),
    ],
)  # fmt: skip
def test_a_panel_that_misses_its_page_is_found_with_its_line(panel: str, rule: str, says: str) -> None:
    [found] = [f for f in findings(panel) if f.rule.startswith("panel-")]
    assert found.rule == rule
    assert says in found.message
    line = files()["kit.toml"].decode().split("\n").index(PANEL) + 1
    assert found.line == line


@pytest.mark.parametrize(
    "panel",
    [
        "panel = { page = 0, x = 18, y = 206, width = 174, height = 58 }",
        "panel = { x = 18, y = 206, width = 174 }",
        'panel = { page = 1, x = "18", y = 206, width = 174, height = 58 }',
        "panel = { page = 1, x = -1, y = 206, width = 174, height = 58 }",
        "panel = { page = 1, x = 18, y = 206, width = 20, height = 58 }",
        "panel = { page = 1, x = 18, y = 206, width = 174, height = 58, colour = 1 }",
        "panel = 7",
    ],
)
def test_a_panel_that_is_not_one_is_an_error(panel: str) -> None:
    errors = [f for f in findings(panel) if f.severity == "error"]
    assert errors, panel
    assert all(f.file == "kit.toml" and f.mend for f in errors)


def about_posts(**changed: bytes) -> list[Finding]:
    kit, errors = survey({**files(), **changed})
    assert kit is not None
    return [finding_of(error) for error in errors] + check_documents(kit, Lines(""))


def test_what_a_kit_says_of_its_posts_is_checked() -> None:
    toml, named = files()["kit.toml"].decode(), 'file = "social/open-door.md"'
    odd = toml.replace(named, f'{named}\nnetworks = ["orkut"]\nlogo = "middle"\nfit = "half"').encode()
    said = " ".join(f.message for f in about_posts(**{"kit.toml": odd}))
    for wrong in (
        "“orkut” is not a known network",
        "“middle” is not a known logo",
        "“half” is not a known fit",
    ):
        assert wrong in said
    long = {"social/open-door.md": b"word " * 60}
    [found] = about_posts(**long)
    assert (found.rule, found.severity, found.file) == ("post-long", "warning", "social/open-door.md")
    assert "X takes 280" in found.message
    elsewhere = toml.replace(named, f'{named}\nnetworks = ["linkedin"]').encode()
    assert about_posts(**long, **{"kit.toml": elsewhere}) == []


def test_a_panel_may_touch_the_edge_of_a_page_that_is_a_hair_smaller() -> None:
    assert misplaced(Panel(1, 0, 0, 210, 297), [(209.9, 296.9)]) == []


def words(pdf: bytes, page: int) -> str:
    return " ".join(pypdf.PdfReader(io.BytesIO(pdf)).pages[page].extract_text().split())


def test_the_panel_stands_on_its_page_with_text_that_can_be_copied_and_fonts_inside() -> None:
    out = panelled(PDF, Panel(-1, 18, 206, 174, 58), CARD)
    assert out == panelled(PDF, Panel(-1, 18, 206, 174, 58), CARD), "the same bytes for the same brand"
    reader = pypdf.PdfReader(io.BytesIO(out))
    assert len(reader.pages) == 2
    last = words(out, 1)
    for part in ("Harbour IT", "Wilhelminakade 88", "010 555 01 40", "hallo@harbour-it.example"):
        assert part in last
        assert part not in words(out, 0)
    assert "What to do with it" in last, "the vendor's words stay"
    for font in reader.pages[1]["/Resources"]["/Font"].values():
        described = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(described), "each font is inside"
    links = [a.get_object()["/A"]["/URI"] for a in reader.pages[1]["/Annots"]]
    assert "https://harbour-it.example/" in links
    assert reader.pages[1].images[0].image is not None
    assert broken(out) is None


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_panel_is_upright_and_in_its_place_on_a_page_that_is_shown_turned(turn: int) -> None:
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(width=600, height=400)
    page.cropbox = pypdf.generic.RectangleObject((50, 30, 550, 380))
    page.rotate(turn)
    held = io.BytesIO()
    writer.write(held)
    out = panelled(held.getvalue(), Panel(1, 10, 5, 60, 30), Card("Harbour IT", website="https://h.example"))
    made = pypdf.PdfReader(io.BytesIO(out)).pages[0]
    left, low, right, top = (float(n) for n in made["/Annots"][0].get_object()["/Rect"])
    across, down = {
        0: (left - 50, 380 - top), 90: (low - 30, left - 50), 180: (550 - right, low - 30), 270: (380 - top, 550 - right),
    }[turn]  # fmt: skip
    mm = 72 / 25.4
    assert 10 * mm < across < 40 * mm, "right of the panel's left edge"
    assert 5 * mm < down < 35 * mm, "below its upper edge"


@pytest.mark.parametrize(("width", "height"), [(40, 15), (60, 60), (174, 58)])
def test_whatever_is_too_much_is_set_smaller_and_then_left_out(width: int, height: int) -> None:
    card = Card("Zeer Lange Naam Automatisering en Netwerken B.V.", postal_address="Laan " * 60, phone="010 555", email="a@b.example", website="https://" + "x" * 120)  # fmt: skip
    made = pypdf.PdfReader(io.BytesIO(draw(width, height, card)))
    assert len(made.pages) == 1
    assert "Zeer Lange" in made.pages[0].extract_text()


def test_what_a_partner_writes_is_text_and_loads_nothing() -> None:
    evil = Card(
        '<img src="file:///etc/passwd">',
        postal_address="<style>*{}</style>{{7*7}}",
        website='javascript:alert("1")',
    )
    made = pypdf.PdfReader(io.BytesIO(draw(100, 40, evil)))
    text = " ".join(made.pages[0].extract_text().split())
    assert "<img" in text
    assert "{{7*7}}" in text
    assert "/Annots" not in made.pages[0], "only web addresses can be followed"
    assert not list(made.pages[0].images)


def test_a_playbook_lists_its_parts_and_stays_text() -> None:
    book = laid_out(
        "# What to <b>say</b>\n\n## One & two\n\n<script>alert(1)</script> **bold**\n\n## Two\n\n### Three\n\nEnd."
    )
    assert book.title == "What to <b>say</b>"
    assert [h.anchor for h in book.contents] == ["part-1", "part-2", "part-3"]
    assert (
        '<h3 id="part-1">One &amp; two</h3>' in book.html or '<h2 id="part-1">One &amp; two</h2>' in book.html
    )
    assert "<script" not in book.html
    assert "<strong>bold</strong>" in book.html
    assert laid_out("Only words.").contents == ()


def test_after_a_document_was_made_cut_off_pictures_are_still_refused() -> None:
    to_pdf("<p>Hello</p>")
    with pytest.raises(Invalid):
        clean_image("photo.jpg", picture("JPEG")[:-400])
