"""The brand: saved whole or not at all, with the sentence beside the field, and what is missing is said before a launch."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets.brand import (
    BrandInput,
    Upload,
    brand_by_id,
    brand_gaps,
    brands,
    default_brand,
    make,
    save,
)
from app.assets.brand_fields import NETWORKS
from app.assets.models import Asset, BrandProfile
from app.assets.queries import asset_of
from app.campaigns.models import CampaignStatus
from app.campaigns.prepare import as_partner, source
from app.campaigns.ready import problems
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid
from app.kits.models import VersionStatus
from app.kits.publish import import_version
from tests.assets.pictures import picture
from tests.campaigns import made as campaign_made
from tests.kits_web.box import files, ingrid, published, zipped
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 20"><path fill="#15324b" d="M0 0h20v20H0zM24 6h36v8H24z"/></svg>'
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
    browser.post("/brand", data={**FORM, "phone": "(010) 555 01 41 ext. 7"})
    again = default_brand(cast.harbour)
    assert first
    assert again
    assert (first.id, again.phone) == (again.id, "(010) 555 01 41 ext. 7")


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
        ("postal_address", "Noorderhaven 12, Groningen", "Add the postcode"),
        ("phone", "call me", "phone number"),
        ("linkedin", "https://evil.example/linkedin.com", "your page on LinkedIn"),
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
        save(maya(cast), BrandInput(**given), Upload("logo.svg", b"<svg/>"))
    assert "no SVG" in error.value.fields["logo"]
    assert default_brand(cast.harbour) is None
    assert not list(db.session.scalars(scoped(cast.harbour, Asset)))


def test_a_colour_that_was_picked_counts_when_the_text_was_left_alone(as_person: Browser, cast: Cast) -> None:
    as_person(cast.maya).post("/brand", data={**FORM, "call_color": "#b9431a", "call_pick": "#0055aa"})
    brand = default_brand(cast.harbour)
    assert brand
    assert brand.call_color == "#0055aa"


def test_a_colour_that_can_t_be_read_on_is_said_with_its_ratio_and_the_nearest_that_can(
    as_person: Browser, cast: Cast
) -> None:
    asked = "/brand/sample?call_color=%23f0c040&primary_color=%2315324b"
    page = as_person(cast.maya).get(asked).get_data(as_text=True)
    assert "1.7 to 1" in page
    assert "Text needs 4.5 to 1" in page
    assert 'value="call #947200"' in page
    assert default_brand(cast.harbour) is None, "looking at samples saves nothing"


def test_a_proposed_colour_is_taken_into_the_form_with_everything_typed_and_nothing_is_saved(
    as_person: Browser, cast: Cast
) -> None:
    typed = {**FORM, "call_color": "#f0c040", "sender_name": "Typed a moment ago"}
    page = as_person(cast.maya).post("/brand/draft", data={**typed, "use": "call #947200"})
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert text.count('value="#947200"') == 2, "as text and in the picker"
    assert "Typed a moment ago" in text
    assert "not saved yet" in text
    assert default_brand(cast.harbour) is None
    assert as_person(cast.maya).post("/brand/draft", data={**FORM, "use": "legal_name x"}).status_code == 422
    assert as_person(cast.maya).post("/brand/draft", data={**FORM, "use": "call red"}).status_code == 422


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


def dressed(browser: FlaskClient, image: bytes, name: str = "logo.png", **more: Any) -> BrandProfile:
    """Harbour IT's default brand after this logo was saved."""
    answer = browser.post(
        "/brand",
        data={**FORM, "logo": (io.BytesIO(image), name), **more},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 302
    return db.session.scalars(select(BrandProfile)).one()  # unscoped: the test's only brand


def test_a_logo_in_svg_is_kept_as_pictures_at_every_size(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    brand = dressed(browser, SVG, "Harbour.svg")
    sizes = [asset_of(cast.harbour, key) for key in (brand.logo_small_id, brand.logo_id, brand.logo_large_id)]
    assert [(a.width, a.height, a.content_type) for a in sizes if a] == [
        (300, 100, "image/png"), (600, 200, "image/png"), (1600, 533, "image/png"),
    ]  # fmt: skip
    partner = as_partner(brand, cast.harbour)
    assert (partner.logo_width, partner.logo_height) == (300, 100)
    page = browser.get("/brand").get_data(as_text=True)
    assert "From your logo" in page
    assert "#15324b" in page
    assert "Harbour.png, 1600 × 533" in page


def test_a_white_logo_is_noticed_and_a_plate_is_offered_never_put_there_by_itself(
    as_person: Browser, cast: Cast
) -> None:
    browser = as_person(cast.maya)
    white = SVG.replace(b"#15324b", b"#ffffff")
    bare = dressed(browser, white, "logo.svg")
    assert bare.logo_plate is None
    assert "too light for white mails" in browser.get("/brand").get_data(as_text=True)
    before = bare.logo_id
    browser.post("/brand", data={**FORM, "plate": "y"})
    db.session.refresh(bare)
    assert (bare.logo_plate, bare.logo_id == before) == ("#15324b", False)
    assert "too light" not in browser.get("/brand").get_data(as_text=True)
    browser.post("/brand", data={**FORM, "primary_color": "#0b5b73", "plate": "y"})
    db.session.refresh(bare)
    assert bare.logo_plate == "#0b5b73", "the plate follows the main colour"
    browser.post("/brand", data=FORM)
    db.session.refresh(bare)
    assert (bare.logo_plate, bare.logo_id) == (None, before)


def test_dark_mode_has_a_logo_of_its_own(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    brand = dressed(browser, SVG, "logo.svg")
    assert as_partner(brand, cast.harbour).logo_dark_url != as_partner(brand, cast.harbour).logo_url
    made_by_us = brand.dark_logo_id
    second = (io.BytesIO(SVG.replace(b"#15324b", b"#ffffff")), "light.svg")
    browser.post("/brand", data={**FORM, "dark_logo": second}, content_type="multipart/form-data")
    db.session.refresh(brand)
    assert brand.dark_source_id
    assert brand.dark_logo_id != made_by_us
    assert "your second logo" in browser.get("/brand").get_data(as_text=True)
    browser.post("/brand", data={**FORM, "remove_dark_logo": "y"})
    db.session.refresh(brand)
    assert (brand.dark_source_id, brand.dark_logo_id) == (None, made_by_us)


def test_a_second_logo_alone_is_refused_beside_its_field(as_person: Browser, cast: Cast) -> None:
    second = (io.BytesIO(SVG), "light.svg")
    answer = as_person(cast.maya).post("/brand", data={**FORM, "dark_logo": second}, content_type="multipart/form-data")  # fmt: skip
    assert answer.status_code == 422
    assert "Add the logo itself first" in answer.get_data(as_text=True)


def test_a_file_that_the_browser_forgets_is_asked_for_once_more(as_person: Browser, cast: Cast) -> None:
    answer = as_person(cast.maya).post(
        "/brand",
        data={**FORM, "phone": "x", "logo": (io.BytesIO(SVG), "harbour.svg")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert "Choose harbour.svg once more." in answer.get_data(as_text=True)
    assert not list(db.session.scalars(scoped(cast.harbour, Asset)))


def test_the_last_save_is_taken_back_and_brought_again(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    brand = dressed(browser, SVG, "logo.svg", linkedin="linkedin.com/company/harbour")
    undo_at = f"/brand/{brand.pid}/undo"
    assert browser.post(undo_at).status_code == 422, "there is nothing before the first save"
    browser.post("/brand", data={**FORM, "sender_name": "Another name", "remove_logo": "y", "linkedin": ""})
    db.session.refresh(brand)
    assert (brand.sender_name, brand.logo_id, brand.social) == ("Another name", None, {})
    browser.post(undo_at)
    db.session.refresh(brand)
    assert (brand.sender_name, brand.social) == (
        "Harbour IT",
        {"linkedin": "https://linkedin.com/company/harbour"},
    )
    assert brand.logo_id
    browser.post(undo_at)
    db.session.refresh(brand)
    assert (brand.sender_name, brand.logo_id) == ("Another name", None)


def test_social_pages_and_logo_are_there_for_templates(as_person: Browser, cast: Cast) -> None:
    links = {"linkedin": "nl.linkedin.com/company/harbour", "x": "https://twitter.com/harbour", "youtube": ""}
    as_person(cast.maya).post("/brand", data={**FORM, **links})
    partner = as_partner(default_brand(cast.harbour), cast.harbour)
    assert partner.linkedin == "https://nl.linkedin.com/company/harbour"
    assert (partner.x, partner.youtube, partner.logo_url) == ("https://twitter.com/harbour", "", "")
    assert {name for name in NETWORKS if hasattr(partner, name)} == set(NETWORKS)


def test_the_welcome_page_leaves_social_pages_and_plates_alone(as_person: Browser, cast: Cast) -> None:
    save(maya(cast), BrandInput("#15324b", "#b9431a", social={"xing": "xing.com/pages/harbour"}))
    save(maya(cast), BrandInput("#15324b", "#b9431a", sender_name="Harbour"))
    brand = default_brand(cast.harbour)
    assert brand
    assert brand.social == {"xing": "https://xing.com/pages/harbour"}


def test_a_partner_has_several_brands_the_default_first(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    browser.post("/brand", data={**FORM, "phone": ""})
    browser.post("/brand/new", data={"name": "Anchor Cloud"})
    first, second = brands(cast.harbour)
    assert (first.name, second.name, second.postal_address) == (
        "Main brand",
        "Anchor Cloud",
        first.postal_address,
    )
    assert browser.post(f"/brand/{second.pid}", data={**FORM, "sender_name": "Anchor"}).status_code == 302
    assert [b.sender_name for b in brands(cast.harbour)] == ["Harbour IT", "Anchor"]
    page = browser.get("/brand").get_data(as_text=True)
    assert "Anchor Cloud" in page
    browser.post(f"/brand/{second.pid}/default")
    assert default_brand(cast.harbour) == second
    assert [b.name for b in brands(cast.harbour)] == ["Anchor Cloud", "Main brand"]
    browser.post(f"/brand/{first.pid}/name", data={"name": "  Harbour   IT "})
    assert first.name == "Harbour IT"


@pytest.mark.parametrize("name", ["", "  ", "main BRAND", "x" * 81, "two\nlines\u0000"])
def test_a_brand_s_name_is_there_short_and_its_own(as_person: Browser, cast: Cast, name: str) -> None:
    browser = as_person(cast.maya)
    browser.post("/brand", data=FORM)
    browser.post("/brand/new", data={"name": name})
    assert [b.name for b in brands(cast.harbour)] == ["Main brand"]


def test_a_brand_in_use_is_not_put_away_and_the_default_never(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    campaign = campaign_made.draft(cast)
    browser.post("/brand", data=FORM)
    browser.post("/brand/new", data={"name": "Anchor Cloud"})
    first, second = brands(cast.harbour)
    campaign.brand_id, campaign.status = second.id, CampaignStatus.SENDING
    db.session.commit()
    refused = browser.post(f"/brand/{second.pid}/archive")
    assert refused.status_code == 422
    assert campaign.name in refused.get_data(as_text=True)
    assert browser.post(f"/brand/{first.pid}/archive").status_code == 422, "new campaigns take it"
    campaign.status = CampaignStatus.FINISHED
    db.session.commit()
    assert browser.post(f"/brand/{second.pid}/archive").status_code == 302
    assert [b.name for b in brands(cast.harbour)] == ["Main brand"]
    assert brand_by_id(cast.harbour, campaign.brand_id) == second, "what was made with it stays as it is"
    assert browser.post(f"/brand/{second.pid}/default").status_code == 422
    browser.post(f"/brand/{second.pid}/back")
    assert len(brands(cast.harbour)) == 2


def test_a_campaign_goes_out_in_its_own_brand(cast: Cast) -> None:
    campaign = campaign_made.ready(cast)
    second = make(maya(cast), "Anchor Cloud")
    save(maya(cast), BrandInput("#0b5b73", "#b9431a", sender_name="Anchor"), brand=second)
    assert source(campaign).partner.sender_name == "Harbour IT"
    campaign.brand_id = second.id
    assert source(campaign).partner.sender_name == "Anchor"
    assert source(campaign).partner.primary_color == "#0b5b73"
    second.postal_address = ""
    assert [p.href for p in problems(campaign)] == [
        f"/brand/{second.pid}#{name}" for name in ("reply_to", "postal_address")
    ]


def test_how_a_brand_looks_is_drawn_by_the_kits_that_are_open(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    published(cast)
    page = as_person(cast.maya).get("/brand/sample?call_color=%230055aa").get_data(as_text=True)
    frames = re.findall(r'src="([^"]+/looks/[^"]+)"', page)
    assert len(frames) == 2, "a mail and a page"
    mail = client.get(frames[0])
    assert "#0055aa" in mail.get_data(as_text=True)
    assert "Harbour IT" in mail.get_data(as_text=True)
    assert "sandbox" in mail.headers["Content-Security-Policy"]
    assert "--call: #0055aa" in client.get(f"{frames[1]}/colors.css").get_data(as_text=True)
    assert client.get(frames[0][:-3] + "abc").status_code == 404
    assert "to 1 at the least" in page


def test_a_kit_that_takes_a_colour_as_it_is_shows_what_it_does_and_the_mend(
    as_person: Browser, cast: Cast
) -> None:
    mail = files()["emails/invitation.mjml"].replace(
        b"partner.call_color | readable_on('#ffffff')", b"partner.call_color"
    )
    version = import_version(ingrid(cast), zipped({"emails/invitation.mjml": mail}))
    version.status, version.published_at = (
        VersionStatus.PUBLISHED,
        now(),
    )  # from before kits were checked for this
    db.session.commit()
    page = as_person(cast.maya).get("/brand/sample?call_color=%23f0c040").get_data(as_text=True)
    assert "This kit uses #f0c040 as it is." in page
    assert page.count('value="call #947200"') >= 1
