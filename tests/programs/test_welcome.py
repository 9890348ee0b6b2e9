"""A new partner's first page: the step to take follows from what is there."""

from collections.abc import Callable

from flask.testing import FlaskClient

from app.assets.brand import default_brand
from app.audience.models import Contact
from app.audience.suppress import address_hash
from app.clock import now
from app.db import db
from app.flows.first_steps import first_steps
from tests.rig import story
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
US = {
    "name": "Harbour IT",
    "country": "NL",
    "timezone": "Europe/Amsterdam",
    "currency": "EUR",
    "sender_name": "Harbour IT",
    "reply_to": "hello@harbour-it.example",
    "phone": "010 555 01 77",
    "website": "harbour-it.example",
    "postal_address": "Kade 1, 3011 AB Rotterdam",
}


def test_the_first_step_is_filled_in_from_what_is_known(as_person: Browser, cast: Cast) -> None:
    page = as_person(cast.maya).get("/welcome").text
    assert "Welcome, Maya. Three steps to your first campaign" in page
    assert 'value="maya@harbour-it.example"' in page
    assert "Partner of Northwind Cloud" in page


def test_yes_this_is_us_saves_both_the_brand_and_the_facts(as_person: Browser, cast: Cast) -> None:
    maya = as_person(cast.maya)
    assert maya.post("/welcome", data={**US, "timezone": "Europe/Lisbon"}).status_code == 303
    brand = default_brand(cast.harbour)
    assert brand
    assert (brand.postal_address, brand.website) == (
        "Kade 1, 3011 AB Rotterdam",
        "https://harbour-it.example",
    )
    assert cast.harbour.timezone == "Europe/Lisbon"
    assert "Two steps to your first campaign" in maya.get("/welcome").text


def test_an_address_is_asked_for_and_nothing_is_saved_by_halves(as_person: Browser, cast: Cast) -> None:
    answer = as_person(cast.maya).post("/welcome", data={**US, "postal_address": "", "name": "Renamed"})
    assert answer.status_code == 422
    assert "The law wants the full address in each mail." in answer.text
    answer = as_person(cast.maya).post("/welcome", data={**US, "website": "not a website", "name": "Renamed"})
    assert answer.status_code == 422
    assert "Write the website’s address" in answer.text
    assert default_brand(cast.harbour) is None
    assert cast.harbour.name == "Harbour IT"


def test_the_steps_follow_from_what_is_there(as_person: Browser, cast: Cast) -> None:
    assert first_steps(cast.harbour).current == 1
    as_person(cast.maya).post("/welcome", data=US)
    assert first_steps(cast.harbour).current == 2
    assert 'href="/contacts/imports/new"' in as_person(cast.maya).get("/welcome").text
    email = "a@b.example"
    db.session.add(Contact(partner_id=cast.harbour.id, email=email, address_hash=address_hash(email)))
    db.session.commit()
    assert first_steps(cast.harbour).current == 3
    manifest = {"name": "Kit Spring", "slug": "kit-spring", "version": "1.0"}
    told = story.campaign(cast.northwind, cast.harbour, manifest=manifest)
    told.campaign.launched_at = now()
    db.session.commit()
    assert first_steps(cast.harbour).current == 4
    assert "Your first campaign is out" in as_person(cast.maya).get("/welcome").text


def test_a_marketer_reads_and_an_administrator_changes(as_person: Browser, cast: Cast) -> None:
    assert as_person(cast.noor).get("/welcome").status_code == 200
    assert as_person(cast.noor).post("/welcome", data=US).status_code == 403
    assert as_person(cast.vera).get("/welcome").status_code == 404
