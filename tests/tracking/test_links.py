"""Links and the pixel: recorded before they are answered, with a name only where the person agreed, and never led astray."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import tokens
from app.attribution.records import Touchpoint, TouchKind
from app.clock import now
from app.db import db
from app.delivery.models import Link
from app.tracking.models import EventKind, TrackedEvent
from app.tracking.queries import clicks
from tests.rig import story as stories
from tests.rig.cast import Cast
from tests.rig.story import Story

PUBLIC = "http://127.0.0.1:8000"
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def story(cast: Cast) -> Story:
    made = stories.campaign(cast.northwind, cast.harbour)
    made.delivery.decided_at = now() - timedelta(minutes=5)
    for number, kind, url in ((1, "landing", f"{PUBLIC}/p/{made.page.pid}"), (2, "url", "https://harbour-it.example/a?b=1"), (3, "url", "https://x.example/")):
        db.session.add(
            Link(send_id=made.send.id, partner_id=made.send.partner_id, vendor_id=made.send.vendor_id, number=number, kind=kind, url=url)
        )
    db.session.commit()
    return made


def click(story: Story) -> str:
    return tokens.make("click", story.delivery.id)


def events() -> list[TrackedEvent]:
    return list(db.session.scalars(select(TrackedEvent).order_by(TrackedEvent.id)))


def test_a_click_goes_to_the_stored_target_and_is_recorded_as_the_persons(client: FlaskClient, story: Story) -> None:
    answer = client.get(f"{PUBLIC}/c/{click(story)}/2", headers=FIREFOX)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://harbour-it.example/a?b=1")
    assert "Set-Cookie" not in answer.headers
    [event] = events()
    assert (event.kind, event.contact_id, event.is_machine) == (EventKind.CLICK, story.contact.id, False)
    [touch] = db.session.scalars(select(Touchpoint))
    assert (touch.kind, touch.contact_id) == (TouchKind.CLICKED, story.contact.id)


def test_a_landing_link_takes_its_token_along(client: FlaskClient, story: Story) -> None:
    token = click(story)
    answer = client.get(f"{PUBLIC}/c/{token}/1", headers=FIREFOX)
    assert answer.headers["Location"] == f"{PUBLIC}/p/{story.page.pid}?t={token.replace('=', '%3D')}"


def test_a_link_without_tracking_consent_tells_the_version_and_nobody(client: FlaskClient, story: Story) -> None:
    client.get(f"{PUBLIC}/c/{tokens.make('rendering', story.rendering.id)}/2", headers=FIREFOX)
    [event] = events()
    assert (event.contact_id, event.delivery_id, event.campaign_id) == (None, None, story.campaign.id)
    assert list(db.session.scalars(select(Touchpoint))) == []
    found = clicks(story.campaign)
    assert (found.people, found.unnamed, found.machines) == (0, 1, 0)


def test_a_head_request_is_a_machines_and_leaves_no_touch(client: FlaskClient, story: Story) -> None:
    client.head(f"{PUBLIC}/c/{click(story)}/2", headers=FIREFOX)
    [event] = events()
    assert (event.is_machine, event.reason) == (True, "asked for the head only")
    assert list(db.session.scalars(select(Touchpoint))) == []


def test_the_first_clicks_of_a_burst_are_relabelled_when_the_third_comes(client: FlaskClient, story: Story) -> None:
    for number in (1, 2, 3):
        client.get(f"{PUBLIC}/c/{click(story)}/{number}", headers=FIREFOX)
    assert [e.is_machine for e in events()] == [True, True, True]
    assert clicks(story.campaign).people == 0


def test_a_person_who_clicks_twice_is_one_person(client: FlaskClient, story: Story) -> None:
    for _ in range(2):
        client.get(f"{PUBLIC}/c/{click(story)}/2", headers=FIREFOX)
    assert clicks(story.campaign).people == 1


@pytest.mark.parametrize("token", ["x", "A" * 32, "../../etc", "https:%2F%2Fevil.example"])
def test_a_forged_token_leads_nowhere_and_changes_nothing(client: FlaskClient, story: Story, token: str) -> None:
    assert client.get(f"{PUBLIC}/c/{token}/1", headers=FIREFOX).status_code == 404
    assert events() == []


def test_a_token_of_another_purpose_is_worthless_here(client: FlaskClient, story: Story) -> None:
    unsubscribe = tokens.make("unsubscribe", story.delivery.id)
    assert client.get(f"{PUBLIC}/c/{unsubscribe}/1", headers=FIREFOX).status_code == 404
    assert client.get(f"{PUBLIC}/o/{click(story)}.gif", headers=FIREFOX).status_code == 404


def test_a_number_that_the_send_does_not_have_is_not_found(client: FlaskClient, story: Story) -> None:
    assert client.get(f"{PUBLIC}/c/{click(story)}/9", headers=FIREFOX).status_code == 404


def test_the_pixel_is_one_point_and_counts_an_open(client: FlaskClient, story: Story) -> None:
    answer = client.get(f"{PUBLIC}/o/{tokens.make('open', story.delivery.id)}.gif", headers=FIREFOX)
    assert (answer.status_code, answer.mimetype, len(answer.data)) == (200, "image/gif", 42)
    [event] = events()
    assert (event.kind, event.is_machine) == (EventKind.OPEN, False)


def test_links_answer_on_the_public_origin_alone(client: FlaskClient, story: Story) -> None:
    assert client.get(f"/c/{click(story)}/2", headers=FIREFOX).status_code == 404
