"""The brand: saved whole or not at all, with the sentence beside the field, and what is missing is said before a launch."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets.brand import BrandInput, Upload, brand_gaps, default_brand, save
from app.assets.models import Asset
from app.db import db, scoped
from app.errors import Invalid
from tests.assets.pictures import picture
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
FORM = {
    "primary_color": "#15324B",
    "primary_pick": "#15324b",
    "call_color": "b9431a",
    "call_pick": "#b9431a",
    "legal_name": "Harbour IT B.V.",
    "postal_address": "Wilhelminakade 88\r\n3072 AR Rotterdam",
    "phone": "010 555 01 40",
    "website": "harbour-it.example",
    "sender_name": "Harbour IT",
    "reply_to": "hallo@harbour-it.example",
}


def maya(cast: Cast) -> Actor:
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def test_a_brand_is_saved_and_shown_again(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    logo = (io.BytesIO(picture(size=(400, 120))), "logo.png")
    answer = browser.post("/brand", data={**FORM, "logo": logo}, content_type="multipart/form-data")
    assert answer.status_code == 302
    brand = default_brand(cast.harbour)
    assert brand
    assert (brand.primary_color, brand.call_color, brand.website) == (
        "#15324b",
        "#b9431a",
        "https://harbour-it.example",
    )
    assert brand.postal_address == "Wilhelminakade 88, 3072 AR Rotterdam"
    assert brand_gaps(brand) == []
    page = browser.get("/brand").get_data(as_text=True)
    assert "logo.png, 400 × 120" in page
    assert "Every pair of colours the kits use is readable." in page


def test_the_same_brand_is_saved_again_not_a_second_one(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.jonas)
    browser.post("/brand", data=FORM)
    first = default_brand(cast.harbour)
    browser.post("/brand", data={**FORM, "phone": "1"})
    again = default_brand(cast.harbour)
    assert first
    assert again
    assert (first.id, again.phone) == (again.id, "1")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("primary_color", "red", "six digits"),
        ("call_color", "#12345g", "six digits"),
        ("reply_to", "hallo", "one address"),
        ("reply_to", "a@b.example, c@d.example", "one address"),
        ("sender_name", "Harbour\r\nBcc: all@x.example", "one line"),
        ("website", "javascript:alert(1)", "website"),
        ("website", 'https://x.example/"><script>', "website"),
        ("legal_name", "x" * 161, "160 characters"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(
    as_person: Browser, cast: Cast, name: str, value: str, said: str
) -> None:
    answer = as_person(cast.maya).post("/brand", data={**FORM, name: value})
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert default_brand(cast.harbour) is None


def test_a_logo_that_is_none_is_refused_with_everything_else(cast: Cast) -> None:
    given: dict[str, Any] = {key: value for key, value in FORM.items() if not key.endswith("pick")}
    with pytest.raises(Invalid) as error:
        save(maya(cast), BrandInput(**given), Upload("logo.png", b"<svg/>"))
    assert "SVG" in error.value.fields["logo"]
    assert default_brand(cast.harbour) is None
    assert not list(db.session.scalars(scoped(cast.harbour, Asset)))


def test_a_colour_that_was_picked_counts_when_the_text_was_left_alone(as_person: Browser, cast: Cast) -> None:
    as_person(cast.maya).post("/brand", data={**FORM, "call_color": "#b9431a", "call_pick": "#0055aa"})
    brand = default_brand(cast.harbour)
    assert brand
    assert brand.call_color == "#0055aa"


def test_a_colour_that_can_t_be_read_on_is_said_with_its_ratio(as_person: Browser, cast: Cast) -> None:
    page = (
        as_person(cast.maya)
        .post("/brand/sample", data={**FORM, "call_color": "#f0c040"})
        .get_data(as_text=True)
    )
    assert "1.7 to 1" in page
    assert "Text needs 4.5 to 1" in page
    assert default_brand(cast.harbour) is None, "looking at samples saves nothing"


def test_what_is_missing_is_named(as_person: Browser, cast: Cast) -> None:
    assert len(brand_gaps(None)) == 3
    browser = as_person(cast.maya)
    browser.post("/brand", data={**FORM, "postal_address": " ", "reply_to": ""})
    page = browser.get("/brand").get_data(as_text=True)
    assert "The postal address is missing" in page
    assert "2 things are missing" in page.replace("\xa0", " ")


def test_a_viewer_looks_and_does_not_change(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.noor)
    page = browser.get("/brand").get_data(as_text=True)
    assert "Save</button>" not in page
    assert "fieldset" in page
    assert browser.post("/brand", data=FORM).status_code == 403


def test_a_logo_is_taken_out(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    browser.post(
        "/brand",
        data={**FORM, "logo": (io.BytesIO(picture()), "logo.png")},
        content_type="multipart/form-data",
    )
    browser.post("/brand", data={**FORM, "remove_logo": "y"})
    brand = default_brand(cast.harbour)
    assert brand
    assert brand.logo_id is None
