"""One mail to one address over the configured transport: the sandbox, an SMTP relay, or Amazon SES.

No database here: whoever calls holds no connection while the network is slow.
"""

import re
import smtplib
import ssl
from email.message import EmailMessage
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from app.lazy import lazy
from app.mail.errors import MailDelayed, MailRefused, MailUncertain
from app.settings import Settings

boto3, botocore_config, refusals = lazy("boto3"), lazy("botocore.config"), lazy("botocore.exceptions")

TIMEOUT = 20  # seconds for each step; a slice of a worker's time, so short
_SES_FOR_GOOD = {
    "MessageRejected",
    "BadRequestException",
    "NotFoundException",
    "MailFromDomainNotVerifiedException",
    "AccountSuspendedException",
}


def send(settings: Settings, message: EmailMessage | bytes, to: str) -> None:
    """Hand `message` over, a finished one (bytes, CRLF lines of at most 998 bytes in ASCII) as it is.

    Returns when it was accepted. Raises MailRefused (for good), MailDelayed (try again), and MailUncertain for a finished
    message that left and was not answered.
    """
    if settings.mail_transport.startswith("ses://"):
        _send_ses(urlsplit(settings.mail_transport), settings.mail_from, message, to)
    else:
        url = (
            f"smtp://{settings.sandbox_smtp}"
            if settings.mail_transport == "sandbox"
            else settings.mail_transport
        )
        _send_smtp(urlsplit(url), settings.mail_from, message, to)


def _send_smtp(url: SplitResult, sender: str, message: EmailMessage | bytes, to: str) -> None:
    try:
        with _connect(url) as server:
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            if isinstance(message, bytes):
                _hand_over(server, sender, message, to)
            else:
                server.send_message(message, from_addr=sender, to_addrs=[to])
    except smtplib.SMTPRecipientsRefused as error:
        code, _ = next(iter(error.recipients.values()))
        raise _outcome(code) from error
    except smtplib.SMTPAuthenticationError as error:
        raise MailDelayed(
            "The mail server refuses the password of MAIL_TRANSPORT.", code=error.smtp_code
        ) from error
    except smtplib.SMTPResponseException as error:
        raise _outcome(error.smtp_code) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailDelayed("The mail server can’t be reached.", error=type(error).__name__) from error


def _hand_over(server: smtplib.SMTP, sender: str, message: bytes, to: str) -> None:
    """The steps that smtplib.sendmail does, with the one before which nothing can have been accepted told apart."""
    for code, words in (server.mail(sender), server.rcpt(to), server.docmd("DATA")):
        if not 200 <= code < 400:
            raise smtplib.SMTPResponseException(code, words)
    body = re.sub(rb"(?m)^\.", b"..", message)
    try:
        server.send(body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, words = server.getreply()
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        raise MailUncertain("It left, and the mail server never answered: it may have arrived.") from error
    if code < 200 or code >= 600 or 300 <= code < 400:
        raise MailUncertain("It left, and the mail server answered nonsense: it may have arrived.")
    if code >= 400:
        raise smtplib.SMTPResponseException(code, words)


def _connect(url: SplitResult) -> smtplib.SMTP:
    host = url.hostname or ""
    if url.scheme == "smtps":
        return smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT, context=ssl.create_default_context())
    server = smtplib.SMTP(host, url.port or 587, timeout=TIMEOUT)
    server.ehlo_or_helo_if_needed()
    if server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    elif not _is_loopback(host):
        server.close()
        raise MailDelayed("The mail server offers no TLS. Use one that does, or smtps://.")
    return server


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _outcome(code: int) -> MailRefused | MailDelayed:
    if 500 <= code < 600:
        return MailRefused(f"The mail server refused it ({code}).", code=code)
    return MailDelayed(f"The mail server asks to try later ({code}).", code=code)


def _send_ses(url: SplitResult, sender: str, message: EmailMessage | bytes, to: str) -> None:
    # One attempt only: botocore's hidden retries could send a mail twice.
    config = botocore_config.Config(
        retries={"total_max_attempts": 1}, connect_timeout=TIMEOUT, read_timeout=TIMEOUT
    )
    given = dict(parse_qsl(url.query))
    try:
        client = boto3.client(
            "sesv2", region_name=url.hostname, endpoint_url=given.get("endpoint"), config=config
        )
        client.send_email(
            **({"ConfigurationSetName": given["configuration_set"]} if "configuration_set" in given else {}),
            FromEmailAddress=sender,
            Destination={"ToAddresses": [to]},
            Content={"Raw": {"Data": message if isinstance(message, bytes) else message.as_bytes()}},
        )
    except refusals.ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _SES_FOR_GOOD:
            raise MailRefused(f"Amazon SES refused it ({code}).", code=code) from error
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400) >= 500:
            raise MailUncertain(
                f"Amazon SES failed while it took the mail ({code}): it may have arrived."
            ) from error
        raise MailDelayed(f"Amazon SES asks to try later ({code}).", code=code) from error
    except (refusals.ReadTimeoutError, refusals.ConnectionClosedError) as error:
        raise MailUncertain("It left, and Amazon SES never answered: it may have arrived.") from error
    except refusals.BotoCoreError as error:
        raise MailDelayed("Amazon SES can’t be reached.", error=type(error).__name__) from error
