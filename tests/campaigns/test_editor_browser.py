"""Co-branding in a real browser: one types and sees it, at a desk and on a phone; somebody else changes the same words meanwhile."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.campaigns.models import Campaign
from app.campaigns.queries import campaign_for
from app.db import db
from tests.browser import axe, origins, port, serve, too_wide
from tests.campaigns.made import draft
from tests.kits_web.box import files, published
from tests.rig.cast import Cast
from tests.rig.web import sign_in

__all__ = ["port", "serve"]
pytestmark = pytest.mark.browser

MORE = """
[[slots]]
name = "story"
type = "rich"
label = "A story"
max_length = 40

[[slots]]
name = "more"
type = "url"
label = "Read more"

[[slots]]
name = "accent"
type = "colour"
label = "Accent"
default = "#b9431a"

[[slots]]
name = "points"
type = "list"
label = "What you get"
max_items = 3

"""


@pytest.fixture(scope="module")
def overrides(port: int) -> dict[str, Any]:
    return origins(port)


@pytest.fixture
def open_as(
    app: Flask, cast: Cast, browser: Browser, serve: Callable[[Flask], None], port: int
) -> Iterator[Callable[..., Page]]:
    """A page of somebody's browser at an address; afterwards nothing may have been said on its console."""
    serve(app)
    contexts, said = [], []

    def start(person: Any, address: str, width: int = 1280, script: bool = True) -> Page:
        client = app.test_client()
        sign_in(client, person, cast.harbour)
        cookie = client.get_cookie("throughline", domain="localhost")
        assert cookie is not None
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
        contexts.append(context)
        context.add_cookies(
            [{"name": "throughline", "value": cookie.value, "url": f"http://localhost:{port}"}]
        )
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto(f"http://localhost:{port}{address}")
        return page

    yield start
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    """A draft whose kit has a slot of every type."""
    toml = files()["kit.toml"].decode().replace("[[emails]]", f"{MORE}[[emails]]", 1)
    mjml = files()["emails/invitation.mjml"].decode()
    shown = """<mj-text>{{ slot.story }}</mj-text><mj-text>{{ slot.points | join(", ") }}</mj-text>{% if slot.more %}
      <mj-button href="{{ slot.more }}" background-color="{{ slot.accent | readable_on('#ffffff') }}">More</mj-button>{% endif %}"""
    changed: dict[str, bytes | None] = {
        "kit.toml": toml.encode(),
        "emails/invitation.mjml": mjml.replace("</mj-column>", f"{shown}</mj-column>", 1).encode(),
    }
    return draft(cast, published(cast, changed=changed))


def stored(cast: Cast, campaign: Campaign) -> dict[str, Any]:
    """What is stored now; the database is free again after it."""
    db.session.rollback()
    db.session.expire_all()
    found = dict(campaign_for(cast.harbour, campaign.pid).slot_values)
    db.session.rollback()
    return found


def test_words_are_saved_and_shown_while_one_types(
    open_as: Callable[..., Page], cast: Cast, campaign: Campaign
) -> None:
    address = f"/campaigns/{campaign.pid}/words"
    page = open_as(cast.maya, address)
    mail = page.frame_locator("iframe.as-desktop:not(.is-coming)")
    page.locator("#slot-headline").fill("Mind the 👩‍👩‍👧 doors")
    expect(page.locator("[data-letters=slot-headline]")).to_have_text("16 of 70")
    expect(mail.get_by_text("Mind the 👩‍👩‍👧 doors")).to_be_visible()
    expect(page.locator("#saved")).to_contain_text("Saved today")
    page.locator("#slot-headline").fill("x" * 71)
    expect(page.locator("#slot-headline-e")).to_contain_text("71 characters long")
    expect(page.locator("#slot-headline")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#told")).to_contain_text("Not saved yet: Headline")
    page.locator("#slot-headline").fill("Short")
    expect(mail.get_by_text("Short", exact=True)).to_be_visible()
    page.locator("#slot-story-rich").click()
    page.keyboard.type("Plain and ")
    page.get_by_role("button", name="Bold").click()
    page.keyboard.type("bold")
    expect(mail.locator("b", has_text="bold")).to_be_visible()
    page.locator("#slot-more").fill("bücher.example/a b")
    expect(page.locator("#slot-more-e")).to_contain_text("no web address")
    page.locator("#slot-points").fill("One\nTwo")
    expect(mail.get_by_text("One, Two")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Undo: What you get").click()
    page.wait_for_url("**/words**slot-points")
    assert page.locator("#slot-points").input_value() == ""
    assert page.locator("#slot-more").input_value() == "bücher.example/a b", "what was refused is still there"
    assert stored(cast, campaign) == {"headline": "Short", "story": "<p>Plain and <b>bold</b></p>"}
    page.locator("#slot-headline").press("Enter")
    page.wait_for_load_state()
    assert stored(cast, campaign)["headline"] == "Short"


@pytest.mark.long
def test_two_people_hear_of_each_other(open_as: Callable[..., Page], cast: Cast, campaign: Campaign) -> None:
    address = f"/campaigns/{campaign.pid}/words"
    maya, jonas = open_as(cast.maya, address), open_as(cast.jonas, address)
    jonas.locator("#slot-headline").fill("By Jonas")
    expect(jonas.locator("#slot-headline-after")).to_contain_text("Your words")
    maya.locator("#slot-person").fill("Maya")
    expect(maya.locator("#slot-headline")).to_have_value("By Jonas")
    maya.locator("#slot-headline").fill("By Maya")
    expect(maya.locator("#slot-headline-after")).to_contain_text("Your words")
    jonas.locator("#slot-headline").fill("By Jonas again")
    expect(jonas.locator("#slot-headline-e")).to_contain_text("Maya de Vries changed this")
    assert stored(cast, campaign)["headline"] == "By Maya"
    jonas.get_by_role("button", name="Keep mine: Headline").click()
    expect(jonas.locator("#slot-headline-after")).to_contain_text("Your words")
    assert stored(cast, campaign)["headline"] == "By Jonas again"


@pytest.mark.long
def test_on_a_phone_the_preview_is_under_a_tab(
    open_as: Callable[..., Page], cast: Cast, campaign: Campaign
) -> None:
    page = open_as(cast.maya, f"/campaigns/{campaign.pid}/words", width=390)
    assert not too_wide(page)
    expect(page.locator("#preview")).to_be_hidden()
    page.get_by_text("Preview", exact=True).click()
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("#slot-headline")).to_be_hidden()
    page.locator("label", has_text="Inbox").click()
    expect(page.locator(".tl-list-narrow")).to_contain_text("Is home the weakest door")
    page.get_by_label("Piece").select_option(label="Email 1: the invitation")
    expect(page.locator(".tl-list-narrow")).to_be_visible()
    assert not too_wide(page)
    assert axe(page) == []
    page.get_by_role("link", name="the date").click()
    expect(page.locator("#slot-until")).to_be_focused()


@pytest.mark.long
def test_without_script_a_button_shows_the_preview(
    open_as: Callable[..., Page], cast: Cast, campaign: Campaign
) -> None:
    page = open_as(cast.maya, f"/campaigns/{campaign.pid}/words", script=False)
    page.locator("#slot-headline").fill("Without script")
    page.locator("#person").select_option("unknown")
    page.get_by_role("button", name="Show preview").click()
    mail = page.frame_locator("iframe.as-desktop")
    expect(mail.get_by_text("Without script")).to_be_visible()
    expect(mail.get_by_text("Hello there,")).to_be_visible()
