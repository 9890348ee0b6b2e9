"""Each field of a good request, changed alone: the fake refuses it as the documented service does, and we draw the right conclusion.

The change is made on the way out, behind our code and before the signature, so that the request is signed and yet wrong.
"""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.delivery.ses import SesLane, SesTransport
from app.delivery.ses_errors import SANDBOX, STOPS
from app.delivery.ses_service import Service
from app.delivery.wire import TransportRefuses, Verdict
from tests.delivery.ses_rig import FAST, credentials, fake, lane, mail, running, send, service, transport
from tests.rig.ses_fake import SesFake

__all__ = ["credentials", "fake", "lane", "running", "service", "transport"]

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def on_the_way(service: Service) -> Iterator[Callable[[str, Callable[..., None]], None]]:
    """Have something done to each SendEmail on its way, until the test is over."""
    events = service.client.meta.events  # type: ignore[attr-defined]
    done: list[tuple[str, Callable[..., None]]] = []

    def register(when: str, what: Callable[..., None]) -> None:
        events.register(f"{when}.sesv2.SendEmail", what)
        done.append((f"{when}.sesv2.SendEmail", what))

    yield register
    for name, what in done:
        events.unregister(name, what)


@pytest.fixture
def change(on_the_way: Callable[[str, Callable[..., None]], None]) -> Callable[[Change], None]:
    """Have the JSON of each SendEmail changed."""

    def register(what: Change) -> None:
        def before_call(params: dict[str, Any], **_: Any) -> None:
            request = json.loads(params["body"])
            what(request)
            params["body"] = json.dumps(request).encode()

        on_the_way("before-call", before_call)

    return register


def put(*path: str, value: Any) -> Change:
    """Set a member, however deep."""

    def apply(request: dict[str, Any]) -> None:
        for name in path[:-1]:
            request = request.setdefault(name, {})
        request[path[-1]] = value

    return apply


def raw(edit: Callable[[bytes], bytes]) -> Change:
    """Change the mail inside."""

    def apply(request: dict[str, Any]) -> None:
        data = base64.b64decode(request["Content"]["Raw"]["Data"])
        request["Content"]["Raw"]["Data"] = base64.b64encode(edit(data)).decode()

    return apply


def replace(old: bytes, new: bytes) -> Change:
    """Change the mail inside by replacing what must be there."""

    def edit(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new)

    return raw(edit)


def test_the_good_request_is_taken(fake: SesFake, lane: SesLane) -> None:
    outcome = send(lane, mail())
    assert outcome.verdict is Verdict.ACCEPTED
    (message,) = fake.accepted
    assert message.recipients == ("anna@people.example",)
    assert message.raw == mail().body
    assert message.tags == {"delivery": "token", "send": "17"}
    assert message.feedback_to == "campaigns+t@throughline.example"


TO = ("Destination", "ToAddresses")
MULTIPART = b'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"'

REJECTED = [
    ("too long a mail", put("Content", "Raw", "Data", value="QUFB" * 1000)),
    ("no header section", raw(lambda data: b"Hello\r\n")),
    ("no From", replace(b"From: campaigns@throughline.example\r\n", b"")),
    ("two From", replace(b"From:", b"From: campaigns@throughline.example\r\nFrom:")),
    ("two Subject", replace(b"Subject:", b"Subject: y\r\nSubject:")),
    ("an empty From", replace(b"From: campaigns@throughline.example", b"From: ")),
    ("a From that is no address", replace(b"From: campaigns@throughline.example", b"From: campaigns")),
    ("From of two people", replace(b"From: ", b"From: other@throughline.example, ")),
    ("a header without a name", replace(b"Subject: x", b": x")),
    ("a header with a space in its name", replace(b"Subject: x", b"Sub ject: x")),
    ("a header outside ASCII", replace(b"Subject: x", "Subject: Grüße".encode())),
    ("a bare line feed in the header", replace(b"Subject: x", b"Subject: x\nX: y")),
    ("a line of 999 characters", replace(b"Hello", b"x" * 999)),
    ("multipart without parts", replace(b"Subject: x", MULTIPART)),
    (
        "multipart without an end",
        replace(b"Subject: x\r\nX-Throughline-Delivery: token\r\n\r\n", MULTIPART + b"\r\n\r\n--b\r\n\r\n"),
    ),
    ("no content", lambda request: request.pop("Content")),
    ("no raw content", put("Content", value={})),
    (
        "two contents",
        put("Content", "Simple", value={"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}),
    ),
    ("no recipients", put("Destination", value={})),
    ("51 recipients", put(*TO, value=[f"p{n}@people.example" for n in range(51)])),
    ("a recipient without @", put(*TO, value=["anna"])),
    ("a recipient without a name", put(*TO, value=["@people.example"])),
    ("a recipient without a top domain", put(*TO, value=["anna@people"])),
    ("a recipient with a space", put(*TO, value=["an na@people.example"])),
    ("a recipient whose name is not ASCII", put(*TO, value=["zoë@people.example"])),
    ("a recipient whose domain is not in Punycode", put(*TO, value=["anna@grüße.example"])),
    ("a name of 65 characters", put(*TO, value=["a" * 65 + "@people.example"])),
    ("a bad copy", put("Destination", "CcAddresses", value=["nobody"])),
    ("a bad blind copy", put("Destination", "BccAddresses", value=["nobody"])),
    ("a bad Reply-To", put("ReplyToAddresses", value=["nobody"])),
    ("a sender that is no address", put("FromEmailAddress", value="nobody")),
    ("a bounce address that is none", put("FeedbackForwardingEmailAddress", value="nobody")),
    ("a sender's ARN that is none", put("FromEmailAddressIdentityArn", value="throughline.example")),
    ("a bounce address's ARN that is none", put("FeedbackForwardingEmailAddressIdentityArn", value="x")),
    ("a tag's name with a space", put("EmailTags", value=[{"Name": "de livery", "Value": "token"}])),
    ("a tag's name of 257 characters", put("EmailTags", value=[{"Name": "d" * 257, "Value": "token"}])),
    ("a tag without a name", put("EmailTags", value=[{"Value": "token"}])),
    ("a tag's value with a dot", put("EmailTags", value=[{"Name": "delivery", "Value": "to.ken"}])),
    ("a tag's value of 257 characters", put("EmailTags", value=[{"Name": "delivery", "Value": "t" * 257}])),
    ("an empty tag", put("EmailTags", value=[{"Name": "delivery", "Value": ""}])),
    ("a configuration set's name with a dot", put("ConfigurationSetName", value="through.line")),
    ("a list without a name", put("ListManagementOptions", value={})),
]


@pytest.mark.parametrize("what", [what for _, what in REJECTED], ids=[name for name, _ in REJECTED])
def test_what_is_wrong_with_the_message_rejects_the_message(
    fake: SesFake, change: Callable[[Change], None], lane: SesLane, what: Change
) -> None:
    fake.account.max_message = 2000
    change(what)
    outcome = send(lane, mail())
    assert (outcome.verdict, outcome.stop) == (Verdict.REJECTED, "")
    assert outcome.reply.startswith("400 BadRequestException")
    assert not fake.accepted


UNVERIFIED = [
    (
        "the From header",
        replace(b"From: campaigns@throughline.example", b"From: campaigns@elsewhere.example"),
    ),
    ("a Sender header", replace(b"Subject: x", b"Sender: x@elsewhere.example\r\nSubject: x")),
    ("a Return-Path header", replace(b"Subject: x", b"Return-Path: <x@elsewhere.example>\r\nSubject: x")),
    ("the sender", put("FromEmailAddress", value="campaigns@elsewhere.example")),
    ("the bounce address", put("FeedbackForwardingEmailAddress", value="campaigns@elsewhere.example")),
]


@pytest.mark.parametrize("what", [what for _, what in UNVERIFIED], ids=[name for name, _ in UNVERIFIED])
def test_an_address_of_ours_that_is_not_verified_pauses_the_campaign(
    fake: SesFake, change: Callable[[Change], None], lane: SesLane, what: Change
) -> None:
    change(what)
    outcome = send(lane, mail())
    assert (outcome.verdict, outcome.is_fault) == (Verdict.LATER, False), "no recipient is to blame"
    assert outcome.stop == "Amazon SES has not verified the sender."
    assert "@" not in outcome.reply, "no address in what is kept"
    assert not fake.accepted


UNKNOWN = [
    ("a configuration set", put("ConfigurationSetName", value="elsewhere")),
    ("a contact list", put("ListManagementOptions", value={"ContactListName": "elsewhere"})),
    ("a tenant", put("TenantName", value="elsewhere")),
]


@pytest.mark.parametrize("what", [what for _, what in UNKNOWN], ids=[name for name, _ in UNKNOWN])
def test_a_name_that_the_service_does_not_know_pauses_the_campaign(
    fake: SesFake, change: Callable[[Change], None], lane: SesLane, what: Change
) -> None:
    change(what)
    outcome = send(lane, mail())
    assert (outcome.verdict, outcome.is_fault) == (Verdict.LATER, False)
    assert outcome.stop == STOPS["NotFoundException"]
    assert not fake.accepted


MALFORMED = [
    ("data that is no base64", put("Content", "Raw", "Data", value="not base64!")),
    ("data that is no text", put("Content", "Raw", "Data", value=7)),
    ("content that is no structure", put("Content", value="x")),
    ("a destination that is no structure", put("Destination", value="anna@people.example")),
    ("a recipient that is no text", put(*TO, value=[7])),
]


@pytest.mark.parametrize("what", [what for _, what in MALFORMED], ids=[name for name, _ in MALFORMED])
def test_a_request_that_cannot_be_read_is_certainly_not_taken(
    fake: SesFake, change: Callable[[Change], None], lane: SesLane, what: Change
) -> None:
    change(what)
    outcome = send(lane, mail())
    assert (outcome.verdict, outcome.is_fault, outcome.stop) == (Verdict.LATER, True, "")
    assert outcome.reply.startswith("400 SerializationException")
    assert not fake.accepted


def test_the_simulator_and_verified_people_get_mail_in_the_sandbox(fake: SesFake, lane: SesLane) -> None:
    fake.account.is_in_production = False
    assert send(lane, mail("success@simulator.amazonses.com")).verdict is Verdict.ACCEPTED
    assert send(lane, mail("maya@throughline.example")).verdict is Verdict.ACCEPTED
    outcome = send(lane, mail("anna@people.example"))
    assert (outcome.verdict, outcome.is_fault, outcome.stop) == (Verdict.LATER, False, SANDBOX)
    assert "anna" not in outcome.reply


HEADERS = [
    ("no signature", "Authorization", None, STOPS["MissingAuthenticationTokenException"]),
    ("a half signature", "Authorization", "AWS4-HMAC-SHA256 Credential=x", STOPS["IncompleteSignature"]),
    ("another moment", "X-Amz-Date", "20200101T000000Z", STOPS["RequestExpired"]),
]


@pytest.mark.parametrize(
    ("header", "value", "stop"), [row[1:] for row in HEADERS], ids=[row[0] for row in HEADERS]
)
def test_a_request_that_is_not_signed_as_it_must_be_pauses_the_campaign(
    fake: SesFake,
    on_the_way: Callable[[str, Callable[..., None]], None],
    lane: SesLane,
    header: str,
    value: str | None,
    stop: str,
) -> None:
    def before_send(request: Any, **_: Any) -> None:
        del request.headers[header]
        if value is not None:
            request.headers[header] = value

    on_the_way("before-send", before_send)
    outcome = send(lane, mail())
    assert (outcome.verdict, outcome.is_fault, outcome.stop) == (Verdict.LATER, False, stop)
    assert not fake.accepted


@pytest.mark.parametrize(
    ("name", "value", "stop"),
    [
        ("AWS_SECRET_ACCESS_KEY", "another", STOPS["InvalidSignatureException"]),
        ("AWS_ACCESS_KEY_ID", "AKIANOBODY", STOPS["UnrecognizedClientException"]),
    ],
)
def test_wrong_credentials_are_told_before_anything_is_sent(
    fake: SesFake, monkeypatch: pytest.MonkeyPatch, name: str, value: str, stop: str
) -> None:
    monkeypatch.setenv(name, value)
    service = Service("eu-west-1", fake.url, timeouts=FAST)
    try:
        transport = SesTransport("eu-west-1", service=service)
        with pytest.raises(TransportRefuses, match=stop):
            transport.open(lambda: None)
        assert transport.rate() is None
        outcome = transport.call(mail())
        assert (outcome.verdict, outcome.is_fault, outcome.stop) == (Verdict.LATER, False, stop)
    finally:
        service.close()
    assert not fake.accepted


def test_another_region_is_not_ours(fake: SesFake) -> None:
    fake.account.region = "us-east-1"
    service = Service("eu-west-1", fake.url, timeouts=FAST)
    outcome = SesTransport("eu-west-1", service=service).call(mail())
    service.close()
    assert outcome.stop == STOPS["InvalidSignatureException"]
