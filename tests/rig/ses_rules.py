"""What the documented Amazon SES v2 refuses about a SendEmail request: pure rules for the fake, each with its source.

Sources: [api] SES v2 API reference, SendEmail and its data types; [dg] SES developer guide (quotas; header fields; sending errors;
verified identities); [raw] the same guide, sending raw email.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import getaddresses
from typing import Any

MAX_MESSAGE = 40 * 1024 * 1024  # [dg] quotas: 40 MB a message, after base64
MAX_RECIPIENTS = 50  # [dg] quotas
MAX_LINE = 1000  # [api] RawMessage, with its CRLF (RFC 5321)
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")  # [api] MessageTag
_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")  # [api] ConfigurationSetName
_ARN = re.compile(r"arn:aws[a-z-]*:ses:[a-z0-9-]+:\d{12}:identity/\S+")  # [api] FromEmailAddressIdentityArn
_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?"
)
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_FIELD = re.compile(rb"[!-9;-~]+:")
# [dg] header fields: these can't appear more than once
_ONCE = frozenset(
    [
        "accept-language",
        "archived-at",
        "auto-submitted",
        "comments",
        "content-description",
        "content-disposition",
        "content-id",
        "content-language",
        "content-transfer-encoding",
        "content-type",
        "date",
        "dkim-signature",
        "from",
        "importance",
        "in-reply-to",
        "keywords",
        "list-archive",
        "list-help",
        "list-id",
        "list-owner",
        "list-post",
        "list-subscribe",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "message-id",
        "mime-version",
        "organization",
        "precedence",
        "priority",
        "references",
        "reply-to",
        "return-path",
        "sender",
        "sensitivity",
        "subject",
        "user-agent",
    ]
)


class Refusal(Exception):
    """An answer of the service other than yes."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


@dataclass
class Account:
    """The account that the fake stands for."""

    region: str = "eu-west-1"
    verified: set[str] = field(default_factory=lambda: {"throughline.example"})
    configuration_sets: set[str] = field(default_factory=lambda: {"throughline"})
    contact_lists: set[str] = field(default_factory=lambda: {"people"})
    tenants: set[str] = field(default_factory=lambda: {"harbour"})
    is_in_production: bool = True
    sending_enabled: bool = True
    enforcement: str = "HEALTHY"
    max_24_hours: float = 50_000
    max_rate: float = 1_000
    sent_24_hours: float = 0
    max_message: int = MAX_MESSAGE


@dataclass(frozen=True)
class Message:
    """A request that the service takes."""

    recipients: tuple[str, ...]
    raw: bytes
    tags: Mapping[str, str]
    feedback_to: str


def checked(request: Any, account: Account) -> Message:
    """The message of a SendEmail request. Raises Refusal."""
    if not isinstance(request, dict):
        raise Refusal(400, "SerializationException", "Start of structure or map expected")
    _check_account(account)
    raw = _raw(_structure(request, "Content"), account)
    fields = _header_fields(raw)
    recipients = _recipients(request, fields)
    tags = _tags(request)
    _check_named(request, account)
    _check_verified(_senders(request, fields), account)
    if (
        not account.is_in_production
    ):  # [dg] in the sandbox mail goes to verified identities and the simulator only
        _check_verified(
            (r for r in recipients if not r.lower().endswith("@simulator.amazonses.com")), account
        )
    return Message(recipients, raw, tags, request.get("FeedbackForwardingEmailAddress", ""))


def _check_account(account: Account) -> None:
    if account.enforcement == "SHUTDOWN":
        raise Refusal(400, "AccountSuspendedException", "The account is suspended.")
    if not account.sending_enabled:
        raise Refusal(400, "SendingPausedException", "Sending is paused for this account.")
    if 0 <= account.max_24_hours <= account.sent_24_hours:
        raise Refusal(400, "ThrottlingException", "Daily message quota exceeded.")


def _bad(message: str) -> Refusal:
    return Refusal(400, "BadRequestException", message)


def _structure(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    if value is None:
        raise _bad(f"{name} is required.")
    if not isinstance(value, dict):
        raise Refusal(400, "SerializationException", f"{name} must be a structure")
    return value


def _raw(content: Mapping[str, Any], account: Account) -> bytes:
    kinds = [name for name in ("Simple", "Raw", "Template") if content.get(name) is not None]
    if kinds != ["Raw"]:
        raise _bad("Exactly one of Simple, Raw and Template is needed; this fake takes Raw.")
    data = _structure(content, "Raw").get("Data")
    if not isinstance(data, str):
        raise Refusal(400, "SerializationException", "Raw.Data must be base64")
    if len(data) > account.max_message:
        raise _bad(f"Message length is more than {account.max_message} bytes long.")
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise Refusal(400, "SerializationException", "Raw.Data must be base64") from None


def _header_fields(raw: bytes) -> dict[str, list[str]]:
    """[raw] header and body with a blank line between, well-formed header fields, no line too long, parts formatted properly."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    if not blank:
        raise _bad("The header and the body must be separated by a blank line.")
    if any(len(line) + 2 > MAX_LINE for line in raw.split(b"\r\n")):
        raise _bad("A line is longer than 1000 characters.")
    fields: dict[str, list[str]] = {}
    for line in re.sub(rb"\r\n([ \t])", rb"\1", head).split(b"\r\n"):
        if not _FIELD.match(line) or not line.isascii() or b"\n" in line or b"\r" in line:
            raise _bad("A header field is malformed.")
        name, _, value = line.decode().partition(":")
        fields.setdefault(name.lower(), []).append(value.strip())
    for name, values in fields.items():
        if len(values) > 1 and name in _ONCE:
            raise _bad(f"Duplicate header '{name}'.")
    if "from" not in fields:
        raise _bad("Missing required header 'From'.")
    _check_parts(fields, body)
    return fields


def _check_parts(fields: Mapping[str, list[str]], body: bytes) -> None:
    content_type = fields.get("content-type", ["text/plain"])[0]
    if not content_type.lower().startswith("multipart/"):
        return
    boundary = re.search(r'boundary="?([^";]+)', content_type, re.IGNORECASE)
    lines = body.split(b"\r\n")
    if (
        boundary is None
        or f"--{boundary[1]}".encode() not in lines
        or f"--{boundary[1]}--".encode() not in lines
    ):
        raise _bad("A part of the multipart message is not formatted properly.")


def _recipients(request: Mapping[str, Any], fields: Mapping[str, list[str]]) -> tuple[str, ...]:
    destination = request.get("Destination")
    if destination is None:
        named = [a for name in ("to", "cc", "bcc") for _, a in getaddresses(fields.get(name, []))]
    elif isinstance(destination, dict):
        named = [
            a for kind in ("ToAddresses", "CcAddresses", "BccAddresses") for a in destination.get(kind) or []
        ]
    else:
        raise Refusal(400, "SerializationException", "Destination must be a structure")
    if not named:
        raise _bad("The message has no recipients.")
    if len(named) > MAX_RECIPIENTS:
        raise _bad(f"Recipient count exceeds {MAX_RECIPIENTS}.")
    return tuple(_address(each) for each in named)


def _address(text: Any) -> str:
    """[api] SendEmail: user names in 7-bit ASCII, domains in Punycode; UserName@[SubDomain.]Domain.TopLevelDomain."""
    if not isinstance(text, str):
        raise Refusal(400, "SerializationException", "an address must be a string")
    found = getaddresses([text])
    address = found[0][1] if len(found) == 1 else ""
    local, at, domain = address.rpartition("@")
    if not at:
        raise _bad("Missing final '@domain'")
    if not _DOMAIN.fullmatch(domain):
        raise _bad("Domain contains illegal character")
    if len(local) > 64 or not _LOCAL.fullmatch(local):
        raise _bad("Local address contains illegal character")
    return address


def _tags(request: Mapping[str, Any]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for tag in request.get("EmailTags") or []:
        name, value = tag.get("Name"), tag.get("Value")
        if not isinstance(name, str) or not _TAG.fullmatch(name):
            raise _bad(
                "Invalid tag name: only alphanumeric ASCII characters, '_' and '-' are allowed, 256 at most."
            )
        if not isinstance(value, str) or not _TAG.fullmatch(value):
            raise _bad(
                "Invalid tag value: only alphanumeric ASCII characters, '_' and '-' are allowed, 256 at most."
            )
        tags[name] = value
    return tags


def _check_named(request: Mapping[str, Any], account: Account) -> None:
    """Whatever is named must exist."""
    name = request.get("ConfigurationSetName")
    if name is not None:
        if not isinstance(name, str) or not _SET.fullmatch(name):
            raise _bad("Invalid configuration set name.")
        if name not in account.configuration_sets:
            raise Refusal(404, "NotFoundException", f"Configuration set <{name}> does not exist.")
    options = request.get("ListManagementOptions")
    if options is not None:
        if not isinstance(options, dict) or not options.get("ContactListName"):
            raise _bad("ContactListName is required.")
        if options["ContactListName"] not in account.contact_lists:
            raise Refusal(404, "NotFoundException", "The contact list does not exist.")
    tenant = request.get("TenantName")
    if tenant is not None and tenant not in account.tenants:
        raise Refusal(404, "NotFoundException", "The tenant does not exist.")
    for field_name in ("FromEmailAddressIdentityArn", "FeedbackForwardingEmailAddressIdentityArn"):
        arn = request.get(field_name)
        if arn is not None and not _ARN.fullmatch(str(arn)):
            raise _bad(f"{field_name} is no ARN of an identity.")


def _senders(request: Mapping[str, Any], fields: Mapping[str, list[str]]) -> list[str]:
    """[dg] From, Sender, Return-Path and the addresses given beside them must be verified; Reply-To must only be an address."""
    named = [_address(fields["from"][0])]
    named += [_address(value) for name in ("sender", "return-path") for value in fields.get(name, [])]
    named += [
        _address(request[name])
        for name in ("FromEmailAddress", "FeedbackForwardingEmailAddress")
        if name in request
    ]
    for reply_to in request.get("ReplyToAddresses") or []:
        _address(reply_to)
    return named


def _check_verified(addresses: Iterable[str], account: Account) -> None:
    """[dg] a verified domain covers its subdomains and addresses, a verified address its labels (`name+label@`)."""
    failed = []
    for address in addresses:
        local, _, domain = address.lower().rpartition("@")
        parents = {domain.split(".", n)[-1] for n in range(domain.count(".") + 1)}
        if not account.verified & (parents | {f"{local.partition('+')[0]}@{domain}"}):
            failed.append(address)
    if failed:
        identities = ", ".join(failed)
        raise Refusal(
            400,
            "MessageRejected",
            f"Email address is not verified. The following identities failed the check in region {account.region.upper()}: {identities}",
        )
