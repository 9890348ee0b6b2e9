"""The private key: encrypted at rest, bound to its row, in no log and on no page."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.db import db
from app.delivery.dkim import Signer
from app.domains import keys
from app.domains.keys import KeyLocked
from app.domains.models import DkimKey
from app.domains.sender import signing_key
from app.settings import current
from tests.domains.zone import NAME, lieve, maya, named, records, verified
from tests.rig.cast import Cast
from tests.rig.nameserver import NameServer


def test_it_is_rsa_of_2048_bits_and_its_record_is_the_signer_s(cast: Cast) -> None:
    domain = named(maya(cast))
    _, key = keys.of(domain)
    assert key is not None
    pem = keys.opened(domain, key)
    private = serialization.load_pem_private_key(pem, None)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert private.key_size == 2_048
    signer = Signer(domain.name, key.selector, pem)
    assert signer.dns_record() == (records(domain)["dkim"].name, records(domain)["dkim"].value)


def test_the_database_holds_no_private_key_in_the_clear(cast: Cast) -> None:
    domain = named(maya(cast))
    _, key = keys.of(domain)
    assert key is not None
    pem = keys.opened(domain, key)
    row = db.session.execute(text("SELECT * FROM dkim_key")).one()
    stored = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    assert b"PRIVATE" not in stored
    assert pem.splitlines()[1] not in stored
    assert keys._seal(pem, b"x") != keys._seal(pem, b"x"), "a nonce of its own each time"


def test_a_key_in_another_row_opens_nothing(cast: Cast) -> None:
    mine, theirs = named(maya(cast)), named(lieve(cast), "news.leuvelink.example")
    (_, key), (_, other) = keys.of(mine), keys.of(theirs)
    assert key is not None
    assert other is not None
    other.sealed = key.sealed
    with pytest.raises(KeyLocked):
        keys.opened(theirs, other)


@pytest.mark.parametrize("sealed", [None, b"", b"\x01short", b"\x02" + b"x" * 60, b"\x01" + b"x" * 60])
def test_what_is_no_sealed_key_is_locked(cast: Cast, sealed: bytes | None) -> None:
    with pytest.raises(KeyLocked):
        keys.opened(named(maya(cast)), DkimKey(selector="s", sealed=sealed))


def test_it_stands_on_no_page_and_in_no_words(
    app: Flask, cast: Cast, dns: NameServer, as_person: object
) -> None:
    domain = verified(dns, maya(cast))
    used, _ = keys.of(domain)
    assert used is not None
    secret = keys.opened(domain, used).decode().splitlines()[1]
    assert callable(as_person)
    client: FlaskClient = as_person(cast.maya)
    assert secret not in client.get("/sender-domain").text
    assert secret not in repr(signing_key(cast.harbour.id, NAME, current()))
