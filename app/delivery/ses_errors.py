"""What an error of Amazon SES, or of the line to it, means for the message that was handed over.

Only an answer of the service that is a clear no counts as one; where the service may have taken the message, it is uncertain.
Sources: SES v2 API reference (SendEmail; common errors), SES developer guide (sending errors; errors of the sending quotas).
"""

import re

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
    TokenRetrievalError,
)

from app.delivery.wire import Outcome, Verdict

_CREDENTIALS = "Amazon SES refuses our credentials."
_CLOCK = "Amazon SES finds that this machine’s clock is wrong."
SANDBOX = "This Amazon SES account is still in Amazon’s sandbox, which mails verified addresses only. Ask Amazon for production access."

# Errors that say something about the account, not about this mail: a person must act, so the campaign pauses.
STOPS = {
    "SendingPausedException": "Amazon SES has paused sending for this account.",
    "AccountSuspendedException": "Amazon SES has suspended this account.",
    "MailFromDomainNotVerifiedException": "Amazon SES has not verified the sender’s domain.",
    "NotFoundException": "Amazon SES doesn’t know the configuration set.",
    "AccessDeniedException": "Our credentials for Amazon SES don’t allow sending.",
    "NotAuthorized": "Our credentials for Amazon SES don’t allow sending.",
    "OptInRequired": "This AWS account has not opened Amazon SES.",
    "ExpiredTokenException": "Our credentials for Amazon SES have run out.",
    "ExpiredToken": "Our credentials for Amazon SES have run out.",
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "IncompleteSignature": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "MissingAuthenticationToken": _CREDENTIALS,
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "UnknownOperationException": "What answers in Amazon’s place doesn’t know SES v2.",
}
_THROTTLES = frozenset(
    {"TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"}
)
_REFUSALS = frozenset({"MessageRejected", "BadRequestException", "RequestEntityTooLargeException"})
_NOT_CONNECTED = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
_UNPREPARED = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    NoRegionError,
)
_ADDRESS = re.compile(r"<?[^\s<>]+@[^\s<>,;]+>?")

THROTTLED = Outcome(Verdict.LATER, "Amazon SES asks us to slow down", is_fault=False)
QUOTA_USED_UP = Outcome(Verdict.LATER, "Amazon SES: the day’s quota is used up", is_fault=False)


def of_error(error: Exception, recipient: str) -> Outcome:
    """What any error of the call means for the mail to `recipient`."""
    if isinstance(error, ClientError):
        return of_answer(error, recipient)
    name = type(error).__name__
    if isinstance(error, _UNPREPARED):
        why = stop_of(error)
        return Outcome(Verdict.LATER, "Amazon SES was not asked", name, is_fault=False, stop=why)
    if isinstance(error, SSLError) and "certificate verify failed" in str(error).lower():
        why = "The certificate of what answers in Amazon’s place can’t be trusted."
        return Outcome(Verdict.LATER, "Amazon SES was not asked", name, is_fault=False, stop=why)
    if isinstance(error, _NOT_CONNECTED):
        return Outcome(Verdict.LATER, "Amazon SES could not be reached", name)
    if isinstance(error, ParamValidationError):
        return Outcome(Verdict.LATER, "The request to Amazon SES can’t be written", name)
    # Also what broke while the request was on its way: nobody can prove how much of it arrived.
    return Outcome(Verdict.UNCERTAIN, "The line to Amazon SES broke before it answered", name)


def stop_of(error: Exception) -> str:
    """Why nothing can be sent until a person acts; empty where that can't be said."""
    if isinstance(error, _UNPREPARED):
        return "There are no credentials for Amazon SES."
    if isinstance(error, ClientError):
        return STOPS.get(str(error.response.get("Error", {}).get("Code", "")), "")
    return ""


def of_answer(error: ClientError, recipient: str) -> Outcome:
    """What an error that the service answered with means."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = str(error.response.get("Error", {}).get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    words = _words(code, message, status)
    if code in _THROTTLES or status == 429:
        kind = QUOTA_USED_UP if "quota" in message.lower() else THROTTLED
        return Outcome(Verdict.LATER, kind.reason, words, is_fault=False)
    if code == "MessageRejected" and "not verified" in message:
        of_recipient = recipient.lower() in message.lower()
        why = SANDBOX if of_recipient else "Amazon SES has not verified the sender."
        return Outcome(Verdict.LATER, "Amazon SES refuses the sender", words, is_fault=False, stop=why)
    if code in STOPS or status in (401, 403, 404, 407):
        why = STOPS.get(code) or f"What answers in Amazon’s place turns us away ({status})."
        return Outcome(Verdict.LATER, "Amazon SES turns us away", words, is_fault=False, stop=why)
    if code in _REFUSALS:
        return Outcome(Verdict.REJECTED, "Amazon SES refuses the message", words)
    if 400 <= status < 500:
        return Outcome(Verdict.LATER, "Amazon SES does not take the request", words)
    return Outcome(Verdict.UNCERTAIN, "Amazon SES failed while it took the message", words)


def _words(code: str, message: str, status: int) -> str:
    """The service's words without addresses, at most 200 characters."""
    said = f"{status} {code} {message}".strip()
    return _ADDRESS.sub("…", "".join(c if c.isprintable() else " " for c in said))[:200]
