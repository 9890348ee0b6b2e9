"""Amazon SES v2: the finished mail goes out as raw bytes over boto3, one attempt and no hidden retry.

SES has no moment before which nothing is accepted, so whatever is neither a clear yes nor a clear no is uncertain.
"""

from typing import Any, Protocol

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from app.delivery.wire import Envelope, Form, Outcome, Tick, Verdict
from app.lazy import lazy

# Errors that say something about the account, not about this mail: a person must act, so the campaign pauses.
_STOPS = {
    "SendingPausedException": "Amazon SES has paused sending for this account.",
    "AccountSuspendedException": "Amazon SES has suspended this account.",
    "MailFromDomainNotVerifiedException": "Amazon SES has not verified the sender’s domain.",
    "AccessDeniedException": "Amazon SES refuses our credentials.",
    "UnrecognizedClientException": "Amazon SES refuses our credentials.",
    "InvalidClientTokenId": "Amazon SES refuses our credentials.",
    "SignatureDoesNotMatch": "Amazon SES refuses our credentials.",
    "ExpiredTokenException": "Our credentials for Amazon SES have run out.",
    "NotFoundException": "Amazon SES doesn’t know the sender or the configuration set.",
}
_THROTTLES = frozenset(
    {"TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"}
)
_REFUSALS = frozenset({"MessageRejected", "BadRequestException"})

boto3 = lazy("boto3")


class SesClient(Protocol):
    """The one call we make."""

    def send_email(self, **arguments: Any) -> dict[str, Any]:
        """SES v2 SendEmail."""


class SesTransport:
    """Lanes of one region. `client` replaces boto3's in tests."""

    def __init__(self, region: str, client: SesClient | None = None) -> None:
        self.region = region
        self._client = client

    def open(self, tick: Tick) -> "SesLane":
        """A lane; boto3's client is made once and pools its connections."""
        if self._client is None:
            config = Config(
                retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=5, read_timeout=10
            )
            self._client = boto3.client("sesv2", region_name=self.region, config=config)
        return SesLane(self._client)


class SesLane:
    """One call at a time. Nothing happens before `push`, and `push` only keeps the mail: the call itself gives the answer."""

    form: Form = "qp"  # SES may re-encode 8-bit mail on its way, which breaks nothing but surprises
    is_open = True

    def __init__(self, client: SesClient) -> None:
        self.client = client
        self._pushed: Envelope | None = None

    def offer(self, envelope: Envelope) -> Outcome | None:
        """SES can't be asked beforehand."""
        return None

    def push(self, envelope: Envelope) -> Outcome | None:
        """Keep the mail for the call."""
        self._pushed = envelope
        return None

    def settle(self) -> Outcome:
        """Make the call and read its answer."""
        envelope, self._pushed = self._pushed, None
        if envelope is None:
            return Outcome(Verdict.LATER, "Nothing was handed over", is_fault=False)
        try:
            # Without FromEmailAddress SES takes the From header; the tag comes back in its events, which replace VERP.
            answer = self.client.send_email(
                Destination={"ToAddresses": [envelope.recipient]},
                Content={"Raw": {"Data": envelope.body}},
                EmailTags=[{"Name": "delivery", "Value": envelope.tag}],
            )
        except ClientError as error:
            return of_client_error(error)
        except (NoCredentialsError, PartialCredentialsError):
            why = "There are no credentials for Amazon SES."
            return Outcome(Verdict.LATER, "Amazon SES was not asked", is_fault=False, stop=why)
        except (ConnectTimeoutError, EndpointConnectionError, ParamValidationError) as error:
            return Outcome(Verdict.LATER, "Amazon SES could not be reached", type(error).__name__)
        except BotoCoreError as error:
            return Outcome(
                Verdict.UNCERTAIN, "The line to Amazon SES broke before it answered", type(error).__name__
            )
        if not answer.get("MessageId"):
            return Outcome(Verdict.UNCERTAIN, "Amazon SES answered without a message id")
        return Outcome(Verdict.ACCEPTED, "", f"SES {answer['MessageId']}")

    def drop(self) -> None:
        """Nothing was handed over."""
        self._pushed = None

    def close(self) -> None:
        """boto3 keeps its own connections."""


def of_client_error(error: ClientError) -> Outcome:
    """What an error of the service means for the mail. Source: SES v2 API reference, SendEmail and common errors."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = str(error.response.get("Error", {}).get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _THROTTLES:
        if "quota" in message.lower():
            stop = "Amazon SES: today’s quota of messages is used up."
            return Outcome(Verdict.LATER, "The day’s quota is used up", code, is_fault=False, stop=stop)
        return Outcome(Verdict.LATER, "Amazon SES asks us to slow down", code, is_fault=False)
    if code == "MessageRejected" and "not verified" in message:
        stop = "Amazon SES has not verified the sender."
        return Outcome(Verdict.LATER, "Amazon SES refuses the sender", code, is_fault=False, stop=stop)
    if code in _STOPS:
        return Outcome(Verdict.LATER, "Amazon SES turns us away", code, is_fault=False, stop=_STOPS[code])
    if code in _REFUSALS or 400 <= status < 500:
        return Outcome(Verdict.REJECTED, "Amazon SES refuses the message", code)
    return Outcome(
        Verdict.UNCERTAIN, "Amazon SES failed while it took the message", f"{status} {code}".strip()
    )
