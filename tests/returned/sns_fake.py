"""An Amazon SNS of the tests' own: a signing certificate served over TLS under SNS's name, and messages signed with its key."""

import datetime as dt
import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from app.delivery import ses_views
from app.delivery.returned import sns
from app.outbound import Client
from tests.outbound.web import Web, answer, certificate, web

HOST = "sns.eu-west-1.amazonaws.com"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
PEM = "/SimpleNotificationService-0123456789abcdef.pem"
URL = f"https://{HOST}{PEM}"


@dataclass(frozen=True)
class _Redirected(Client):
    """The outbound client, whose every connection ends at the fake: names, TLS and all else are as they are."""

    port: int = 0

    def _open(self, address: str, target: Any, deadline: float) -> socket.socket:
        return super()._open(
            "127.0.0.1", type(target)(target.scheme, target.host, self.port, target.path), deadline
        )


@dataclass
class Sns:
    """The service: `key` signs, `server` serves the certificate."""

    server: Web
    key: rsa.RSAPrivateKey
    client: Client
    asked: list[str] = field(default_factory=list)

    def message(self, kind: str = "Notification", version: str = "2", **fields: str) -> dict[str, str]:
        """A message as SNS sends it, signed."""
        told = {
            "Type": kind,
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": "{}",
            "Timestamp": stamp(),
            "SignatureVersion": version,
            "SigningCertURL": URL,
        }
        if kind == "Notification":
            told["UnsubscribeURL"] = f"https://{HOST}/?Action=Unsubscribe"
        else:
            told["Token"] = "2336412f37"
            told["SubscribeURL"] = (
                f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
            )
        return self.signed({**told, **fields})

    def signed(self, told: dict[str, str]) -> dict[str, str]:
        """With a signature over what it says now, by the documented text."""
        names = (
            ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
            if told["Type"] == "Notification"
            else ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
        )
        text = "".join(f"{name}\n{told[name]}\n" for name in names if name in told)
        digest = hashes.SHA1() if told["SignatureVersion"] == "1" else hashes.SHA256()
        made = self.key.sign(text.encode(), padding.PKCS1v15(), digest)
        return {**told, "Signature": b64encode(made).decode()}

    def event(self, event: dict[str, Any], number: int = 1, version: str = "2") -> dict[str, str]:
        """A signed message that carries an event of SES."""
        return self.message(version=version, Message=json.dumps(event), MessageId=f"message-{number}")


def stamp(ago: dt.timedelta = dt.timedelta()) -> str:
    """A time as SNS writes it."""
    return (dt.datetime.now(dt.UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def pem_of(key: rsa.RSAPrivateKey, days: int = 1) -> bytes:
    """A certificate of this key."""
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    moment = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - dt.timedelta(days=5))
        .not_valid_after(moment + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


@contextmanager
def running(folder: Path) -> Iterator[Sns]:
    """The service, and the product's client redirected to it."""
    presented, trusted = certificate(folder, HOST)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with web(presented) as server:
        server.paths[PEM] = answer(200, pem_of(key))
        client = _Redirected(
            ("127.0.0.1:*",), resolve=lambda *_: ["127.0.0.1"], tls=trusted, port=server.port
        )
        with (
            patch.object(ses_views, "client_for", lambda _settings: client),
            patch.object(ses_views, "certificates", sns.Certificates()),
        ):
            yield Sns(server, key, client)
