"""Amazon SES: the plain path against moto, and every kind of error against what it means for the mail."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from moto import mock_aws

from app.delivery.ses import SesTransport
from app.delivery.wire import Envelope, Verdict

MAIL = Envelope(
    "campaigns+t@throughline.example",
    "anna@people.example",
    b"From: campaigns@throughline.example\r\nTo: anna@people.example\r\nSubject: x\r\n\r\nHello\r\n",
    tag="token",
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An SES of moto's with our sender verified."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        boto3.client("ses", region_name="eu-west-1").verify_email_identity(
            EmailAddress="campaigns@throughline.example"
        )
        yield


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_mail_goes_out_as_it_was_written(aws: None) -> None:
    from moto.ses.models import ses_backends

    lane = SesTransport("eu-west-1").open(lambda: None)
    assert lane.offer(MAIL) is None
    assert lane.push(MAIL) is None
    outcome = lane.settle()
    assert outcome.verdict is Verdict.ACCEPTED
    assert outcome.reply.startswith("SES ")
    sent = next(iter(ses_backends.values()))["eu-west-1"].sent_messages
    assert [set(message.destinations) for message in sent] == [
        {"anna@people.example"}
    ]  # moto also adds the To header's


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_botocore_makes_one_attempt_and_no_more(aws: None) -> None:
    lane = SesTransport("eu-west-1").open(lambda: None)
    assert lane.client.meta.config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]


class Failing:
    """A client whose every call fails in the given way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def send_email(self, **_arguments: Any) -> dict[str, Any]:
        raise self.error


def said(code: str, message: str = "", status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "SendEmail",
    )  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("error", "verdict", "is_fault", "stops"),
    [
        (
            said("TooManyRequestsException", "Maximum sending rate exceeded.", 429),
            Verdict.LATER,
            False,
            False,
        ),
        (said("ThrottlingException", "Maximum sending rate exceeded."), Verdict.LATER, False, False),
        (said("ThrottlingException", "Daily message quota exceeded."), Verdict.LATER, False, True),
        (said("SendingPausedException"), Verdict.LATER, False, True),
        (said("AccountSuspendedException"), Verdict.LATER, False, True),
        (said("MailFromDomainNotVerifiedException"), Verdict.LATER, False, True),
        (said("UnrecognizedClientException", status=403), Verdict.LATER, False, True),
        (said("MessageRejected", "Email address is not verified."), Verdict.LATER, False, True),
        (said("MessageRejected", "Illegal content."), Verdict.REJECTED, True, False),
        (said("BadRequestException"), Verdict.REJECTED, True, False),
        (said("InternalFailure", status=500), Verdict.UNCERTAIN, True, False),
        (said("ServiceUnavailable", status=503), Verdict.UNCERTAIN, True, False),
        (ReadTimeoutError(endpoint_url="https://email"), Verdict.UNCERTAIN, True, False),
        (ConnectTimeoutError(endpoint_url="https://email"), Verdict.LATER, True, False),
        (EndpointConnectionError(endpoint_url="https://email"), Verdict.LATER, True, False),
        (NoCredentialsError(), Verdict.LATER, False, True),
    ],
)
def test_each_error_and_what_it_means(
    error: Exception, verdict: Verdict, is_fault: bool, stops: bool
) -> None:
    lane = SesTransport("eu-west-1", Failing(error)).open(lambda: None)
    assert lane.offer(MAIL) is None
    assert lane.push(MAIL) is None
    outcome = lane.settle()
    assert (outcome.verdict, outcome.is_fault, bool(outcome.stop)) == (verdict, is_fault, stops)
