"""Keys that a partner's mail is signed with: made here, kept encrypted, and opened only to sign.

The key of the encryption comes from SECRET_KEY: with another SECRET_KEY nothing can be opened any more, and new keys must be made.
"""

import base64
import os
import secrets
from datetime import datetime

from sqlalchemy import select

from app.clock import now
from app.db import db
from app.domains.models import USABLE, DkimKey, SenderDomain
from app.errors import AppError
from app.settings import current

_VERSION = b"\x01"
_NONCE = 12
_BITS = 2048
_LETTERS = "bcdfghjkmnpqrstvwxz"  # no words by accident


class KeyLocked(AppError):
    """A stored key can't be opened: SECRET_KEY is another one than when it was made."""

    def __init__(self, domain: str) -> None:
        super().__init__(
            f"The key of {domain} can’t be opened, since SECRET_KEY was changed. Make a new key on the page of your sender domain."
        )


class NotUsable(AppError):
    """A send was launched from a domain that can't be used any more."""


def make(domain: SenderDomain) -> DkimKey:
    """A new key of this domain, not in use yet. The private half never leaves this module but to sign."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(65537, _BITS)
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    selector = _new_selector(now())
    return DkimKey(
        domain_id=domain.id,
        partner_id=domain.partner_id,
        selector=selector,
        public=base64.b64encode(der).decode(),
        sealed=_seal(pem, _about(domain.pid, selector)),
    )


def opened(domain: SenderDomain, key: DkimKey) -> bytes:
    """The private key in PEM. Raises KeyLocked."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = key.sealed or b""
    if sealed[:1] != _VERSION or len(sealed) <= 1 + _NONCE:
        raise KeyLocked(domain.name)
    nonce, text = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        return AESGCM(_sealing_key()).decrypt(nonce, text, _about(domain.pid, key.selector))
    except InvalidTag:
        raise KeyLocked(domain.name) from None


def is_locked(domain: SenderDomain, key: DkimKey | None) -> bool:
    """Whether SECRET_KEY was changed since the key was made."""
    if key is None:
        return False
    try:
        opened(domain, key)
    except KeyLocked:
        return True
    return False


def of(domain: SenderDomain) -> tuple[DkimKey | None, DkimKey | None]:
    """The key in use and the one that waits for its record to be seen."""
    query = select(DkimKey).where(  # unscoped: of the caller's own domain
        DkimKey.domain_id == domain.id, DkimKey.retired_at.is_(None)
    )
    rows = list(db.session.scalars(query.order_by(DkimKey.id)))
    used = next((row for row in rows if row.in_use_since), None)
    waiting = next((row for row in rows if row.in_use_since is None), None)
    return used, waiting


def signing(partner_id: int, name: str) -> tuple[SenderDomain, str, bytes]:
    """The domain that this partner holds under a name, the selector and the private key to sign with. Raises NotUsable or KeyLocked."""
    query = select(SenderDomain).where(  # unscoped: a send's own partner
        SenderDomain.partner_id == partner_id, SenderDomain.held_name == name
    )
    domain = db.session.scalars(query).one_or_none()
    key = of(domain)[0] if domain is not None and domain.status in USABLE else None
    if domain is None or key is None:
        raise NotUsable(
            f"The sender domain {name} is not verified any more. Put its records back, or launch anew without it."
        )
    return domain, key.selector, opened(domain, key)


def take_into_use(used: DkimKey | None, waiting: DkimKey) -> None:
    """The waiting key signs from now on; the one before is forgotten."""
    waiting.in_use_since = now()
    if used is not None:
        used.retired_at, used.sealed = now(), None


def _new_selector(moment: datetime) -> str:
    """A name that tells when the key was made, such as `tl2605kfwz` for May 2026; by chance another one each time, also for another organisation."""
    return f"tl{moment:%y%m}" + "".join(secrets.choice(_LETTERS) for _ in range(4))


def _seal(pem: bytes, about: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + AESGCM(_sealing_key()).encrypt(nonce, pem, about)


def _sealing_key() -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(hashes.SHA256(), 32, salt=None, info=b"throughline dkim keys").derive(
        current().secret_key.encode()
    )


def _about(pid: str, selector: str) -> bytes:
    """Bound to its row: a key copied to another domain's row opens nothing."""
    return f"{pid}:{selector}".encode()
