"""The landing page as prospects and robots meet it: read, filled in, answered; what can't be accepted stays typed in."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import tokens
from app.audience.models import Consent, Contact
from app.clock import now
from app.db import db
from app.landing.models import PageStatus, PublishedPage, Submission
from app.landing.shown import form_token
from app.leads.models import Lead
from app.mail.models import OutgoingMail
from app.render.context import Partner, Vendor
from app.render.form import Consent as Box
from app.render.form import FieldType, FormField, FormSpec, Thanks
from app.render.page import PageSource, brand_css, compile_page
from app.tracking.jobs import drain_spool
from app.tracking.models import TrackedEvent
from tests.rig import story as stories
from tests.rig.cast import Cast
from tests.rig.story import Story

pytestmark = pytest.mark.both_databases

PUBLIC = "http://127.0.0.1:8000"
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
FORM = FormSpec(
    fields=(
        FormField("name", "Your name", required=True),
        FormField("company", "Company"),
        FormField("email", "Work email", FieldType.EMAIL, required=True),
        FormField("note", "Anything else?", FieldType.TEXTAREA),
    ),
    consents=(
        Box("consent", "{{ partner.name }} may call me.", required=True),
        Box("marketing", "{{ partner.name }} may write to me."),
    ),
    thanks=Thanks("Thank you, {{ submitted.name }}."),
)
PIECE = "<h1>Is home the weakest door?</h1>{{ form }}"


@pytest.fixture
def story(cast: Cast) -> Story:
    made = stories.campaign(cast.northwind, cast.harbour)
    partner, vendor = (
        Partner("Harbour IT", legal_name="Harbour IT B.V.", phone="010 555 01 40"),
        Vendor("Northwind Cloud"),
    )
    page = compile_page(PageSource(PIECE, "Book your check", "Two hours."), {}, partner, vendor, FORM)
    row = db.session.get_one(PublishedPage, made.page.id)
    row.content = {
        "compiled": page.to_plain(),
        "title": page.title,
        "consents": {c.name: c.text for c in page.form.consents},
        "controller": "Harbour IT B.V.",
    }
    row.stylesheet = brand_css(partner)
    db.session.commit()
    return made


def address(story: Story) -> str:
    return f"{PUBLIC}/p/{story.page.pid}"


def filled(story: Story, **changes: str) -> dict[str, str]:
    shown = form_token(story.page, now() - timedelta(seconds=30))
    base = {
        "form_token": shown,
        "name": "Sanne Willems",
        "company": "Van Dijk",
        "email": story.contact.email,
        "consent": "on",
    }
    return {**base, **changes}


def rows(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_the_page_shows_both_brands_and_the_form_without_cookie_or_script(
    client: FlaskClient, story: Story
) -> None:
    answer = client.get(address(story), headers=FIREFOX)
    assert answer.status_code == 200
    assert "Harbour IT" in answer.text
    assert "Northwind Cloud" in answer.text
    assert "Is home the weakest door?" in answer.text
    assert "<script" not in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "style=" not in answer.text
    drain_spool()
    assert rows(TrackedEvent) == 1


def test_a_filled_form_becomes_a_lead_with_its_mail_and_two_letters(
    client: FlaskClient, story: Story
) -> None:
    token = tokens.make("click", story.delivery.id)
    answer = client.post(address(story), data=filled(story, t=token, note="Mornings"), headers=FIREFOX)
    assert answer.status_code == 303
    [lead] = db.session.scalars(select(Lead))
    [stored] = db.session.scalars(select(Submission))
    assert (lead.name, lead.contact_id, stored.delivery_id) == (
        "Sanne Willems",
        story.contact.id,
        story.delivery.id,
    )
    mails = {m.template: m.recipient for m in db.session.scalars(select(OutgoingMail))}
    assert mails["request_received"] == story.contact.email
    assert "lead_new" in mails
    assert "Thank you, Sanne Willems." in client.get(answer.headers["Location"]).text


def test_without_tracking_consent_the_form_still_finds_the_mail(client: FlaskClient, story: Story) -> None:
    client.post(
        address(story), data=filled(story, t=tokens.make("rendering", story.rendering.id)), headers=FIREFOX
    )
    [stored] = db.session.scalars(select(Submission))
    assert stored.delivery_id == story.delivery.id


def test_a_double_click_makes_one_lead(client: FlaskClient, story: Story) -> None:
    data = filled(story)
    for _ in range(2):
        assert client.post(address(story), data=data, headers=FIREFOX).status_code == 303
    assert (rows(Submission), rows(Lead)) == (1, 1)


def test_a_wrong_answer_stays_typed_in_with_the_error_beside_it(client: FlaskClient, story: Story) -> None:
    answer = client.post(address(story), data=filled(story, email="nobody", note="Keep me"), headers=FIREFOX)
    assert answer.status_code == 422
    assert "Keep me" in answer.text
    assert "does not look like an email address" in answer.text
    assert rows(Submission) == 0


@pytest.mark.parametrize("changes", [{"partner_id": "1"}, {"form_token": "forged"}, {"consent": ""}])
def test_what_the_form_does_not_allow_is_refused_and_makes_no_lead(
    client: FlaskClient, story: Story, changes: dict[str, str]
) -> None:
    assert (
        400 <= client.post(address(story), data=filled(story, **changes), headers=FIREFOX).status_code < 500
    )
    assert (rows(Submission), rows(Lead)) == (0, 0)


def test_a_form_token_of_another_page_is_refused(client: FlaskClient, cast: Cast, story: Story) -> None:
    other = stories.campaign(cast.northwind, cast.leuvelink, "Autumn")
    data = filled(story, form_token=form_token(other.page, now() - timedelta(seconds=30)))
    assert client.post(address(story), data=data, headers=FIREFOX).status_code == 404
    assert rows(Submission) == 0


def test_robots_are_kept_apart_with_the_reason_and_answered_alike(client: FlaskClient, story: Story) -> None:
    trapped = client.post(address(story), data=filled(story, website="https://spam.example"), headers=FIREFOX)
    hasty = client.post(
        address(story), data=filled(story, form_token=form_token(story.page)), headers=FIREFOX
    )
    assert trapped.status_code == hasty.status_code == 303
    reasons = set(db.session.scalars(select(Submission.held_reason)))
    assert reasons == {"filled the field that people don’t see", "sent within 2 seconds"}
    assert rows(Lead) == 0


def test_what_is_held_back_is_listed_for_the_partner_and_for_nobody_else(
    client: FlaskClient, cast: Cast, story: Story, as_person: Callable[..., FlaskClient]
) -> None:
    client.post(address(story), data=filled(story, website="https://spam.example"), headers=FIREFOX)
    campaign = f"/campaigns/{story.campaign.pid}"
    page = as_person(cast.maya).get(campaign).text
    assert "1\u00a0form was held back" in page
    assert "Filled the field that people don’t see" in page
    seen_by_vendor = as_person(cast.ingrid).get(campaign)
    assert seen_by_vendor.status_code == 200
    assert "held back" not in seen_by_vendor.text


def test_a_new_person_becomes_a_contact_and_a_ticked_box_a_consent_in_its_words(
    client: FlaskClient, story: Story
) -> None:
    client.post(
        address(story), data=filled(story, email="new@person.example", marketing="on"), headers=FIREFOX
    )
    contact = db.session.scalars(select(Contact).where(Contact.email == "new@person.example")).one()
    consent = db.session.scalars(select(Consent).where(Consent.contact_id == contact.id)).one()
    assert (contact.partner_id, contact.first_name) == (story.campaign.partner_id, "Sanne")
    assert (consent.wording, consent.controller, consent.method) == (
        "Harbour IT may write to me.",
        "Harbour IT B.V.",
        "form",
    )


def test_a_box_about_the_request_alone_is_no_consent_to_marketing(client: FlaskClient, story: Story) -> None:
    client.post(address(story), data=filled(story), headers=FIREFOX)
    assert rows(Consent) == 0


def test_utm_parameters_travel_with_the_form(client: FlaskClient, story: Story) -> None:
    page = client.get(f"{address(story)}?utm_source=poster&next=https://evil.example", headers=FIREFOX).text
    assert re.search(r'name="utm_source" value="poster"', page)
    assert "evil.example" not in page
    client.post(address(story), data=filled(story, utm_source="poster"), headers=FIREFOX)
    assert db.session.scalars(select(Submission)).one().source == {"utm_source": "poster"}


def test_a_closed_page_says_so_and_takes_nothing(client: FlaskClient, story: Story) -> None:
    db.session.get_one(PublishedPage, story.page.id).status = PageStatus.CLOSED
    assert client.get(address(story), headers=FIREFOX).status_code == 410
    assert client.post(address(story), data=filled(story), headers=FIREFOX).status_code == 410
    assert rows(Submission) == 0


def test_the_colours_are_a_stylesheet_of_their_own_with_an_etag(client: FlaskClient, story: Story) -> None:
    first = client.get(f"{address(story)}/brand.css")
    assert first.mimetype == "text/css"
    assert "--brand" in first.text
    assert (
        client.get(
            f"{address(story)}/brand.css", headers={"If-None-Match": first.headers["ETag"]}
        ).status_code
        == 304
    )


def test_the_thank_you_page_shows_no_name_to_a_stranger(client: FlaskClient, story: Story) -> None:
    assert "Sanne" not in client.get(f"{address(story)}/thanks?s=forged").text
