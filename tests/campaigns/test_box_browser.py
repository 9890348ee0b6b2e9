"""The pieces in a real browser: readable by everybody at both widths, copied by a button or by hand, and the zip that is waited for."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from app.assets.brand import save
from app.campaigns.records import CampaignBox
from app.db import db
from app.flows import box_job
from tests.browser import WIDTHS, axe, origins, port, serve, too_wide
from tests.campaigns.made import FILLED, draft, maya
from tests.campaigns.test_box import BRAND, launch, quick
from tests.kits_web.box import published
from tests.rig.cast import Cast

__all__ = ["port", "quick", "serve"]
pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def overrides(port: int) -> dict[str, Any]:
    return origins(port)


def test_pieces_are_copied_and_the_box_is_waited_for(
    quick: None, app: Flask, cast: Cast, browser: Browser, serve: Callable[[Flask], None], port: int, as_person: Callable[..., FlaskClient],
) -> None:  # fmt: skip
    save(maya(cast), BRAND)
    campaign = draft(cast, published(cast), **FILLED)
    launch(campaign)
    serve(app)
    cookie = as_person(cast.maya).get_cookie("throughline", domain="localhost")
    assert cookie is not None
    home = f"http://localhost:{port}"
    said: list[str] = []

    def open_page(address: str, width: int, script: bool = True) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=home)
        context.add_cookies([{"name": "throughline", "value": cookie.value, "url": home}])
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto(f"{home}/campaigns/{campaign.pid}/pieces{address}")
        return page

    for address in ("", "/posts/open_door", "/playbook"):
        for width in WIDTHS:
            page = open_page(address, width)
            assert axe(page) == [], address
            assert not too_wide(page), address
            page.context.close()
    page = open_page("/posts/open_door", 1280)
    page.get_by_role("button", name="Copy the words for X", exact=True).click()
    page.get_by_text("Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.replace("\r\n", "\n") == page.get_by_label("Words for X", exact=True).input_value()
    assert "utm_source=x" in copied
    page.context.close()
    page = open_page("/posts/open_door", 390, script=False)
    assert page.get_by_role("button", name="Copy the words for X").count() == 0, (
        "a button that does nothing isn't there"
    )
    assert "utm_source=linkedin" in page.get_by_label("Words for LinkedIn", exact=True).input_value()
    page.context.close()
    page = open_page("", 1280)
    page.get_by_role("button", name="Make the zip").click()
    page.get_by_text("It is being made").first.wait_for()
    db.session.rollback()
    box_job.make_box(db.session.scalars(select(CampaignBox)).one().id)
    page.get_by_role("link", name="Download the zip").wait_for()
    with page.expect_download() as waited:
        page.get_by_role("link", name="Download the zip").click()
    assert waited.value.suggested_filename == "secure-the-hybrid-office-1.0-harbour-it.zip"
    page.context.close()
    assert said == []
