"""The eyes of the browser journey see what is wrong: a test that can't fail proves nothing."""

import pytest
from playwright.sync_api import Browser

from tests.journey.eyes import Eyes

pytestmark = pytest.mark.browser

BROKEN = """<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>
<img src="data:,"><p style="color:#ccc">hard to read</p><div style="width:600px">wide</div>
<script>console.error("help")</script></main></html>"""


def test_a_broken_page_is_complained_about(browser: Browser) -> None:
    eyes = Eyes()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    eyes.watch(page)
    page.set_content(BROKEN)
    eyes.look(page)
    page.close()
    for fault in ("image-alt", "color-contrast", "wider than a screen of 390 px", "help"):
        assert fault in eyes.complaints()


def test_a_sound_page_is_not(browser: Browser) -> None:
    eyes = Eyes()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    eyes.watch(page)
    page.set_content(
        '<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1></main></html>'
    )
    eyes.look(page)
    page.close()
    assert eyes.complaints() == ""
