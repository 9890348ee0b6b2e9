"""A mail of a language that runs from right to left says so, and is mirrored wherever its kit didn't choose a side."""

from dataclasses import replace

import lxml.html
import pytest
from playwright.sync_api import Browser

from app.render.direction import is_right_to_left
from app.render.email import EmailSource, compile_email, preview_html
from tests.render.cast import PARTNER, VENDOR, WHY
from tests.render.reference import offline
from tests.render.test_page import SOURCE
from tests.render.test_page import page as landing_page

MJML = """<mjml><mj-body><mj-section><mj-column width="30%"><mj-image src="https://a.example/a.png" alt="" /></mj-column>
<mj-column width="70%"><mj-text css-class="own">مرحبا {{ contact.first_name }}</mj-text><mj-text css-class="chosen" align="left">Left</mj-text>
<mj-social align="center"><mj-social-element css-class="net" name="web" href="https://a.example">شبكة</mj-social-element></mj-social>
<mj-table><tr><td>أ</td><td>ب</td></tr></mj-table></mj-column></mj-section></mj-body></mjml>"""


def mail(language: str, mjml: str = MJML) -> str:
    compiled = compile_email(EmailSource(mjml, "S"), {}, PARTNER, VENDOR, WHY, language)
    return preview_html(compiled, {"first_name": "Sanne"})


@pytest.mark.parametrize("language", ["ar", "ar-EG", "he", "fa", "ur", "ps", "yi", "ckb", "pa-Arab", "he_IL"])
def test_languages_that_run_from_right_to_left(language: str) -> None:
    assert is_right_to_left(language)


@pytest.mark.parametrize("language", ["en", "nl", "de-AT", "pa", "az", "ja", "", "xx", "nonsense", "und"])
def test_all_others_run_from_left_to_right(language: str) -> None:
    assert not is_right_to_left(language)


def test_a_mail_names_its_language_and_direction() -> None:
    arabic, dutch = (lxml.html.document_fromstring(mail(language)) for language in ("ar", "nl"))
    assert (arabic.get("lang"), arabic.get("dir")) == ("ar", "rtl")
    assert arabic.xpath("//div[@role='article']/@dir") == ["rtl"]
    assert (dutch.get("lang"), dutch.get("dir")) == ("nl", "auto")


def test_what_the_mail_says_itself_counts_more() -> None:
    said = lxml.html.document_fromstring(mail("ar", MJML.replace("<mjml>", '<mjml lang="en" dir="ltr">')))
    assert (said.get("lang"), said.get("dir")) == ("en", "ltr")
    assert "text-align:right" not in mail("ar", MJML.replace("<mjml>", '<mjml dir="ltr">'))


def test_a_landing_page_turns_too() -> None:
    assert '<html lang="ar" dir="rtl">' in landing_page(replace(SOURCE, language="ar")).render("/p")
    assert '<html lang="en">' in landing_page().render("/p")


@pytest.mark.browser
def test_columns_texts_and_icons_stand_mirrored_and_what_was_chosen_stays(browser: Browser) -> None:
    page = offline(browser)
    page.set_viewport_size({"width": 600, "height": 600})

    def middle(selector: str) -> float:
        box = page.locator(selector).first.bounding_box()
        assert box
        return box["x"] + box["width"] / 2

    page.set_content(mail("ar"))
    assert middle("img") > 420  # the first column stands on the right
    assert page.locator(".own div").evaluate("e => getComputedStyle(e).textAlign") == "right"
    assert page.locator(".chosen div").evaluate("e => getComputedStyle(e).textAlign") == "left"
    assert middle(".net img") > middle(".net td:nth-child(2)")
    page.set_content(mail("nl"))
    assert middle("img") < 180
    assert middle(".net img") < middle(".net td:nth-child(2)")
    page.close()
