"""DKIM: our own signature on campaign mail, where the relay does not sign.

Written for bulk: the parts that never change are made once, and the signature itself can be made elsewhere (app.delivery.signatures).
Source: RFC 6376 with RFC 8301 (RSA keys), RFC 8463 (Ed25519) and RFC 8058 (both List-Unsubscribe headers are signed).
"""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache

from app.errors import AppError
from app.settings import Settings

MIN_RSA_BITS = 1024  # RFC 8301: what is shorter must not be used

# Each stands in h= once more than mails have it, so that nobody can add a second one behind our back (RFC 6376, 8.15).
SIGNED = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "list-unsubscribe"),
    *("list-unsubscribe-post", "mime-version", "content-type"),
)
# Signed where they are, and free to be added where they aren't.
ALSO_SIGNED = ("x-throughline-delivery", "feedback-id")
# Amazon SES writes these two anew.
REPLACED_BY_SES = frozenset({"date", "message-id"})

_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*"
)
_WSP_RUN = re.compile(rb"[ \t]+")
_FEW_RUNS = 32


class BadKey(AppError):
    """The key, the domain or the selector is of no use for signing; `message` says why."""


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A signature header before its signature: the SHA-256 digest that is signed, when, and the body's hash."""

    digest: bytes
    tail: bytes
    body_hash: bytes


class Signer:
    """Signs for one domain. Safe to share between threads."""

    def __init__(
        self, domain: str, selector: str, private_key_pem: bytes, leave_out: frozenset[str] = frozenset()
    ) -> None:
        """`leave_out`: headers in lower case that a server on the way writes anew. Raises BadKey."""
        for what, name in (("domain", domain), ("selector", selector)):
            if not _NAME.fullmatch(name):
                raise BadKey(f"The DKIM {what} must be a name of a–z, 0–9, dots and dashes.")
        self.domain = domain
        self.selector = selector
        algorithm, self.sign, self.record, self.signature_size = _load(private_key_pem)
        self.pem = private_key_pem
        usual = tuple(name for name in SIGNED if name not in leave_out)
        self.signed = usual + usual + tuple(name for name in ALSO_SIGNED if name not in leave_out)
        self._names = [name.encode() for name in self.signed]
        self._head = f"v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector};".encode()
        self._folded_list = _folded_list(self._names)
        self._list = b" ".join(
            self._folded_list.split()
        )  # as the receiver sees it: unfolded, one space where a fold was

    def header(self, message: bytes, moment: int | None = None) -> bytes:
        """The folded DKIM-Signature header with its CRLF, to stand before `message` (CRLF lines). `moment`: Unix time.

        Raises ValueError for what has no header section.
        """
        unsigned = self.unsigned(message, moment)
        return self.complete(unsigned, self.sign(unsigned.digest))

    def unsigned(self, message: bytes, moment: int | None = None) -> "Unsigned":
        """All of that header but the signature itself. Raises ValueError for what has no header section."""
        head, separator, body = message.partition(b"\r\n\r\n")
        if not separator:
            raise ValueError("A message has headers, an empty line and a body.")
        fields = header_fields(head + b"\r\n")
        tail = b"t=%d;" % (int(time.time()) if moment is None else moment)
        body_hash = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest())
        lines = [line for name in self._names if (rest := fields.get(name)) and (line := _last(rest))]
        own = b" ".join((self._head, tail, self._list, b"bh=" + body_hash + b"; b="))
        digest = hashlib.sha256(b"".join(lines) + b"dkim-signature:" + own).digest()
        return Unsigned(digest, tail, body_hash)

    def complete(self, unsigned: "Unsigned", signature: bytes) -> bytes:
        """The header with the signature of its digest."""
        return (
            b"\r\n ".join(
                (
                    b"DKIM-Signature: " + self._head,
                    unsigned.tail,
                    self._folded_list,
                    b"bh=" + unsigned.body_hash + b";",
                    b"b=" + _folded(base64.b64encode(signature)),
                )
            )
            + b"\r\n"
        )

    def dns_record(self) -> tuple[str, str]:
        """The name and the text of the TXT record that receivers look for."""
        return f"{self.selector}._domainkey.{self.domain}", self.record


def signer_for(settings: Settings) -> Signer | None:
    """The platform's own signer, or None where the mail server signs. Raises BadKey."""
    if not settings.dkim_domain or settings.dkim_key is None:
        return None
    by_ses = settings.mail_transport.startswith("ses://")
    try:
        pem = settings.dkim_key.read_bytes()
    except OSError as error:
        raise BadKey(f"The DKIM key can’t be read: {error.strerror}.") from None
    leave_out = REPLACED_BY_SES if by_ses else frozenset()
    return Signer(settings.dkim_domain, settings.dkim_selector, pem, leave_out)


def signed(
    settings: Settings, message: EmailMessage | bytes, own: Signer | None = None
) -> EmailMessage | bytes:
    """A single mail with its signature in front, `own` in place of the platform's; as it is where the mail server signs. Raises BadKey."""
    signer = own or signer_for(settings)
    if signer is None:
        return message
    finished = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
    return signer.header(finished) + finished


def header_fields(head: bytes) -> dict[bytes, list[bytes]]:
    """The header section in relaxed form: by name, the lines in the order they stand (RFC 6376, 3.4.2)."""
    if b"\r\n " in head or b"\r\n\t" in head:
        head = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    fields: dict[bytes, list[bytes]] = {}
    for line in head.split(b"\r\n"):
        name, relaxed = _relaxed_field(line)
        if name:
            fields.setdefault(name, []).append(relaxed)
    return fields


def _relaxed_field(line: bytes) -> tuple[bytes, bytes]:
    """Name and relaxed line of an unfolded header."""
    name, colon, value = line.partition(b":")
    if not colon:
        return b"", b""
    key = _key(name)
    if value[:1] == b" " and b"\t" not in value and b"  " not in value and value[-1:] != b" ":
        return key, key + b":" + value[1:] + b"\r\n"  # as nearly all of our own are
    return key, key + b":" + _WSP_RUN.sub(b" ", value).strip(b" ") + b"\r\n"


@lru_cache(maxsize=256)
def _key(name: bytes) -> bytes:
    return name.strip(b" \t").lower()


def _last(lines: list[bytes]) -> bytes:
    """Take the lowest one that is left: h= names several of a kind from the bottom up."""
    return lines.pop() if lines else b""


def relaxed_body(body: bytes) -> bytes:
    """The body in relaxed form (RFC 6376, 3.4.4): no spaces at line ends, one for each run, no empty lines at the end.

    Our own bodies are nearly in that form: the few runs are cut out where they stand. Elsewhere plain replacements do it.
    """
    if b"\t" in body:
        body = body.replace(b"\t", b" ")
    body = _single_spaces(body)
    if b" \r\n" in body:
        body = body.replace(b" \r\n", b"\r\n")
    if body.endswith(b" "):
        body = body[:-1]
    if not body.endswith(b"\r\n"):
        return body + b"\r\n" if body else body
    while body.endswith(b"\r\n\r\n"):
        body = body[:-2]
    return b"" if body == b"\r\n" else body


def _single_spaces(body: bytes) -> bytes:
    at = body.find(b"  ")
    if at < 0:
        return body
    pieces, start = list[bytes](), 0
    while at >= 0 and len(pieces) < _FEW_RUNS:
        pieces.append(body[start : at + 1])
        start = at + 2
        while body[start : start + 1] == b" ":
            start += 1
        at = body.find(b"  ", start)
    rest = body[start:]
    while b"  " in rest and at >= 0:  # many runs: an indented body
        rest = rest.replace(b"        ", b" ").replace(b"  ", b" ")
    pieces.append(rest)
    return b"".join(pieces)


def _load(pem: bytes) -> tuple[str, Callable[[bytes], bytes], str, int | None]:
    """The algorithm, what signs a SHA-256 digest, the DNS record's text, and the bytes of an RSA signature (None: it is no RSA key)."""
    # Imported here: most installations let the mail server sign, and their processes stay small.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKey("The DKIM key must be a private key in PEM, without a password.") from None
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < MIN_RSA_BITS:
            raise BadKey(f"The DKIM key has {key.key_size} bits; receivers want 2048, and at least 1024.")
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        rsa_key, pkcs1, prehashed = key, padding.PKCS1v15(), Prehashed(hashes.SHA256())
        return (
            "rsa-sha256",
            lambda digest: rsa_key.sign(digest, pkcs1, prehashed),
            f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}",
            (key.key_size + 7) // 8,
        )
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        return "ed25519-sha256", key.sign, f"v=DKIM1; k=ed25519; p={raw}", None
    raise BadKey("The DKIM key must be an RSA or an Ed25519 key.")


def _folded(text: bytes) -> bytes:
    """Base64 over several lines."""
    return b"\r\n  ".join(text[at : at + 72] for at in range(0, len(text), 72))


def _folded_list(names: Sequence[bytes]) -> bytes:
    """h= over several lines, folded behind colons. Whitespace there is none of the value's (RFC 6376, 3.5)."""
    lines, line = list[bytes](), b"h="
    for at, name in enumerate(names):
        piece = name + (b":" if at + 1 < len(names) else b";")
        if len(line) + len(piece) > 74:
            lines.append(line)
            line = b" "
        line += piece
    return b"\r\n ".join([*lines, line])
