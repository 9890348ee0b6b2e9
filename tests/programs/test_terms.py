"""A vendor changes a partner's terms, and kits open and close to it at once."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.db import db
from app.errors import Invalid, NotFound
from app.kits.queries import open_kits
from app.programs import terms
from app.programs.models import Partnership
from tests.kits_web.box import published
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]


def test_terms_are_changed_and_the_page_says_which_kits_they_open(as_person: Browser, cast: Cast) -> None:
    published(cast, tiers='["platinum"]')
    browser, here = as_person(cast.ingrid), f"/partners/{cast.northwind_harbour.pid}/terms"
    assert here in browser.get("/partners").get_data(as_text=True)
    page = browser.get(here).get_data(as_text=True)
    assert "Gold tier; the kit is for Platinum" in page
    assert open_kits(cast.harbour) == []
    typed = {"tier": " Platinum ", "region": "EMEA", "languages": ["en", "nl"]}
    assert browser.post(here, data=typed).status_code == 302
    row = db.session.get_one(Partnership, cast.northwind_harbour.id)
    assert (row.tier, row.region, row.languages) == ("Platinum", "EMEA", ["en", "nl"])
    assert len(open_kits(cast.harbour)) == 1
    assert "Open to them" in browser.get(here).get_data(as_text=True)
    browser.post(here, data={"tier": "Platinum", "region": "", "languages": ["fr"]})
    assert open_kits(cast.harbour) == [], "the kit is in English"
    browser.post(here, data={"tier": "Platinum"})
    assert db.session.get_one(Partnership, row.id).languages is None


def test_only_the_vendor_s_marketers_change_them_and_only_real_languages(
    as_person: Browser, cast: Cast
) -> None:
    here = f"/partners/{cast.northwind_harbour.pid}/terms"
    assert as_person(cast.walter).get(here).status_code == 200
    assert as_person(cast.walter).post(here, data={}).status_code == 403
    assert as_person(cast.simon).get(here).status_code == 404
    assert as_person(cast.maya).get(here).status_code == 404
    ingrid = Actor(cast.ingrid, cast.northwind, Role.MARKETER)
    with pytest.raises(Invalid):
        terms.change(ingrid, cast.northwind_harbour, terms.Terms("", "", ["english"]))
    with pytest.raises(NotFound):
        terms.change(ingrid, cast.southgate_leuvelink, terms.Terms("", "", []))
