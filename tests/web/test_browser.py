"""The page of all components in a real browser: accessible, inside the screen, quiet under our own policy."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser

from app.accounts.models import Membership, Role
from tests.browser import WIDTHS, axe, origins, port, serve, too_wide

__all__ = ["port", "serve"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def overrides(port: int) -> dict[str, Any]:
    return origins(port)


def _signed_in(app: Flask, cast: Any, port: int) -> dict[str, Any]:
    """The cookie of a browser in which Maya works for Harbour IT."""
    from tests.rig.web import sign_in

    client = app.test_client()
    sign_in(client, cast.maya, cast.harbour)
    cookie = client.get_cookie("throughline", domain="localhost")
    assert cookie is not None
    return {"name": "throughline", "value": cookie.value, "url": f"http://localhost:{port}"}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_of_all_components_is_accessible_and_fits(
    app: Flask,
    cast: Any,
    browser: Browser,
    serve: Callable[[Flask], None],
    port: int,
    width: int,
    tmp_path: Any,
) -> None:
    serve(app)
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.add_cookies([_signed_in(app, cast, port)])  # type: ignore[list-item]
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"http://localhost:{port}/-/components?errors=1", wait_until="networkidle")
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    try:
        assert axe(page) == []
        assert not too_wide(page)
        assert said == []
    finally:
        context.close()


@pytest.mark.parametrize("address", ["/-/raise/RuntimeError", "/nowhere", "/-/raise/Forbidden"])
def test_error_pages_are_accessible_on_phones(
    app: Flask, browser: Browser, serve: Callable[[Flask], None], port: int, address: str, tmp_path: Any
) -> None:
    serve(app)
    page = browser.new_page(viewport={"width": 390, "height": 844})
    try:
        page.goto(f"http://localhost:{port}{address}", wait_until="networkidle")
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert axe(page) == []
        assert not too_wide(page)
    finally:
        page.close()


def test_the_counter_counts_and_a_toast_goes_away_when_asked(
    app: Flask, browser: Browser, serve: Callable[[Flask], None], port: int
) -> None:
    serve(app)
    page = browser.new_page()
    try:
        page.goto(f"http://localhost:{port}/-/components", wait_until="networkidle")
        page.fill("#name", "Follow-up calls")
        assert page.inner_text("[data-counter=name]") == "15 of 60"
        assert page.locator(".tl-toast").count() == 2
        page.locator("[data-dismiss]").first.click()
        assert page.locator(".tl-toast").count() == 1
    finally:
        page.close()


def test_on_a_phone_more_opens_what_the_bar_has_no_room_for(
    app: Flask,
    cast: Any,
    session: Any,
    browser: Browser,
    serve: Callable[[Flask], None],
    port: int,
    tmp_path: Any,
) -> None:
    session.add(Membership(person_id=cast.maya.id, organisation_id=cast.leuvelink.id, role=Role.VIEWER))
    session.commit()
    serve(app)
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_cookies([_signed_in(app, cast, port)])  # type: ignore[list-item]
    page = context.new_page()
    try:
        page.goto(f"http://localhost:{port}/-/components", wait_until="networkidle")
        assert not page.is_visible(".tl-more-sheet")
        page.click(".tl-more > summary")
        page.click(".tl-more .tl-switch > summary")
        page.screenshot(path=tmp_path / "more.png")
        assert page.is_visible(".tl-more-sheet a:has-text('Settings')")
        assert page.is_visible(".tl-more-sheet button:has-text('Sign out')")
        assert page.is_visible(".tl-more-sheet button:has-text('Leuvelink')")
        assert axe(page) == []
        page.keyboard.press("Escape")
        assert not page.is_visible(".tl-more-sheet")
    finally:
        context.close()
