"""Messages of Amazon SNS, believed only as its documentation says: topic, age, where the certificate lies, and the signature over the text.

Each check refuses by itself. Nothing is read from or written to the database before all of them have passed.
"""

import json
import re
import time
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.clock import now
from app.errors import External, Forbidden
from app.outbound import Client, OutboundError
from app.parsing import TOPIC

MOST_BYTES = 1024 * 1024
FRESH = timedelta(minutes=70)  # SNS tries for an hour at most
_AHEAD = timedelta(minutes=5)  # clocks differ
_KEPT = 86_400.0  # seconds for which a certificate is remembered
_MOST_KEPT = 16
_FETCHES = 20  # certificates asked for in a minute
_PEM = re.compile(r"/[A-Za-z0-9_-]{1,120}\.pem")
_NOTICE = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED = {
    "Notification": _NOTICE,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - what SNS signs with unless a topic says 2
    "2": hashes.SHA256(),
}


class NotBelieved(Forbidden):
    """The message is not one of an allowed topic's, or not as it was signed."""


class CertificateAway(External):
    """The certificate could not be fetched just now: SNS tries again."""


@dataclass(frozen=True)
class Message:
    """A message that was believed."""

    kind: str
    id: str
    topic: str
    text: str
    subscribe_url: str = ""


class Certificates:
    """Keys by the address of their certificate, fetched over the outbound client and remembered for a day."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, RSAPublicKey]] = {}
        self._fetched: list[float] = []

    def key(self, url: str, client: Client) -> RSAPublicKey:
        """The public key of a certificate. Raises NotBelieved or CertificateAway."""
        found = self._known.get(url)
        if found and found[0] > time.monotonic() - _KEPT:
            return found[1]
        key = _key_in(self._fetch(url, client))
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        self._known[url] = (time.monotonic(), key)
        return key

    def _fetch(self, url: str, client: Client) -> bytes:
        moment = time.monotonic()
        self._fetched = [at for at in self._fetched if at > moment - 60]
        if len(self._fetched) >= _FETCHES:
            raise CertificateAway("Too many certificates were asked for.")
        self._fetched.append(moment)
        try:
            answer = client.get(url, seconds=5, max_bytes=64 * 1024)
        except OutboundError as error:
            raise CertificateAway("The certificate could not be fetched.") from error
        if answer.status >= 500:
            raise CertificateAway("The certificate could not be fetched.")
        if answer.status != 200 or answer.hops or answer.is_cut:
            raise NotBelieved("There is no certificate at that address.")
        return answer.body


def _key_in(pem: bytes) -> RSAPublicKey:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise NotBelieved("That is no certificate.") from None
    key = certificate.public_key()
    if not certificate.not_valid_before_utc <= now() <= certificate.not_valid_after_utc:
        raise NotBelieved("The certificate is not valid now.")
    if not isinstance(key, RSAPublicKey):
        raise NotBelieved("The certificate holds no RSA key.")
    return key


def believed(raw: bytes, topics: Collection[str], certificates: Certificates, client: Client) -> Message:
    """The message, once everything about it holds. Raises NotBelieved or CertificateAway."""
    fields = _fields(raw)
    kind, topic = fields.get("Type", ""), fields.get("TopicArn", "")
    region = TOPIC.fullmatch(topic)
    if kind not in SIGNED or topic not in topics or region is None:
        raise NotBelieved("No topic of ours.")
    _is_fresh(fields.get("Timestamp", ""))
    url = fields.get("SigningCertURL", "")
    if not _is_at_sns(url, region[1]) or not _PEM.fullmatch(urlsplit(url).path) or urlsplit(url).query:
        raise NotBelieved("The certificate is not at Amazon’s.")
    subscribe = fields.get("SubscribeURL", "") if kind != "Notification" else ""
    if kind == "SubscriptionConfirmation" and not _confirms(subscribe, region[1], topic):
        raise NotBelieved("The confirmation is not at Amazon’s.")
    _is_signed(fields, SIGNED[kind], lambda: certificates.key(url, client))
    return Message(kind, fields["MessageId"], topic, fields["Message"], subscribe)


def _fields(raw: bytes) -> dict[str, str]:
    if len(raw) > MOST_BYTES:
        raise NotBelieved("Too large.")
    try:
        told: Any = json.loads(raw)
    except (ValueError, RecursionError):
        raise NotBelieved("That is no JSON.") from None
    if not isinstance(told, dict):
        raise NotBelieved("That is no message.")
    return {str(name): value for name, value in told.items() if isinstance(value, str)}


def _is_fresh(timestamp: str) -> None:
    try:
        at = datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise NotBelieved("No time is named.") from None
    if not now() - FRESH <= at <= now() + _AHEAD:
        raise NotBelieved("Too old.")


def _is_at_sns(url: str, region: str) -> bool:
    """Whether an address lies at the service of this region and nowhere else: no port, no name, no fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    ending = ".cn" if region.startswith("cn-") else ""
    return (
        url.isascii()
        and url.isprintable()
        and "\\" not in url
        and parts.scheme == "https"
        and parts.netloc == f"sns.{region}.amazonaws.com{ending}"
        and not parts.fragment
    )


def _confirms(url: str, region: str, topic: str) -> bool:
    if not _is_at_sns(url, region) or urlsplit(url).path != "/":
        return False
    asked = parse_qs(urlsplit(url).query)
    return asked.get("Action") == ["ConfirmSubscription"] and asked.get("TopicArn") == [topic]


def _is_signed(fields: dict[str, str], names: tuple[str, ...], key: Any) -> None:
    digest = _DIGESTS.get(fields.get("SignatureVersion", ""))
    missing = [name for name in names if name not in fields and name != "Subject"]
    if digest is None or missing or not fields["MessageId"]:
        raise NotBelieved("The signature is not of a kind we know.")
    try:
        signature = b64decode(fields.get("Signature", ""), validate=True)
    except (NotBase64, ValueError):
        raise NotBelieved("The signature can’t be read.") from None
    try:
        key().verify(signature, canonical(fields, names), padding.PKCS1v15(), digest)
    except InvalidSignature:
        raise NotBelieved("The signature does not fit.") from None


def canonical(fields: dict[str, str], names: tuple[str, ...]) -> bytes:
    """The text that is signed: each name and its value on a line, in the order of the names, a subject only where there is one."""
    return "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()


def confirm(message: Message, client: Client) -> None:
    """Say yes to a subscription of an allowed topic. Raises CertificateAway where that could not be done."""
    try:
        answer = client.get(message.subscribe_url, seconds=8, max_bytes=64 * 1024)
    except OutboundError as error:
        raise CertificateAway("The subscription could not be confirmed.") from error
    if answer.status != 200 or answer.hops:
        raise CertificateAway("The subscription could not be confirmed.")
