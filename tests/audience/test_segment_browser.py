"""The builder in a real browser: each choice counts at once, all of it works without script, and it fits a phone."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.audience.lists import list_named
from app.audience.models import ListMember
from app.db import db
from tests.audience.people import agreed, contact
from tests.browser import axe, origins, port, serve, too_wide
from tests.campaigns.made import draft
from tests.rig.cast import Cast
from tests.rig.web import sign_in

__all__ = ["port", "serve"]
pytestmark = [pytest.mark.browser, pytest.mark.long]
SHOTS = os.environ.get("SHOTS")


@pytest.fixture(scope="module")
def overrides(port: int) -> dict[str, Any]:
    return origins(port)


@pytest.fixture
def at(
    app: Flask, cast: Cast, browser: Browser, serve: Callable[[Flask], None], port: int
) -> Iterator[Callable[..., Page]]:
    """A page of Maya's, who has nine contacts."""
    customers = list_named(cast.harbour, "Customers")
    for number in range(9):
        person = contact(
            cast.harbour,
            f"p{number}@vandijk.example",
            first_name="Sanne",
            last_name=f"Willems {number}",
            company="Van Dijk Logistiek",
            job_title="IT manager",
            language="nl" if number < 7 else "de",
            region="Zuid-Holland",
        )
        if number < 5:
            agreed(person)
        if number < 2:
            db.session.add(ListMember(list_id=customers.id, contact_id=person.id, partner_id=cast.harbour.id))
    db.session.commit()
    serve(app)
    contexts = []

    def start(path: str, width: int = 1280, script: bool = True) -> Page:
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
        page.goto(f"http://localhost:{port}{path}")
        return page

    yield start
    for context in contexts:
        context.close()


def look(page: Page, name: str) -> None:
    """Keep a picture where SHOTS says so; the page has no serious fault and doesn't scroll sideways."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
    assert axe(page) == []
    assert not too_wide(page)


def test_each_choice_counts_at_once(at: Callable[..., Page]) -> None:
    page = at("/contacts/segments/new")
    page.get_by_label("1: about").select_option("language")
    page.get_by_label("1: what").fill("nl")
    page.get_by_label("1: what").blur()
    expect(page.locator("#segment .tl-lead")).to_contain_text("7 people")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("2: about").select_option("list")
    page.get_by_label("2: how").select_option("not_in")
    page.get_by_label("2: what").select_option(label="Customers")
    expect(page.locator("#segment")).to_contain_text("5 of them")
    expect(page.locator("#segment")).to_contain_text("who are not in “Customers”")
    page.get_by_role("button", name="Add a group").click()
    page.get_by_label("3: about").select_option("clicked")
    expect(page.locator("#segment")).to_contain_text("but not those who clicked")
    look(page, "builder-1280")
    page.get_by_label("Name").fill("Dutch, not customers")
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_text("is saved.")).to_be_visible()
    look(page, "saved-1280")


def test_it_works_without_script_and_fits_a_phone(at: Callable[..., Page], cast: Cast) -> None:
    campaign = draft(cast)
    page = at("/contacts/segments/new", width=390, script=False)
    page.get_by_label("1: about").select_option("region")
    page.get_by_role("button", name="Count again").click()
    page.get_by_label("1: what").fill("Zuid-Holland")
    page.get_by_role("button", name="Count again").click()
    assert "9 people" in page.locator(".tl-lead").inner_text().replace("\xa0", " ")
    page.get_by_label("Name").fill("South")
    page.get_by_role("button", name="Save segment").click()
    page = at(page.url.partition("localhost")[2].partition("/")[2].join(("/", "")), width=390)
    look(page, "builder-390")
    for width in (1280, 390):
        for name, path in (
            ("index", "/contacts/segments"),
            ("lists", "/contacts/lists"),
            ("contacts", "/contacts"),
        ):
            look(at(path, width=width), f"{name}-{width}")
        page = at(f"/campaigns/{campaign.pid}/audience", width=width)
        page.get_by_label("South").check()
        expect(page.locator("#in-words")).to_contain_text("Zuid-Holland")
        look(page, f"audience-{width}")
    page = at("/contacts/lists")
    page.get_by_role("link", name="Change Customers").click()
    look(page, "list-1280")
