"""A brand read from the company's website: proposed, saved only by a person, and asked for by a client that goes nowhere private."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.assets import website
from app.assets.brand import default_brand
from app.assets.brand_logo import held, hold
from app.assets.colors import distance
from app.assets.logo import read_logo
from app.assets.models import Asset
from app.assets.website import read_site
from app.db import db, scoped
from app.errors import Invalid
from app.outbound import Client
from tests.assets.pictures import picture
from tests.assets.test_brand import FORM, SVG, Browser
from tests.outbound.web import Do, Web, answer, drip, to, web
from tests.rig.cast import Cast

LOGO = SVG.replace(b"#15324b", b"#0f4c3a")
PAGE = b"""<!doctype html><html><head><title>Home | Noordkade Systems</title>
<meta property="og:site_name" content="Noordkade Systems"><link rel="icon" href="/icon.png" sizes="64x64"></head>
<body><header><a href="/"><img src="/img/logo.svg" alt="Noordkade"></a></header></body></html>"""
US = {
    "name": "Harbour IT", "sender_name": "Harbour IT", "reply_to": "hallo@harbour-it.example", "phone": "",
    "postal_address": "Kade 1, 3011 AB Rotterdam", "country": "NL", "timezone": "Europe/Amsterdam", "currency": "EUR",
}  # fmt: skip


@pytest.fixture(scope="module")
def overrides() -> dict[str, Any]:
    return {"outbound_allow": ("127.0.0.1:*",)}


@pytest.fixture
def site() -> Iterator[Web]:
    with web() as running:
        running.paths["/"] = page(PAGE)
        running.paths["/img/logo.svg"] = answer(200, LOGO, Content_Type="image/svg+xml")
        running.paths["/icon.png"] = answer(
            200, picture(size=(64, 64), color="#aa0000"), Content_Type="image/png"
        )
        yield running


def page(body: bytes) -> Do:
    return answer(200, body, Content_Type="text/html; charset=utf-8")


def read(site: Web, path: str = "/") -> website.Site:
    return read_site(Client(allow=("127.0.0.1:*",)), site.url(path))


def test_name_logo_and_colours_are_read(site: Web) -> None:
    found = read(site)
    assert (found.name, found.host) == ("Noordkade Systems", "127.0.0.1")
    assert found.logo
    assert found.logo.source.width == 1600, "an SVG, drawn large"
    assert found.colors
    assert distance(found.colors[0], "#0f4c3a") < 0.02


@pytest.mark.parametrize(
    ("head", "body", "color"),
    [
        ("", f'<div class="logo">{LOGO.decode()}</div>', "#0f4c3a"),
        ('<link rel="apple-touch-icon" href="icon.png">', "<img src='/hero.jpg'>", "#aa0000"),
        ('<link rel="icon" href="/nothing.png"><link rel="icon" href="/img/logo.svg" type="image/svg+xml">', "", "#0f4c3a"),
        ('<meta property="og:image" content="/icon.png">', "", "#aa0000"),
        ('<meta name="theme-color" content="#0055aa">', "", "#0055aa"),
    ],
)  # fmt: skip
def test_where_a_logo_may_stand(site: Web, head: str, body: str, color: str) -> None:
    site.paths["/"] = page(
        f"<html><head><title>Us – the best</title>{head}</head><body>{body}</body></html>".encode()
    )
    found = read(site)
    assert found.name == "Us"
    assert found.colors
    assert distance(found.colors[0], color) < 0.03


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ({"/": answer(404, b"no")}, "no page at this address"),
        ({"/": answer(200, b"%PDF", Content_Type="application/pdf")}, "no page at this address"),
        ({"/": to("http://10.0.0.1/")}, "private network"),
    ],
)
def test_what_can_t_be_read_is_said(site: Web, paths: dict[str, Do], said: str) -> None:
    site.paths.update(paths)
    with pytest.raises(Invalid, match=said):
        read(site)


def test_a_page_leads_nobody_into_a_private_network(site: Web) -> None:
    with web() as inside:
        inside.paths["/logo.png"] = answer(200, picture(size=(90, 90)), Content_Type="image/png")
        site.paths["/"] = page(
            f'<html><title>x</title><img class="logo" src="{inside.url("/logo.png")}"></html>'.encode()
        )
        found = read_site(Client(allow=(f"127.0.0.1:{site.port}",)), site.url("/"))
        assert found.logo is None
        assert inside.asked == []


def test_a_slow_picture_does_not_keep_anybody_waiting(site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(website, "SECONDS", 1.0)
    site.paths["/img/logo.svg"] = drip
    assert read(site).logo is None


def test_what_was_read_goes_into_the_form_and_is_the_brand_only_once_saved(
    as_person: Browser, cast: Cast, site: Web
) -> None:
    browser = as_person(cast.maya)
    answered = browser.post("/brand/website", data={**FORM, "sender_name": "", "website": site.url("/")})
    text = answered.get_data(as_text=True)
    assert answered.status_code == 200
    assert 'value="Noordkade Systems"' in text
    assert "From your website, not saved yet" in text
    assert default_brand(cast.harbour) is None
    assert not list(db.session.scalars(scoped(cast.harbour, Asset)))
    db.session.rollback()
    token = _hidden(text, "found_logo")
    color = _hidden(text, "primary_color")
    browser.post("/brand", data={**FORM, "primary_color": color, "primary_pick": color, "found_logo": token})
    brand = default_brand(cast.harbour)
    assert brand
    assert brand.logo_id
    assert distance(brand.primary_color, "#0f4c3a") < 0.02


def test_the_welcome_page_reads_it_too(as_person: Browser, cast: Cast, site: Web) -> None:
    browser = as_person(cast.maya)
    answered = browser.post("/welcome/website", data={**US, "website": site.url("/")})
    text = answered.get_data(as_text=True)
    assert "Read from 127.0.0.1 a moment ago" in text
    assert "Your colours, readable" in text
    hidden = {name: _hidden(text, name) for name in ("found_logo", "primary_color", "call_color", "website")}
    assert browser.post("/welcome", data={**US, **hidden}).status_code == 303
    brand = default_brand(cast.harbour)
    assert brand
    assert brand.logo_id
    assert distance(brand.primary_color, "#0f4c3a") < 0.02


@pytest.mark.parametrize("path", ["/brand/website", "/welcome/website"])
def test_a_wrong_address_stands_beside_its_field(as_person: Browser, cast: Cast, path: str) -> None:
    for wrong in ("", "http://10.0.0.1/", "nowhere"):
        answered = as_person(cast.maya).post(path, data={**FORM, **US, "website": wrong})
        assert answered.status_code == 422
        assert 'id="website-e"' in answered.get_data(as_text=True)


def test_a_found_logo_is_its_partner_s_alone(as_person: Browser, cast: Cast) -> None:
    token = hold(cast.leuvelink.pid, read_logo("logo.svg", SVG))
    assert held(cast.leuvelink.pid, token)
    assert held(cast.harbour.pid, token) is None
    answered = as_person(cast.maya).post("/brand", data={**FORM, "found_logo": token})
    assert answered.status_code == 422
    assert default_brand(cast.harbour) is None


def test_a_viewer_asks_no_website(client: FlaskClient, as_person: Browser, cast: Cast) -> None:
    assert as_person(cast.noor).post("/brand/website", data=FORM).status_code == 403


def _hidden(text: str, name: str) -> str:
    tag = next(tag for tag in re.findall(r"<input[^>]*>", text) if f'name="{name}"' in tag)
    found = re.search(r'value="([^"]*)"', tag)
    assert found
    return found[1]
