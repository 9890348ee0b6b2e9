"""Messages of Amazon SNS are believed only when everything about them holds; each thing that is wrong alone is 403 and changes nothing."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.db import db
from app.delivery.models import Delivery, DeliveryState
from app.delivery.records import Came, Source
from app.delivery.returned import sns
from tests.outbound.web import answer, to
from tests.returned import mails, sns_fake
from tests.returned.conftest import Sent
from tests.returned.sns_fake import HOST, PEM, TOPIC, URL, Sns, stamp
from tests.returned.state import fresh, kept, noes, nothing_changed

HOOK = "http://127.0.0.1:8000/hooks/ses"


@pytest.fixture(scope="module")
def overrides() -> dict[str, Any]:
    return {"ses_topics": (TOPIC,)}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Sns]:
    with sns_fake.running(tmp_path) as found:
        yield found


def post(client: FlaskClient, told: object) -> TestResponse:
    raw = told if isinstance(told, bytes) else json.dumps(told).encode()
    response = client.post(HOOK, data=raw, content_type="text/plain; charset=UTF-8")
    assert isinstance(response, TestResponse)
    return response


def bounce(row: Delivery, kind: str = "Permanent", sub: str = "General", said: str = "") -> dict[str, Any]:
    """A bounce as event publishing tells it."""
    return {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": sub,
            "bouncedRecipients": [
                {
                    "emailAddress": "sanne@vandijk.example",
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": said or "smtp; 550 5.1.1 <sanne@vandijk.example>: user unknown",
                }
            ],
            "timestamp": stamp(),
        },
        "mail": {
            "messageId": "0100-ses",
            "destination": ["sanne@vandijk.example"],
            "tags": {"delivery": [mails.token(row)]},
        },
    }


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_bounce_stops_mail_to_the_address(
    client: FlaskClient, sent: Sent, service: Sns, version: str
) -> None:
    response = post(client, service.event(bounce(sent.to_sanne), version=version))
    assert (response.status_code, response.text) == (200, "heard\n")
    (row,) = kept()
    assert (row.kind, row.source, row.status) == (Came.HARD, Source.SNS, "5.1.1")
    assert "@" not in row.words
    assert noes(sent.sanne) == {("partner", "bounce")}
    assert noes(sent.gert) == set()


def test_the_same_message_again_changes_nothing_and_the_certificate_is_asked_for_once(
    client: FlaskClient, sent: Sent, service: Sns
) -> None:
    told = service.event(bounce(sent.to_sanne))
    assert [post(client, told).text for _ in range(3)] == ["heard\n", "again\n", "again\n"]
    assert len(kept()) == 1
    assert [asked for asked, _ in service.server.asked] == [f"GET {PEM}"]


def _other(told: dict[str, str], name: str) -> str:
    value = told[name]
    return {
        "Type": "SubscriptionConfirmation",
        "Timestamp": stamp(timedelta(minutes=10)),
        "SignatureVersion": "1",
        "TopicArn": TOPIC + "2",
        "SigningCertURL": URL.replace("0123", "3210"),
    }.get(name, ("B" if value[0] != "B" else "C") + value[1:])


@pytest.mark.parametrize(
    "name",
    [
        "Type",
        "MessageId",
        "TopicArn",
        "Message",
        "Timestamp",
        "Signature",
        "SignatureVersion",
        "SigningCertURL",
    ],
)
@pytest.mark.parametrize("how", ["changed", "missing", "no text"])
def test_each_field_that_is_not_as_it_was_signed_is_refused(
    client: FlaskClient, sent: Sent, service: Sns, name: str, how: str
) -> None:
    told: dict[str, Any] = service.event(bounce(sent.to_sanne))
    if how == "changed":
        told[name] = _other(told, name)
    elif how == "missing":
        del told[name]
    else:
        told[name] = 7
    assert post(client, told).status_code == 403
    assert nothing_changed()


@pytest.mark.parametrize("subject", ["added", ""])
def test_a_subject_that_was_not_signed_is_refused(
    client: FlaskClient, sent: Sent, service: Sns, subject: str
) -> None:
    told = {**service.event(bounce(sent.to_sanne)), "Subject": subject}
    assert post(client, told).status_code == 403
    assert nothing_changed()
    assert post(client, service.signed(told)).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        f"https://{HOST}.evil.example{PEM}",
        f"https://evil.example/{HOST}{PEM}",
        f"https://sns.eu-west-2.amazonaws.com{PEM}",
        f"https://s3.eu-west-1.amazonaws.com{PEM}",
        f"https://{HOST}:8443{PEM}",
        f"https://{HOST}:443{PEM}",
        f"https://evil.example@{HOST}{PEM}",
        f"https://{HOST}@evil.example{PEM}",
        f"https://{HOST}\\@evil.example{PEM}",
        f"https://{HOST}{PEM}?x=1",
        f"https://{HOST}{PEM}#x",
        f"https://{HOST}/x/../{PEM}",
        f"https://{HOST}/key.txt",
        f"https://{HOST.upper()}{PEM}",
        "https://[::1/x.pem",
        "",
    ],
)
def test_a_certificate_anywhere_else_is_refused_and_not_asked_for(
    client: FlaskClient, sent: Sent, service: Sns, url: str
) -> None:
    told = service.signed({**service.event(bounce(sent.to_sanne)), "SigningCertURL": url})
    assert post(client, told).status_code == 403
    assert not service.server.asked
    assert nothing_changed()


@pytest.mark.parametrize("ago", [timedelta(minutes=75), timedelta(days=400), timedelta(minutes=-10)])
def test_a_message_of_another_time_is_refused(
    client: FlaskClient, sent: Sent, service: Sns, ago: timedelta
) -> None:
    told = service.signed({**service.event(bounce(sent.to_sanne)), "Timestamp": stamp(ago)})
    assert post(client, told).status_code == 403
    assert nothing_changed()


@pytest.mark.parametrize(
    "topic", [TOPIC.replace("1234", "4321"), TOPIC.replace("eu-west-1", "us-east-1"), "", "bounces"]
)
def test_a_topic_of_somebody_else_is_refused_though_amazon_signed_it(
    client: FlaskClient, sent: Sent, service: Sns, topic: str
) -> None:
    told = service.signed({**service.event(bounce(sent.to_sanne)), "TopicArn": topic})
    assert post(client, told).status_code == 403
    assert nothing_changed()


def test_another_key_and_a_certificate_that_ran_out_are_refused(
    client: FlaskClient, sent: Sent, service: Sns
) -> None:
    stranger = Sns(
        service.server, rsa.generate_private_key(public_exponent=65537, key_size=2048), service.client
    )
    assert post(client, stranger.event(bounce(sent.to_sanne))).status_code == 403
    old = "/SimpleNotificationService-old.pem"
    service.server.paths[old] = answer(200, sns_fake.pem_of(service.key, days=-1))
    service.server.paths["/moved.pem"] = to(URL)
    service.server.paths["/words.pem"] = answer(200, b"no certificate")
    for path in (old, "/moved.pem", "/words.pem", "/none.pem"):
        told = service.signed(
            {**service.event(bounce(sent.to_sanne)), "SigningCertURL": f"https://{HOST}{path}"}
        )
        assert post(client, told).status_code == 403, path
    assert nothing_changed()


def test_while_the_certificate_cannot_be_fetched_sns_is_asked_to_try_again(
    client: FlaskClient, sent: Sent, service: Sns
) -> None:
    service.server.paths[PEM] = answer(500)
    told = service.event(bounce(sent.to_sanne))
    assert post(client, told).status_code == 503
    assert nothing_changed()


def test_certificates_are_not_asked_for_without_end(client: FlaskClient, sent: Sent, service: Sns) -> None:
    codes = []
    for number in range(25):
        url = f"https://{HOST}/x{number}.pem"
        codes.append(
            post(
                client, service.signed({**service.event(bounce(sent.to_sanne)), "SigningCertURL": url})
            ).status_code
        )
    assert codes == [403] * 20 + [503] * 5


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'"x"', b"\xff\xfe", b"[" * 100_000, b"x" * (sns.MOST_BYTES + 1)]
)
def test_what_is_no_message_is_refused(client: FlaskClient, sent: Sent, service: Sns, raw: bytes) -> None:
    assert post(client, raw).status_code == 403
    assert nothing_changed()


def test_a_subscription_of_an_allowed_topic_is_confirmed(
    client: FlaskClient, sent: Sent, service: Sns
) -> None:
    told = service.message("SubscriptionConfirmation")
    path = told["SubscribeURL"].removeprefix(f"https://{HOST}")
    service.server.paths[path] = answer(200, b"<ok/>")
    response = post(client, told)
    assert (response.status_code, response.text) == (200, "confirmed\n")
    assert [asked for asked, _ in service.server.asked] == [f"GET {PEM}", f"GET {path}"]
    assert nothing_changed()


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=1",
        f"https://evil.example/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=1",
        f"https://{HOST}/?Action=DeleteTopic&TopicArn={TOPIC}",
        f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}2&Token=1",
        f"https://{HOST}/x?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=1",
    ],
)
def test_a_subscription_that_leads_elsewhere_is_refused_though_it_is_signed(
    client: FlaskClient, sent: Sent, service: Sns, url: str
) -> None:
    assert post(client, service.message("SubscriptionConfirmation", SubscribeURL=url)).status_code == 403
    assert not service.server.asked


@pytest.mark.parametrize("name", ["SubscribeURL", "Token", "MessageId", "Message", "TopicArn"])
def test_a_confirmation_that_is_not_as_it_was_signed_is_refused(
    client: FlaskClient, sent: Sent, service: Sns, name: str
) -> None:
    told = service.message("SubscriptionConfirmation")
    told[name] += "2"
    assert post(client, told).status_code == 403
    assert not [asked for asked, _ in service.server.asked if "Confirm" in asked]


def test_the_end_of_a_subscription_is_noted_and_changes_nothing(
    client: FlaskClient, sent: Sent, service: Sns
) -> None:
    assert post(client, service.message("UnsubscribeConfirmation")).status_code == 200
    assert nothing_changed()


@pytest.mark.parametrize(
    ("kind", "sub", "came", "cause"),
    [
        ("Permanent", "NoEmail", Came.HARD, "no-mailbox"),
        ("Permanent", "Suppressed", Came.HARD, "no-mailbox"),
        ("Permanent", "OnAccountSuppressionList", Came.HARD, "no-mailbox"),
        ("Transient", "MailboxFull", Came.SOFT, "full"),
        ("Transient", "MessageTooLarge", Came.SOFT, "size"),
        ("Transient", "ContentRejected", Came.SOFT, "content"),
        ("Transient", "General", Came.SOFT, "no-mailbox"),
        ("Undetermined", "Undetermined", Came.SOFT, "no-mailbox"),
    ],
)
@pytest.mark.parametrize("named", ["eventType", "notificationType"])
def test_the_kinds_of_bounces_as_ses_documents_them(
    client: FlaskClient, sent: Sent, service: Sns, kind: str, sub: str, came: Came, cause: str, named: str
) -> None:
    event = bounce(sent.to_sanne, kind, sub)
    event[named] = event.pop("eventType")
    assert post(client, service.event(event)).status_code == 200
    assert [(row.kind, row.cause) for row in kept()] == [(came, cause)]
    assert bool(noes(sent.sanne)) is (came is Came.HARD)


def test_a_complaint_counts_for_partner_and_vendor(client: FlaskClient, sent: Sent, service: Sns) -> None:
    event = {
        **bounce(sent.to_sanne),
        "eventType": "Complaint",
        "complaint": {"complaintFeedbackType": "abuse"},
    }
    assert post(client, service.event(event)).status_code == 200
    assert noes(sent.sanne) == {("partner", "complaint"), ("vendor", "complaint")}


@pytest.mark.parametrize(
    ("event", "becomes", "rows"),
    [
        ({"eventType": "Delivery", "delivery": {"smtpResponse": "250 ok"}}, DeliveryState.ACCEPTED, 1),
        ({"eventType": "Reject", "reject": {"reason": "Bad content"}}, DeliveryState.REJECTED, 1),
        ({"eventType": "Rendering Failure", "failure": {"errorMessage": "x"}}, DeliveryState.REJECTED, 1),
        (
            {"eventType": "DeliveryDelay", "deliveryDelay": {"delayType": "General"}},
            DeliveryState.ACCEPTED,
            1,
        ),
        ({"eventType": "Open", "open": {}}, DeliveryState.UNCERTAIN, 0),
        ({"eventType": ["Bounce"]}, DeliveryState.UNCERTAIN, 0),
        ({}, DeliveryState.UNCERTAIN, 0),
    ],
)
def test_events_settle_an_uncertain_message(
    client: FlaskClient, sent: Sent, service: Sns, event: dict[str, Any], becomes: DeliveryState, rows: int
) -> None:
    db.session.execute(
        update(Delivery).where(Delivery.id == sent.to_sanne.id).values(state=DeliveryState.UNCERTAIN)
    )
    told = {**bounce(sent.to_sanne), "eventType": None, **event}
    assert post(client, service.event(told)).status_code == 200
    assert fresh(sent.to_sanne).state is becomes
    assert len(kept()) == rows
    assert noes(sent.sanne) == set()


def test_that_an_accepted_mail_was_delivered_is_no_news(
    client: FlaskClient, sent: Sent, service: Sns
) -> None:
    told = {**bounce(sent.to_sanne), "eventType": "Delivery", "delivery": {}}
    assert post(client, service.event(told)).text == "ignored\n"
    assert nothing_changed()


def test_the_message_is_found_by_its_header_and_by_the_id_that_ses_gave_it(
    client: FlaskClient, sent: Sent, service: Sns
) -> None:
    by_header = bounce(sent.to_gert)
    by_header["mail"] = {"headers": [{"name": "X-Throughline-Delivery", "value": mails.token(sent.to_gert)}]}
    by_id = bounce(sent.to_sanne)
    del by_id["mail"]["tags"]
    db.session.execute(update(Delivery).where(Delivery.id == sent.to_sanne.id).values(reply="SES 0100-ses"))
    db.session.commit()
    assert post(client, service.event(by_header, 1)).text == "heard\n"
    assert post(client, service.event(by_id, 2)).text == "heard\n"
    assert {row.delivery_id for row in kept()} == {sent.to_sanne.id, sent.to_gert.id}


@pytest.mark.parametrize(
    "mail",
    [
        {},
        {"tags": {"delivery": ["A" * 32]}},
        {"tags": 1, "headers": [1]},
        None,
        {"messageId": "0100-ses", "destination": ["gert@vandijk.example"]},
    ],
)
def test_an_event_about_no_message_of_ours_is_kept_for_nobody(
    client: FlaskClient, sent: Sent, service: Sns, mail: Any
) -> None:
    told = {**bounce(sent.to_sanne), "mail": mail}
    assert post(client, service.event(told)).text == "unmatched\n"
    assert [(row.partner_id, row.delivery_id) for row in kept()] == [(None, None)]
    assert noes(sent.sanne) == noes(sent.gert) == set()


def test_the_address_is_on_the_public_origin_only(client: FlaskClient, sent: Sent) -> None:
    assert client.post("/hooks/ses", data=b"{}").status_code == 404
