"""The library in a real browser: files are dropped, each says how it goes and what became of it, to the bucket directly where there is one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, Response
from playwright.sync_api import Browser, Page, expect

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets import manage
from app.assets.models import Asset
from app.assets.store import open_store
from app.assets.upload import add_file, add_image
from app.db import db, scoped
from app.parsing import bucket_origins
from app.settings import Settings
from tests.assets.papers import plain_pdf
from tests.assets.pictures import picture
from tests.browser import WIDTHS, axe, origins, port, serve, too_wide
from tests.rig.bucket import Bucket
from tests.rig.cast import Cast
from tests.rig.web import sign_in

__all__ = ["port", "serve"]
pytestmark = [pytest.mark.browser, pytest.mark.long]

EXPECTED = ("422", "DISCONNECTED", "CORS", "ERR_FAILED", "503")  # what a browser says by itself of a refusal

DROP = """([files, selector]) => {
  const held = new DataTransfer();
  for (const [name, bytes, type] of files) held.items.add(new File([new Uint8Array(bytes)], name, {type}));
  const zone = document.querySelector(selector);
  zone.dispatchEvent(new DragEvent("drop", {dataTransfer: held, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def overrides(port: int) -> dict[str, Any]:
    return origins(port)


@pytest.fixture
def page(
    app: Flask, cast: Cast, browser: Browser, serve: Callable[[Flask], None], port: int
) -> Iterator[Page]:
    """Maya's library in a browser; afterwards nothing may have been said on its console but of refusals."""
    app.config["WTF_CSRF_ENABLED"] = True
    serve(app)
    client = app.test_client()
    sign_in(client, cast.maya)
    cookie = client.get_cookie("throughline")
    assert cookie
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
    context.add_cookies([{"name": "throughline", "value": cookie.value, "url": f"http://localhost:{port}"}])
    made, said = context.new_page(), []
    made.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: said.append(str(error)))
    made.goto(f"http://localhost:{port}/library")
    yield made
    context.close()
    app.config["WTF_CSRF_ENABLED"] = False
    assert [line for line in said if not any(word in line for word in EXPECTED)] == []


def drop(page: Page, *files: tuple[str, bytes, str]) -> None:
    page.evaluate(DROP, [[[name, list(data), kind] for name, data, kind in files], "[data-drop]"])


def test_files_are_dropped_and_each_says_what_became_of_it(page: Page, cast: Cast) -> None:
    expect(page.get_by_role("button", name="Add the files")).to_be_hidden()
    drop(
        page,
        ("team.png", picture(size=(900, 500)), "image/png"),
        ("evil.png", b"<script>alert(1)</script>", "image/png"),
        ("prices.pdf", plain_pdf(), "application/pdf"),
    )
    lines = page.locator(".tl-upload")
    expect(lines).to_have_count(3)
    expect(lines.nth(0)).to_contain_text("team.png is in the library.")
    expect(lines.nth(1)).to_contain_text("This is no picture we can show")
    expect(lines.nth(2)).to_contain_text("prices.pdf is in the library.")
    expect(page.locator("#files .tl-tile")).to_have_count(2)
    db.session.rollback()
    assert len(list(db.session.scalars(scoped(cast.harbour, Asset)))) == 2


def test_a_file_that_is_too_large_is_said_before_it_is_sent_and_a_lost_one_can_be_sent_again(
    page: Page,
) -> None:
    page.evaluate("""() => {
      const held = new DataTransfer();
      held.items.add(new File([new Uint8Array(21 * 1024 * 1024)], "huge.png"));
      document.querySelector("[data-drop]").dispatchEvent(new DragEvent("drop", {dataTransfer: held, bubbles: true, cancelable: true}));
    }""")
    expect(page.locator(".tl-upload")).to_contain_text("This file has 21 MB; 20 MB is the most.")
    page.context.set_offline(True)
    drop(page, ("team.png", picture(), "image/png"))
    line = page.locator(".tl-upload").nth(1)
    expect(line).to_contain_text("No connection. Nothing of this file was kept.")
    page.context.set_offline(False)
    line.get_by_role("button", name="Try again").click()
    expect(line).to_contain_text("team.png is in the library.")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_are_open_to_everybody_and_fit(page: Page, cast: Cast, width: int) -> None:
    maya = Actor(cast.maya, cast.harbour, Role.ADMIN)
    asset = add_image(maya, "team.jpg", picture("JPEG", (1600, 900)))
    db.session.commit()
    done = manage.replace(
        maya, asset, manage.File("team-now.jpg", picture("JPEG", (1600, 1000), color="#3b7a57"))
    )
    manage.describe(
        maya,
        done.asset,
        manage.Details(
            "team-now.jpg", alt="Five people at a desk", credit="Photo: Ann Lee", tags="team, office"
        ),
    )
    for name, color in (("harbour at dusk.png", "#334455"), ("desk.png", "#998877")):
        add_image(maya, name, picture(color=color))
    add_file(maya, "Price list 2026 for partners.pdf", plain_pdf(), listed=True)
    db.session.commit()
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("/library", f"/library/{done.asset.pid}", "/library?kind=documents&q=nothing"):
        page.goto(page.url.partition("/library")[0] + path)
        page.wait_for_load_state("networkidle")
        assert axe(page) == []
        assert not too_wide(page)


@pytest.fixture
def in_a_bucket(app: Flask, bucket: Bucket) -> Iterator[Bucket]:
    """The application's files in a bucket. Its pages were made for disk, so their policy is put right here."""
    settings = Settings(
        secret_key="s" * 32, suppression_key="p" * 32, environment="test", asset_store=bucket.url()
    )
    made = open_store(settings)

    def allow(response: Response) -> Response:
        policy = response.headers.get("Content-Security-Policy", "")
        response.headers["Content-Security-Policy"] = policy.replace(
            "connect-src 'self'", f"connect-src 'self' {bucket_origins(bucket.url())[1]}"
        )
        return response

    app.extensions["asset_store"] = made
    app.after_request_funcs.setdefault(None, []).insert(0, allow)
    yield bucket
    app.after_request_funcs[None].remove(allow)
    del app.extensions["asset_store"]
    made.client.close()  # type: ignore[attr-defined]


def test_a_file_goes_straight_to_the_bucket_and_through_us_where_that_fails(
    in_a_bucket: Bucket, page: Page, cast: Cast
) -> None:
    drop(page, ("team.png", picture(), "image/png"))
    lines = page.locator(".tl-upload")
    expect(lines.nth(0)).to_contain_text("team.png is in the library.")
    assert "POST /files" in in_a_bucket.strict.seen
    in_a_bucket.strict.seen.clear()
    in_a_bucket.strict.answers = [503]
    drop(page, ("desk.png", picture(color="#00aa00"), "image/png"))
    expect(lines.nth(1)).to_contain_text("desk.png is in the library.")
    db.session.rollback()
    assert len(list(db.session.scalars(scoped(cast.harbour, Asset)))) == 2
    assert not [key for key in in_a_bucket.listed() if key.startswith("incoming/")]
