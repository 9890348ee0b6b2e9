"""The wires: TLS wherever it isn't our own machine, and Amazon SES without hidden second tries."""

from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from app.mail import transport
from app.mail.errors import MailDelayed, MailRefused
from app.settings import Settings
from tests.rig.sink import Sink


@pytest.fixture
def message() -> EmailMessage:
    found = EmailMessage()
    found["Subject"] = "Hello"
    found.set_content("Hello")
    return found


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings("s" * 32, "t" * 32, mail_from="post@throughline.example")


def test_a_server_elsewhere_must_offer_tls(
    smtp_sink: Sink, settings: Settings, message: EmailMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_is_loopback", lambda host: False)
    with pytest.raises(MailDelayed, match="offers no TLS"):
        transport.send(replace(settings, mail_transport=smtp_sink.url), message, "a@b.example")
    assert smtp_sink.recipients() == {}


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("mail.example", False)],
)
def test_only_our_own_machine_is_ours(host: str, loopback: bool) -> None:
    assert transport._is_loopback(host) is loopback


class Ses:
    """SES as far as we use it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.sent, self.config = error, [], None  # type: tuple[Exception | None, list[dict[str, Any]], Any]

    def client(self, name: str, region_name: str, endpoint_url: str | None, config: Any) -> "Ses":
        assert (name, region_name, endpoint_url) == ("sesv2", "eu-west-1", None)
        self.config = config
        return self

    def send_email(self, **values: Any) -> None:
        if self.error:
            raise self.error
        self.sent.append(values)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "SendEmail")


def test_ses_gets_the_raw_mail_in_one_try(
    settings: Settings, message: EmailMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ses = Ses()
    monkeypatch.setattr(boto3, "client", ses.client)
    transport.send(replace(settings, mail_transport="ses://eu-west-1"), message, "a@b.example")
    assert ses.config.retries["total_max_attempts"] == 1
    assert ses.sent[0]["Destination"] == {"ToAddresses": ["a@b.example"]}
    assert ses.sent[0]["FromEmailAddress"] == "post@throughline.example"
    assert ses.sent[0]["Content"]["Raw"]["Data"].startswith(b"Subject: Hello")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused("MessageRejected"), MailRefused),
        (refused("TooManyRequestsException"), MailDelayed),
        (refused("LimitExceededException"), MailDelayed),
        (EndpointConnectionError(endpoint_url="https://email.example"), MailDelayed),
    ],
)
def test_ses_says_no_for_good_or_for_now(
    settings: Settings,
    message: EmailMessage,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[Exception],
) -> None:
    monkeypatch.setattr(boto3, "client", Ses(error).client)
    with pytest.raises(kind):
        transport.send(replace(settings, mail_transport="ses://eu-west-1"), message, "a@b.example")
