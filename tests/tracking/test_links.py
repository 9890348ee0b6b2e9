"""Links and the pixel as mails carry them: recorded before they are answered, led only to stored rows."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update

from app import clock, tokens
from app.attribution.records import TouchKind, Touchpoint
from app.campaigns.models import Campaign
from app.db import db
from app.delivery import expand
from app.delivery.models import Delivery, DeliveryState, Link, Send
from app.tracking.answers import Visit, tracker
from app.tracking.jobs import drain_spool
from app.tracking.models import EventKind, TrackedEvent
from app.tracking.queries import clicks, clicks_by_hour
from tests.delivery import made
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
PUBLIC = "http://127.0.0.1:8000"


@pytest.fixture
def send(app: Flask, cast: Cast) -> Send:
    """Anna and Dora agreed to be noted one by one, Bram did not; all three got the mail an hour ago."""
    send = made.send(cast, ["anna", "bram", "dora"], tracked=["anna", "dora"])
    db.session.add(
        Link(
            send_id=send.id,
            number=3,
            kind="url",
            url="https://northwind.example/third",
            partner_id=send.partner_id,
            vendor_id=send.vendor_id,
        )
    )
    db.session.commit()
    expand.expand(db.engine, send.id)
    hour_ago = clock.now() - timedelta(hours=1)
    db.session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED, decided_at=hour_ago))
    db.session.commit()
    return send


def link(send: Send, local: str, number: int) -> str:
    """The address in this person's mail."""
    row = made.delivery(send.id, local)
    token = tokens.make("click", row.id) if row.tracked else tokens.make("rendering", row.rendering_id)
    return f"/c/{token}/{number}"


def number_of(send: Send, kind: str) -> int:
    return (
        db.session.scalars(
            select(Link.number).where(Link.send_id == send.id, Link.kind == kind).order_by(Link.number)
        ).first()
        or 0
    )


def events() -> list[TrackedEvent]:
    """What is on record, after what the requests noted has been moved there."""
    db.session.rollback()
    drain_spool()
    return list(db.session.scalars(select(TrackedEvent).order_by(TrackedEvent.id)))


def test_a_click_is_recorded_and_led_to_the_stored_row(client: FlaskClient, send: Send) -> None:
    answer = client.get(link(send, "anna", number_of(send, "url")), base_url=PUBLIC, headers=FIREFOX)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://northwind.example/facts"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    event = events()[0]
    assert (event.kind, event.is_machine) == (EventKind.CLICK, False)
    assert event.contact_id == made.delivery(send.id, "anna").contact_id
    touch = db.session.scalars(select(Touchpoint)).one()
    assert (touch.kind, touch.source_id) == (TouchKind.CLICKED, event.id)


def test_the_landing_page_learns_who_came(client: FlaskClient, send: Send) -> None:
    path = link(send, "anna", number_of(send, "landing"))
    token = path.split("/")[2]
    answer = client.get(path, base_url=PUBLIC, headers=FIREFOX)
    assert answer.headers["Location"] == f"http://127.0.0.1:8000/p/page?t={token}"


def test_without_consent_the_click_counts_and_the_person_stays_unknown(
    client: FlaskClient, send: Send
) -> None:
    client.get(link(send, "bram", number_of(send, "url")), base_url=PUBLIC, headers=FIREFOX)
    [event] = events()
    assert (event.contact_id, event.delivery_id, event.is_machine) == (None, None, False)
    assert db.session.scalars(select(Touchpoint)).all() == []


@pytest.mark.parametrize("token", ["x", "A" * 32, ""])
@pytest.mark.parametrize("path", ["/c/{}/1", "/o/{}.gif"])
def test_a_forged_token_is_not_found_and_records_nothing(
    client: FlaskClient, send: Send, token: str, path: str
) -> None:
    assert client.get(path.format(token or "-"), base_url=PUBLIC, headers=FIREFOX).status_code == 404
    assert events() == []


def test_a_token_of_another_purpose_opens_nothing(client: FlaskClient, send: Send) -> None:
    row = made.delivery(send.id, "anna")
    assert client.get(f"/c/{tokens.make('unsubscribe', row.id)}/1", base_url=PUBLIC).status_code == 404
    assert client.get(f"/o/{tokens.make('click', row.id)}.gif", base_url=PUBLIC).status_code == 404


def test_the_request_cannot_choose_where_it_leads(client: FlaskClient, send: Send) -> None:
    path = link(send, "anna", number_of(send, "url")) + "?url=https://evil.example&next=//evil.example"
    assert "evil" not in client.get(path, base_url=PUBLIC, headers=FIREFOX).headers["Location"]
    assert client.get(link(send, "anna", 99), base_url=PUBLIC, headers=FIREFOX).status_code == 404


def test_the_signed_in_origin_serves_no_tracking(client: FlaskClient, send: Send) -> None:
    assert (
        client.get(link(send, "anna", 1), base_url="http://localhost:8000", headers=FIREFOX).status_code
        == 404
    )
    assert events() == []


def test_a_head_request_is_a_machine_s(client: FlaskClient, send: Send) -> None:
    client.head(link(send, "anna", number_of(send, "url")), base_url=PUBLIC, headers=FIREFOX)
    event = events()[0]
    assert (event.is_machine, event.reason) == (True, "asked for the head only")
    assert db.session.scalars(select(Touchpoint)).all() == []


def test_a_click_right_after_delivery_is_a_scanner_s(client: FlaskClient, send: Send) -> None:
    db.session.execute(update(Delivery).values(decided_at=clock.now()))
    db.session.commit()
    client.get(link(send, "anna", number_of(send, "url")), base_url=PUBLIC, headers=FIREFOX)
    assert events()[0].reason == "within 2 seconds of delivery"


def test_a_burst_takes_back_the_touches_of_its_first_clicks(client: FlaskClient, send: Send) -> None:
    for number in (number_of(send, "landing"), number_of(send, "url"), 3):
        client.get(link(send, "anna", number), base_url=PUBLIC, headers=FIREFOX)
    assert {event.reason for event in events()} == {"3 links within 2 seconds"}
    assert db.session.scalars(select(Touchpoint)).all() == []


def test_the_pixel_is_answered_and_recorded(client: FlaskClient, send: Send) -> None:
    row = made.delivery(send.id, "anna")
    answer = client.get(f"/o/{tokens.make('open', row.id)}.gif", base_url=PUBLIC, headers=FIREFOX)
    assert answer.mimetype == "image/gif"
    assert answer.data.startswith(b"GIF89a")
    assert [event.kind for event in events()] == [EventKind.OPEN]


def test_a_click_settles_an_uncertain_message(client: FlaskClient, send: Send) -> None:
    db.session.execute(update(Delivery).values(state=DeliveryState.UNCERTAIN))
    db.session.commit()
    client.get(link(send, "anna", number_of(send, "url")), base_url=PUBLIC, headers=FIREFOX)
    assert len(events()) == 1
    assert made.delivery(send.id, "anna").state is DeliveryState.ACCEPTED
    assert made.delivery(send.id, "dora").state is DeliveryState.UNCERTAIN


def test_people_are_counted_once_and_machines_apart(client: FlaskClient, send: Send) -> None:
    url = number_of(send, "url")
    for local in ("anna", "anna", "dora", "bram"):
        client.get(link(send, local, url), base_url=PUBLIC, headers=FIREFOX)
    client.get(link(send, "dora", url), base_url=PUBLIC, headers={"User-Agent": "curl/8"})
    assert len(events()) == 5
    campaign = db.session.get_one(Campaign, send.campaign_id)
    counted = clicks(campaign)
    assert (counted.people, counted.unnamed, counted.machines) == (2, 1, 1)
    campaign.launched_at = clock.now()
    assert sum(hour.people for hour in clicks_by_hour(campaign)) == 4
    assert sum(hour.machines for hour in clicks_by_hour(campaign)) == 1


def test_of_many_links_of_a_send_only_the_first_asks_the_database(app: Flask, send: Send) -> None:
    asked = tracker()
    paths = [link(send, local, number_of(send, "url")).split("/") for local in ("anna", "dora", "bram")]
    visit = Visit("GET", FIREFOX["User-Agent"])
    statements: list[str] = []

    def executed(*given: object) -> None:
        statements.append(str(given[2]))

    event.listen(db.engine, "before_cursor_execute", executed)
    for _, _, token, number in paths:
        asked.load_click(token, int(number))
    first = len(statements)
    for _, _, token, number in paths:
        asked.load_click(token, int(number))
        assert asked.click(token, int(number), visit) is not None
    event.remove(db.engine, "before_cursor_execute", executed)
    assert (first, len(statements)) == (3, 3)  # Anna's mail with Dora's, the rendering of Bram's, the link
