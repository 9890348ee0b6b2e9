"""A landing page is the kit's words in the product's frame: safe HTML, a form that keeps what was typed, no script."""

import json
from dataclasses import replace

import pytest
from lxml import html as lxml_html

from app.render.errors import RenderError
from app.render.filters import contrast
from app.render.form import Consent, FieldType, FormField, FormSpec, NextStep, Thanks
from app.render.page import CompiledPage, PageSource, brand_css, compile_page, render_page
from tests.render.cast import PARTNER, VENDOR

FORM = FormSpec(
    (FormField("name", "Your name", required=True, half=True), FormField("company", "Company", half=True),
     FormField("email", "Work email", FieldType.EMAIL, True), FormField("size", "People", FieldType.SELECT, options=("1–20", "21+"))),
    (Consent("consent", "{{ partner.name }} may call me.", True),), "Book", "{{ slot.person }} calls.", "Book it",
    thanks=Thanks("Thank you, {{ submitted.name | first_word }}.", "Sent to {{ submitted.email }}.", (NextStep("Today", "We call."),)),
)  # fmt: skip
SLOTS: dict[str, object] = {"person": "Jonas <b>", "words": "Words"}
SOURCE = PageSource(
    '<section class="wrap hero"><h1>{{ slot.words }}</h1>{{ form }}</section>',
    "Title",
    "By {{ partner.name }}",
)


def page(source: PageSource = SOURCE) -> CompiledPage:
    return compile_page(source, SLOTS, PARTNER, VENDOR, FORM)


def test_errors_stand_beside_their_fields_and_what_was_typed_is_kept() -> None:
    values = {"name": '"><script>alert(1)</script>', "size": "21+", "consent": "yes"}
    text = page().render("/p/x", values=values, errors={"email": "Give an address."}, hidden={"t": "1&2"})
    tree = lxml_html.document_fromstring(text)
    assert not tree.xpath("//script")
    assert tree.xpath("//input[@name='name']/@value") == [values["name"]]
    assert tree.xpath("//option[@selected]/@value") == ["21+"]
    assert tree.xpath("//input[@name='consent']/@checked")
    error = tree.xpath("//input[@name='email']/@aria-describedby")[0]
    assert tree.get_element_by_id(error).text == "Give an address."
    assert tree.xpath("//input[@name='t']/@value") == ["1&2"]


def test_a_fresh_page_has_every_label_an_unticked_box_and_a_trap() -> None:
    tree = lxml_html.document_fromstring(page().render("/p/x", stylesheets=("/a.css",)))
    ids = set(tree.xpath("//input[not(@type='hidden')]/@id | //select/@id"))
    assert ids == set(tree.xpath("//label/@for"))
    assert not tree.xpath("//input[@type='checkbox'][@checked]")
    assert tree.xpath("//div[@class='trap'][@aria-hidden='true']//input[@tabindex='-1']")
    assert tree.xpath("//form/@action") == ["/p/x"]
    assert tree.xpath("//meta[@name='description']/@content") == ["By Harbour IT"]
    assert tree.xpath("string(//form//p)") == "Jonas <b> calls."


def test_neither_inline_style_nor_script_reaches_the_page() -> None:
    source = PageSource('<h1 style="color:red" class="a">x</h1>{{ form }}<svg><a>y</a></svg>', "T", "D")
    text = page(source).render("/p/x")
    assert "style=" not in text
    assert "<svg" not in text


@pytest.mark.parametrize(
    "bad", ["<script>1</script>", "<img src=x onerror=y>", '<a href="javascript:x">', "<form>", "<iframe>"]
)
def test_what_a_page_must_not_hold_is_refused(bad: str) -> None:
    with pytest.raises(RenderError):
        page(PageSource(f"<h1>x</h1>{{{{ form }}}}{bad}", "T", "D"))


def test_a_page_without_its_form_is_refused() -> None:
    with pytest.raises(RenderError, match="where its form stands"):
        page(PageSource("<h1>x</h1>", "T", "D"))


def test_a_page_knows_no_contact() -> None:
    with pytest.raises(RenderError):
        page(PageSource("<h1>{{ contact.email }}</h1>{{ form }}", "T", "D"))


def test_the_thank_you_page_greets_by_the_first_name_and_escapes_it() -> None:
    text = page().thanks({"name": "Sanne<i> Willems", "email": "s@v.example"})
    assert "Thank you, Sanne&lt;i&gt;." in text
    assert "Sent to s@v.example." in text
    assert "noindex" in text


def test_a_compiled_page_survives_the_database() -> None:
    kept = CompiledPage.from_plain(json.loads(json.dumps(page().to_plain())))
    assert kept == page()
    assert render_page(SOURCE, SLOTS, PARTNER, VENDOR, FORM, "/p/x") == kept.render("/p/x")


def test_the_partners_colours_are_darkened_until_white_can_be_read_on_them() -> None:
    css = brand_css(replace(PARTNER, primary_color="#ffd400", call_color="#f08a4b"))
    colours = [part.split(";")[0] for part in css.split(": #")[1:]]
    assert all(contrast("#" + colour, "#ffffff") >= 4.5 for colour in colours)
