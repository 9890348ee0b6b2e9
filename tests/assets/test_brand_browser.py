"""The brand page in a real browser: colours are tried before they are saved, with and without script, at a desk and on a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.assets.brand import default_brand
from app.db import db
from tests.assets.test_brand import SVG
from tests.browser import axe, origins, port, serve, too_wide
from tests.kits_web.box import published
from tests.rig.cast import Cast
from tests.rig.web import sign_in

__all__ = ["port", "serve"]
pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def overrides(port: int) -> dict[str, Any]:
    return origins(port)


@pytest.fixture
def at_brand(
    app: Flask, cast: Cast, browser: Browser, serve: Callable[[Flask], None], port: int
) -> Iterator[Callable[..., Page]]:
    """Maya's brand page in a browser of this width, with a kit open to her."""
    published(cast)
    serve(app)
    contexts = []

    def start(width: int = 1280, script: bool = True) -> Page:
        client = app.test_client()
        sign_in(client, cast.maya, cast.harbour)
        cookie = client.get_cookie("throughline", domain="localhost")
        assert cookie is not None
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
        contexts.append(context)
        context.add_cookies(
            [{"name": "throughline", "value": cookie.value, "url": f"http://localhost:{port}"}]
        )
        page = context.new_page()
        page.goto(f"http://localhost:{port}/brand")
        return page

    yield start
    for context in contexts:
        context.close()


def fill_in(page: Page) -> None:
    page.locator("#postal_address").fill("Wilhelminakade 88, 3072 AR Rotterdam")
    page.locator("#reply_to").fill("hallo@harbour-it.example")
    page.locator("#logo").set_input_files({"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": SVG})


def save(page: Page) -> None:
    page.locator(".tl-savebar").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Your brand is saved.")).to_be_visible()


def test_a_colour_is_tried_mended_and_saved(at_brand: Callable[..., Page], cast: Cast) -> None:
    page = at_brand()
    fill_in(page)
    page.locator("#call_color").fill("#f0c040")
    page.locator("#call_color").blur()
    expect(page.locator("#sample")).to_contain_text("1.7 to 1")
    expect(page.locator("#sample iframe")).to_have_count(2)
    page.get_by_role("button", name="Take #947200").click()
    expect(page.locator("#call_color")).to_have_value("#947200")
    expect(page.locator("#reply_to")).to_have_value("hallo@harbour-it.example")
    expect(page.locator("#sample iframe")).to_have_count(2)
    assert default_brand(cast.harbour) is None
    db.session.rollback()
    fill_in(page)
    save(page)
    expect(page.get_by_text("Every pair of colours the kits use is readable.")).to_be_visible()
    assert axe(page) == []


def test_it_works_without_script_and_fits_a_phone(at_brand: Callable[..., Page]) -> None:
    page = at_brand(script=False)
    fill_in(page)
    save(page)
    page.get_by_role("button", name="Take the best pair").click()
    expect(page.get_by_text("not saved yet").first).to_be_visible()
    expect(page.locator("#call_color")).to_have_value("#15324b")
    save(page)
    page.get_by_role("button", name="Undo the last save").click()
    expect(page.locator("#call_color")).to_have_value("#b9431a")
    phone = at_brand(width=390)
    assert not too_wide(phone)
    assert axe(phone) == []
