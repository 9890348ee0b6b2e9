"""The editor: saves while one types, works without script, keeps what was wrong beside its field, and shows what will be sent."""

import io
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.assets.models import Asset
from app.campaigns import subject_test
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.queries import campaign_for
from app.db import db, scoped
from app.delivery.models import Delivery
from app.mail.models import OutgoingMail
from app.settings import current
from tests.assets.pictures import picture
from tests.campaigns.made import FILLED, draft
from tests.kits_web.box import published
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
TYPED = {f"slot-{name}": value for name, value in FILLED.items()}
HX = {"HX-Request": "true"}


def test_a_kit_becomes_a_campaign_and_its_editor(as_person: Browser, cast: Cast) -> None:
    version = published(cast)
    browser = as_person(cast.jonas)
    answer = browser.post("/campaigns", data={"version": version.pid})
    assert answer.status_code == 302
    page = browser.get(answer.location).get_data(as_text=True).replace("\xa0", " ")
    assert "5 of 8 fields are filled." in page
    assert "<legend>Email 1: the invitation</legend>" in page
    assert "40 of 60" in page
    assert as_person(cast.lieve).get(answer.location).status_code == 404


def test_a_version_that_is_not_open_makes_none(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    assert browser.post("/campaigns", data={"version": "A" * 22}).status_code == 404
    assert browser.post("/campaigns", data={}).status_code == 404
    assert not list(db.session.scalars(scoped(cast.harbour, Campaign)))


def test_words_are_saved_without_script(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    browser = as_person(cast.maya)
    answer = browser.post(f"/campaigns/{campaign.pid}/words", data={**TYPED, "then": "audience"})
    assert answer.location == f"/campaigns/{campaign.pid}/audience"
    assert campaign_for(cast.harbour, campaign.pid).slot_values == FILLED
    assert "Every needed field is filled." in browser.get(f"/campaigns/{campaign.pid}/words").get_data(
        as_text=True
    )


def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    answer = as_person(cast.maya).post(
        f"/campaigns/{campaign.pid}/words", data={**TYPED, "slot-until": "whenever", "slot-evil": "x"}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert 'value="whenever"' in page
    assert "2\xa0fields are not saved yet." in page
    assert "Give a date like" in page
    assert "This kit has no such field." in page
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {
        "person": "Jonas Bakker",
        "phone": "010 555 01 48",
    }


def test_while_typing_the_preview_and_the_errors_come_back(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    campaign = draft(cast)
    answer = as_person(cast.maya).post(
        f"/campaigns/{campaign.pid}/words",
        data={"slot-headline": "Mind {{7*7}} <b>doors</b>", "slot-button": "no"},
        headers=HX,
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "<html" not in page
    assert 'id="live"' in page
    assert "1 field is not saved yet" in page.replace("\xa0", " ")
    assert re.search(
        r'id="slot-button-after"[^>]* data-wrong hx-swap-oob="true">.*Choose one of', page, re.DOTALL
    )
    shown = client.get(re.findall(r'data-src="([^"]+/preview/[^"]+)"', page)[0]).get_data(as_text=True)
    assert "Mind {{7*7}} <b>doors</b>" in " ".join(unescape(shown).split())
    assert "<b>doors" not in shown
    assert "the date is missing" in shown


def test_the_preview_is_drawn_from_the_other_origin_in_a_sandbox(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    campaign = draft(cast)
    page = as_person(cast.noor).get(f"/campaigns/{campaign.pid}/words").get_data(as_text=True)
    frames = re.findall(r"<iframe[^>]*>", page)
    assert len(frames) == 3
    assert all(" sandbox" in frame and f'src="{current().public_url}/preview/' in frame for frame in frames)
    light, _, dark = (
        client.get(re.findall(r'src="([^"]+)"', frame)[0]).get_data(as_text=True) for frame in frames
    )
    assert "prefers-color-scheme" not in light + dark
    assert light != dark, "the dark frame shows the mail’s dark colours whatever the screen is set to"


@pytest.mark.parametrize(
    ("person", "greeting"),
    [("known", "Hello Sanne,"), ("unknown", "Hello there,"), ("", "Hello Sanne,")],
)
def test_the_text_is_shown_as_different_people_read_it(
    as_person: Browser, cast: Cast, person: str, greeting: str
) -> None:
    campaign = draft(cast)
    assert greeting in as_person(cast.maya).get(f"/campaigns/{campaign.pid}/words?person={person}").get_data(
        as_text=True
    )


def send_picture(browser: FlaskClient, campaign: Campaign, data: bytes, alt: str, **more: Any) -> Any:
    form = {
        "slot-picture.file": (io.BytesIO(data), "team.jpg"),
        "slot-picture.alt": alt,
        "slot-picture.asset": "",
        **more,
    }
    return browser.post(
        f"/campaigns/{campaign.pid}/words", data=form, headers=HX, content_type="multipart/form-data"
    )


def test_a_picture_is_kept_while_its_description_is_still_missing(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    browser = as_person(cast.maya)
    page = send_picture(browser, campaign, picture("JPEG", (1600, 900)), "").get_data(as_text=True)
    assert "Describe the picture" in page
    asset = db.session.scalars(scoped(cast.harbour, Asset)).one()
    assert f'name="slot-picture.asset" value="{asset.pid}"' in page
    browser.post(
        f"/campaigns/{campaign.pid}/words",
        data={"slot-picture.asset": asset.pid, "slot-picture.alt": "Four engineers"},
        headers=HX,
    )
    assert campaign_for(cast.harbour, campaign.pid).slot_values["picture"]["alt"] == "Four engineers"
    browser.post(
        f"/campaigns/{campaign.pid}/words",
        data={"slot-picture.asset": asset.pid, "slot-picture.alt": "x", "slot-picture.remove": "yes"},
        headers=HX,
    )
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {}


def test_a_file_that_is_no_picture_is_refused_beside_the_field(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    page = send_picture(as_person(cast.maya), campaign, b"<svg onload=alert(1)>", "x").get_data(as_text=True)
    assert "An SVG can hold scripts" in page
    assert not list(db.session.scalars(scoped(cast.harbour, Asset)))


def test_a_subject_test_is_planned_from_the_kit_and_in_own_words_and_taken_out(
    as_person: Browser, cast: Cast
) -> None:
    campaign = draft(cast)
    browser = as_person(cast.maya)
    page = browser.get(f"/campaigns/{campaign.pid}/words").get_data(as_text=True)
    name = re.findall(r'name="kit_test" value="([^"]+)"', page)[0]
    browser.post(f"/campaigns/{campaign.pid}/test", data={"kit_test": name})
    assert subject_test.of(campaign)
    browser.post(
        f"/campaigns/{campaign.pid}/test",
        data={"email": "invitation", "subject_a": "One", "subject_b": "Two"},
    )
    planned = subject_test.of(campaign)
    assert planned
    assert [subject.text for subject in planned.subjects] == ["One", "Two"]
    wrong = browser.post(
        f"/campaigns/{campaign.pid}/test",
        data={"email": "invitation", "subject_a": "One", "subject_b": "One"},
    )
    assert wrong.status_code == 422
    browser.post(f"/campaigns/{campaign.pid}/test/remove")
    assert subject_test.of(campaign) is None


def test_past_its_draft_the_words_are_fixed_until_it_is_taken_back(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    campaign.status = CampaignStatus.SCHEDULED
    browser = as_person(cast.maya)
    page = browser.get(f"/campaigns/{campaign.pid}/words").get_data(as_text=True)
    assert "These words are fixed." in page
    assert "hx-post" not in page
    assert browser.post(f"/campaigns/{campaign.pid}/words", data=TYPED).status_code in (403, 409, 422)
    assert campaign_for(cast.harbour, campaign.pid).slot_values == {}
    browser.post(f"/campaigns/{campaign.pid}/reopen")
    assert campaign_for(cast.harbour, campaign.pid).status is CampaignStatus.DRAFT


def test_rename_copy_delete_and_give_up(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    browser = as_person(cast.maya)
    assert browser.post(f"/campaigns/{campaign.pid}/name", data={"name": " "}).status_code == 422
    browser.post(f"/campaigns/{campaign.pid}/name", data={"name": "Spring"})
    copied = browser.post(f"/campaigns/{campaign.pid}/copy").location.split("/")[2]
    assert campaign_for(cast.harbour, copied).name == "Spring (copy)"
    browser.post(f"/campaigns/{copied}/delete")
    browser.post(f"/campaigns/{campaign.pid}/give-up")
    page = browser.get("/campaigns").get_data(as_text=True)
    assert "Spring (copy)" not in page.partition("tl-toasts")[0]
    assert "Cancelled" in page


def test_the_list_says_the_next_step_and_no_figure_that_isn_t_there(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    assert "No campaign yet" in browser.get("/campaigns").get_data(as_text=True)
    campaign = draft(cast)
    page = browser.get("/campaigns").get_data(as_text=True)
    assert "Fill in your words" in page
    assert page.count('data-label="Sent to"><span>–</span>') == 1
    assert "None here" in browser.get("/campaigns?show=ended").get_data(as_text=True)
    browser.post(f"/campaigns/{campaign.pid}/words", data=TYPED)
    assert "Choose who gets it" in browser.get("/campaigns").get_data(as_text=True)


def test_a_test_goes_to_whoever_asks_and_to_nobody_else(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    data = {**TYPED, "slot-headline": "Mind the {{7*7}} doors", "then": "test"}
    page = as_person(cast.jonas).post(f"/campaigns/{campaign.pid}/words", data=data, follow_redirects=True)
    assert "A test is on its way to jonas@harbour-it.example." in page.get_data(as_text=True)
    mail = db.session.scalars(select(OutgoingMail)).one()
    assert mail.recipient == "jonas@harbour-it.example"
    message = message_from_bytes(mail.raw or b"", policy=policy.SMTP)
    assert message["Subject"] == mail.subject == "[Test] Is home the weakest door to your office?"
    words, looks = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert words is not None
    assert looks is not None
    assert "Hello Jonas," in words.get_content()
    assert "Mind the {{7*7}} doors" in words.get_content()
    assert "Mind the {{7*7}} doors" in " ".join(unescape(looks.get_content()).split())
    assert not list(db.session.scalars(scoped(cast.harbour, Delivery)))
