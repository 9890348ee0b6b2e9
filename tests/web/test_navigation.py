"""The bars: by kind of organisation, without links to pages that aren't there, with what waits."""

from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.web import navigation as nav


@pytest.fixture
def counters() -> Iterator[dict[str, nav.Counter]]:
    before = dict(nav._counters)
    yield nav._counters
    nav._counters.clear()
    nav._counters.update(before)


def test_every_link_leads_to_a_page_of_this_application(app: Flask, cast) -> None:
    for person, organisation in ((cast.maya, cast.harbour), (cast.vera, cast.northwind)):
        with app.test_request_context("/", base_url="http://localhost:8000"):
            bars = nav.navigation(Actor(person, organisation, Role.ADMIN))
            urls = [link.url for link in (*bars.main, *bars.setup)]
            assert urls
            adapter = app.url_map.bind("localhost")
            assert all(adapter.match(url) for url in urls)
            assert {link.key for link in (*bars.tabs, *bars.rest)} == {
                link.key for link in (*bars.main, *bars.setup)
            }


def test_an_item_without_a_page_is_left_out(app: Flask, cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        nav,
        "PARTNER",
        (
            nav.Item("x", "Ghost", "home", "ghost.index"),
            nav.Item("settings", "Settings", "settings", "settings.index", setup=True),
        ),
    )
    with app.test_request_context("/", base_url="http://localhost:8000"):
        bars = nav.navigation(Actor(cast.maya, cast.harbour, Role.ADMIN))
    assert bars.main == ()


def test_what_waits_is_counted_beside_its_item(app: Flask, cast, counters: dict[str, nav.Counter]) -> None:
    nav.register_count("settings", lambda actor: 3 if actor.organisation.name == "Harbour IT" else 0)
    with app.test_request_context("/", base_url="http://localhost:8000"):
        [link] = [
            item
            for item in nav.navigation(Actor(cast.maya, cast.harbour, Role.ADMIN)).setup
            if item.key == "settings"
        ]
    assert link.count == 3


def test_the_frame_names_who_is_signed_in_and_lets_them_out(as_person, cast) -> None:
    page = BeautifulSoup(as_person(cast.maya).get("/-/components").text, "html.parser")
    assert "Maya de Vries" in page.select_one(".tl-side-foot").text
    assert page.select_one(".tl-side-foot form[method=post] button").text.strip() == "Sign out"
    assert page.select_one("details.tl-switch") is None  # one organisation, nothing to switch to


def test_somebody_of_several_organisations_can_switch(app: Flask, as_person, cast, session) -> None:
    from app.accounts.models import Membership

    session.add(Membership(person_id=cast.maya.id, organisation_id=cast.leuvelink.id, role=Role.VIEWER))
    page = BeautifulSoup(as_person(cast.maya, cast.harbour).get("/-/components").text, "html.parser")
    button = page.select_one("aside details.tl-switch form button[name=organisation]")
    assert button["value"] == cast.leuvelink.pid
    assert "Leuvelink" in button.text
    answer = as_person(cast.maya, cast.harbour).post(
        button.find_parent("form")["action"], data={"organisation": button["value"]}
    )
    assert answer.status_code in (302, 303)


def test_nobody_signed_in_sees_no_bars(client) -> None:
    page = BeautifulSoup(client.get("/-/components").text, "html.parser")
    assert page.select("aside, nav.tl-tabs") == []


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Maya de Vries", "MV"), ("Southgate", "S"), ("Harbour IT", "HI"), ("", ""), ("ﬁ – Ünal", "FIÜ")],
)
def test_initials(name: str, letters: str) -> None:
    assert nav.initials(name) == letters
