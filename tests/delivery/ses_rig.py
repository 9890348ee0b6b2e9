"""What the tests of Amazon SES share: a lane driven as the engine drives it, a good mail, and services that end with the test."""

import select
from collections.abc import Iterator

import pytest

from app.delivery.ses import SesLane, SesTransport
from app.delivery.ses_service import Client, Service, Timeouts
from app.delivery.wire import Envelope, Event, Invited, Outcome, Settled
from tests.rig.ses_fake import ACCESS_KEY, SECRET, SesFake

FAST = Timeouts(connect=1, read=0.5, call=3)


def mail(recipient: str = "anna@people.example", body: bytes = b"Hello\r\n") -> Envelope:
    """A mail that SES takes."""
    head = f"From: campaigns@throughline.example\r\nTo: {recipient}\r\nSubject: x\r\nX-Throughline-Delivery: token\r\n\r\n"
    return Envelope("campaigns+t@throughline.example", recipient, head.encode() + body, tag="token")


def until_events(lane: SesLane, seconds: float = 5) -> list[Event]:
    """Wait as the engine's selector does, then take what the lane has to say."""
    assert select.select([lane], [], [], seconds)[0], "the lane rings when the call has ended"
    return lane.advance()


def send(lane: SesLane, envelope: Envelope) -> Outcome:
    """One message, from the announcement to its outcome."""
    assert lane.announce(envelope) == [Invited()]
    assert lane.hand_over(None) == []
    (event,) = until_events(lane)
    assert isinstance(event, Settled)
    return event.outcome


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that the fake knows, and none of this machine's."""
    know(monkeypatch)


def know(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have boto3 find the fake's credentials and nothing else."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        "boto3.DEFAULT_SESSION", None
    )  # it remembers the credentials that it was first asked with


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[SesFake, Client]]:
    """The service, and boto3's client for it, made as the product makes it: once a module, since that takes a while."""
    server = SesFake()
    with pytest.MonkeyPatch.context() as patch:
        know(patch)
        first = Service("eu-west-1", server.url, lanes=4, timeouts=FAST)
        client = first.client
        yield server, client
        first.close()
    server.close()


@pytest.fixture
def fake(running: tuple[SesFake, Client], credentials: None) -> SesFake:
    """The service, as if it had just begun."""
    running[0].clear()
    return running[0]


@pytest.fixture
def service(running: tuple[SesFake, Client], fake: SesFake) -> Iterator[Service]:
    """What this process knows of it."""
    made = Service("eu-west-1", fake.url, lanes=4, timeouts=FAST, client=running[1])
    yield made
    made.close()


@pytest.fixture
def transport(service: Service) -> SesTransport:
    """The transport of one slice."""
    return SesTransport("eu-west-1", service=service, configuration_set="throughline", tags={"send": "17"})


@pytest.fixture
def lane(transport: SesTransport) -> Iterator[SesLane]:
    """One lane."""
    opened = transport.open(lambda: None)
    yield opened
    opened.close()
