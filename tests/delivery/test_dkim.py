"""DKIM: signatures that another implementation accepts, that cover what they must, and that no change survives."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dkim
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from flask import Flask
from hypothesis import example, given
from hypothesis import settings as patience
from hypothesis import strategies as st

from app.db import db
from app.delivery.dkim import (
    REPLACED_BY_SES,
    BadKey,
    Signer,
    header_fields,
    relaxed_body,
    signer_for,
)
from app.errors import Invalid
from app.mail import jobs
from app.mail.models import OutgoingMail
from app.render.context import Partner, Vendor
from app.render.email import EmailSource, compile_email
from app.render.mime import Form, MessageHeaders, Recipient, Tokens, build
from app.settings import Settings, SettingsError
from cli.dkim import dkim as dkim_commands
from tests.delivery import made
from tests.rig.sink import Sink


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


RSA_KEY = pem(rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer("throughline.example", "s1", RSA_KEY)


ANY = Signer("throughline.example", "s1", RSA_KEY)


def settings(**values: Any) -> Settings:
    return Settings("x" * 32, "y" * 32, dkim_domain="throughline.example", **values)


def mail(form: Form = "8bit", first_name: str = "Anna") -> bytes:
    """A campaign mail as it is really written."""
    compiled = compile_email(
        EmailSource(made.MJML, "News for {{ contact.first_name }}"),
        {},
        Partner(name="Harbour IT", postal_address="Kade 1, 3011 Rotterdam"),
        Vendor(name="Northwind Cloud"),
        "You get this because you agreed.",
        "en",
    )
    head = MessageHeaders(
        "Harbour IT", "campaigns@throughline.example", "https://go.example", "anna@harbour.example", "a:b:c:d"
    )
    recipient = Recipient("anna@people.example", Tokens("c", "u", "m", "d"), {"first_name": first_name})
    return build(compiled, head).splice(recipient, form)


def accepts(signer: Signer, signed: bytes) -> bool:
    """What dkimpy says, with the key from a DNS of our own."""
    name, record = signer.dns_record()

    def dns(asked: bytes, timeout: int = 5) -> bytes | None:
        return record.encode() if asked.rstrip(b".").decode() == name else None

    return bool(dkim.verify(signed, dnsfunc=dns))


@pytest.mark.parametrize("form", ["8bit", "qp"])
@pytest.mark.parametrize("first_name", ["Anna", "Zoë", "a  b\tc ", "李" * 30])
def test_another_implementation_accepts_our_mails(signer: Signer, form: Form, first_name: str) -> None:
    message = mail(form, first_name)
    assert accepts(signer, signer.header(message) + message)


def test_the_header_is_folded_and_names_what_it_must(signer: Signer) -> None:
    header = signer.header(mail(), moment=1_800_000_000)
    assert header.endswith(b"\r\n")
    assert max(len(line) for line in header.split(b"\r\n")) <= 78 + len("DKIM-Signature: ")
    assert all(line.startswith(b" ") for line in header.split(b"\r\n")[1:-1])
    assert b" t=1800000000;" in header
    value = b"".join(header.split())
    names = re.search(rb"h=([^;]*);", value)
    assert names
    covered = names[1].split(b":")
    for name in (b"from", b"list-unsubscribe", b"list-unsubscribe-post"):
        assert covered.count(name) == 2, f"{name!r} is covered, and nobody can add another"
    for name in (b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"):
        assert name in covered
    assert b"x-throughline-delivery" in covered
    assert b"feedback-id" in covered


@pytest.mark.parametrize(
    "name",
    [
        *("From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Unsubscribe"),
        *("List-Unsubscribe-Post", "MIME-Version", "Content-Type", "X-Throughline-Delivery", "Feedback-ID"),
    ],
)
def test_no_signed_header_can_be_changed_or_removed(signer: Signer, name: str) -> None:
    message = mail()
    header = signer.header(message)
    pattern = re.compile(rf"^{name}: .*(?:\r\n[ \t].*)*\r\n".encode(), re.MULTILINE)
    found = pattern.search(message)
    assert found, "the mail has this header"
    changed = found[0].rstrip(b"\r\n") + b"x\r\n"
    assert not accepts(signer, header + message.replace(found[0], changed, 1))
    assert not accepts(signer, header + message.replace(found[0], b"", 1))


@pytest.mark.parametrize("name", ["From", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post", "Reply-To"])
def test_nobody_can_put_a_second_header_in_front(signer: Signer, name: str) -> None:
    message = mail()
    header = signer.header(message)
    assert not accepts(signer, f"{name}: mallory@elsewhere.example\r\n".encode() + header + message)


def test_no_change_of_the_body_survives_but_spaces_may_be_lost(signer: Signer) -> None:
    message = mail()
    header = signer.header(message)
    assert not accepts(signer, header + message.replace(b"Hello", b"Hallo"))
    assert not accepts(signer, header + message + b"more\r\n")
    assert accepts(signer, header + message + b"\r\n\r\n")
    assert accepts(signer, header + message.replace(b"\r\n.a line", b" \t\r\n.a  line"))
    assert accepts(signer, header + message.replace(b"Subject: ", b"SUBJECT:\r\n   "))


def test_headers_that_a_server_rewrites_can_be_left_out() -> None:
    signer = Signer("throughline.example", "s1", RSA_KEY, REPLACED_BY_SES)
    message = mail()
    header = signer.header(message)
    changed = re.sub(rb"^(Date|Message-ID): .*\r\n", rb"\1: anew\r\n", message, flags=re.MULTILINE)
    assert changed != message
    assert accepts(signer, header + changed)
    assert not accepts(signer, header + message.replace(b"Subject: ", b"Subject: x"))


def plain_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4, word by word."""
    lines = [re.sub(rb"[ \t]+", b" ", re.sub(rb"[ \t]+$", b"", line)) for line in _lines(body)]
    while lines and lines[-1] == b"":
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def _lines(body: bytes) -> list[bytes]:
    lines = body.split(b"\r\n")
    return lines[:-1] if lines[-1] == b"" else lines


def plain_field(line: bytes) -> bytes:
    """RFC 6376, 3.4.2, word by word."""
    name, _, value = line.partition(b":")
    value = re.sub(rb"\r\n(?=[ \t])", b"", value)
    return name.strip(b" \t").lower() + b":" + re.sub(rb"[ \t]+", b" ", value).strip(b" \t") + b"\r\n"


PIECES = st.sampled_from(
    [
        b" ",
        b"  ",
        b"\t",
        b"\r\n",
        b"\r\n\r\n",
        b"a",
        b"=20",
        b"\x0b",
        b"\x0c",
        b" " * 9,
        b"\xc3\xbc",
        b".",
        b"\x00",
    ]
)
BODIES = st.lists(PIECES, max_size=60).map(b"".join)


@patience(deadline=None)
@given(BODIES)
@example((b"x" + b"  ") * 100 + b"\r\n")
@example(b" \r\n" * 50)
def test_the_fast_form_of_a_body_is_the_plain_one(body: bytes) -> None:
    assert relaxed_body(body) == plain_body(body)


@patience(deadline=None)
@given(BODIES.filter(lambda body: body.endswith(b"\r\n")))
def test_the_form_of_a_body_is_what_the_other_implementation_makes_of_it(body: bytes) -> None:
    assert relaxed_body(body) == dkim.canonicalization.Relaxed.canonicalize_body(body)


VALUES = st.lists(
    st.sampled_from(
        [b" ", b"\t", b"\r\n ", b"\r\n\t", b"a", b":", b"\x0b", b"\x0c", b"\xc3\xbc", b"=?utf-8?"]
    ),
    max_size=12,
).map(b"".join)


@patience(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([b"From", b"to ", b"X-A\t", b"SUBJECT"]), VALUES), max_size=6))
def test_the_fast_form_of_headers_is_the_plain_one(fields: list[tuple[bytes, bytes]]) -> None:
    lines = [name + b":" + value for name, value in fields]
    got = header_fields(b"".join(line + b"\r\n" for line in lines))
    expected: dict[bytes, list[bytes]] = {}
    for line in lines:
        expected.setdefault(line.partition(b":")[0].strip().lower(), []).append(plain_field(line))
    assert got == expected


@patience(deadline=None, max_examples=30)
@given(BODIES)
def test_any_body_is_signed_so_that_the_other_implementation_accepts_it(body: bytes) -> None:
    signer = ANY
    message = b"From: a@throughline.example\r\nTo: b@people.example\r\n\r\n" + body + b"\r\n"
    assert accepts(signer, signer.header(message) + message)


def test_an_ed25519_key_signs_as_rfc_8463_says() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    signer = Signer("throughline.example", "ed", pem(key))
    message = mail()
    header = signer.header(message)
    value = b"".join(header.split())
    assert b"a=ed25519-sha256;" in value
    body_hash = base64.b64encode(hashlib.sha256(plain_body(message.partition(b"\r\n\r\n")[2])).digest())
    assert b"bh=" + body_hash + b";" in value
    unsigned = re.sub(rb"b=[A-Za-z0-9+/=\s]*$", b"b=", header)
    fields = header_fields(message.partition(b"\r\n\r\n")[0] + b"\r\n")
    signed = b"".join(fields[n.encode()].pop() for n in signer.signed if fields.get(n.encode()))
    digest = hashlib.sha256(signed + plain_field(unsigned)[:-2]).digest()
    key.public_key().verify(base64.b64decode(value.rpartition(b"b=")[2]), digest)  # raises where it is wrong
    assert signer.dns_record()[1].startswith("v=DKIM1; k=ed25519; p=")
    assert len(base64.b64decode(signer.dns_record()[1].partition("p=")[2])) == 32


def test_a_message_without_a_head_is_refused(signer: Signer) -> None:
    with pytest.raises(ValueError, match="empty line"):
        signer.header(b"Hello\r\n")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Signer("throughline.example", "s1", b"nonsense"), "in PEM"),
        (
            lambda: Signer("throughline.example", "s1", pem(ec.generate_private_key(ec.SECP256R1()))),
            "RSA or an Ed25519",
        ),
        (lambda: Signer("through line", "s1", RSA_KEY), "domain"),
        (lambda: Signer("throughline.example", "s1;", RSA_KEY), "selector"),
        (lambda: Signer("", "s1", RSA_KEY), "domain"),
        (lambda: Signer("Throughline.example", "s1", RSA_KEY), "domain"),
        (lambda: signer_for(settings(dkim_key=Path("/nowhere/key.pem"))), "can’t be read"),
    ],
)
def test_a_key_that_is_of_no_use_is_refused_with_words(make: Callable[[], Signer | None], words: str) -> None:
    with pytest.raises(BadKey, match=words):
        make()


def test_a_short_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.delivery.dkim.MIN_RSA_BITS", 4096)
    with pytest.raises(BadKey, match="2048 bits"):
        Signer("throughline.example", "s1", RSA_KEY)


def test_a_key_with_a_password_is_refused() -> None:
    locked = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    with pytest.raises(BadKey, match="without a password"):
        Signer("throughline.example", "s1", locked)


def test_the_settings_say_who_signs(tmp_path: Path) -> None:
    assert signer_for(Settings("x" * 32, "y" * 32)) is None, "the mail server signs"
    path = tmp_path / "key.pem"
    path.write_bytes(RSA_KEY)
    signer = signer_for(settings(dkim_key=path))
    assert signer
    assert signer.dns_record()[0] == "throughline._domainkey.throughline.example"
    assert "date" in signer.signed
    over_ses = signer_for(settings(dkim_key=path, mail_transport="ses://eu-west-1"))
    assert over_ses
    assert not {"date", "message-id"} & set(over_ses.signed), "Amazon SES writes these anew"


@pytest.mark.parametrize("raw", [None, mail("qp")])
def test_single_mails_are_signed_too(app: Flask, smtp_sink: Sink, tmp_path: Path, raw: bytes | None) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(RSA_KEY)
    before = app.extensions["settings"]
    app.extensions["settings"] = replace(
        before,
        sandbox_smtp=f"127.0.0.1:{smtp_sink.port}",
        dkim_domain="throughline.example",
        dkim_key=path,
    )
    note = OutgoingMail(
        template="t",
        recipient="femke@people.example",
        subject="Grüße",
        text="Hello\n.\n",
        html="<p>Grüße  </p>",
        raw=raw,
    )
    db.session.add(note)
    db.session.commit()
    try:
        jobs.send_mail(note.id)
        assert note.sent_at is not None
        path.unlink()
        unsigned = OutgoingMail(template="t", recipient="b@people.example", subject="x", text="x", html="x")
        db.session.add(unsigned)
        db.session.commit()
        jobs.send_mail(unsigned.id)
        db.session.refresh(unsigned)
    finally:
        app.extensions["settings"] = before
    (got,) = smtp_sink.accepted
    assert accepts(Signer("throughline.example", "throughline", RSA_KEY), got.content)
    assert unsigned.reason, "nothing leaves unsigned because the key is gone"
    assert "can’t be read" in unsigned.reason


def test_half_of_the_settings_is_refused() -> None:
    given = {"SECRET_KEY": "x" * 32, "SUPPRESSION_KEY": "y" * 32, "DKIM_DOMAIN": "throughline.example"}
    with pytest.raises(SettingsError, match="signing needs both"):
        Settings.from_env(given)


def test_the_command_makes_a_key_and_prints_the_record(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    run = CliRunner()
    made_key = run.invoke(dkim_commands, ["key", str(path)], catch_exceptions=False)
    assert made_key.exit_code == 0
    assert path.stat().st_mode & 0o077 == 0, "nobody else reads it"
    again = run.invoke(dkim_commands, ["key", str(path)])
    assert again.exit_code == 1, "a key that is in use is never written over"
    environ = {
        "DATA_DIR": str(tmp_path),
        "DKIM_DOMAIN": "Throughline.example",
        "DKIM_SELECTOR": "s1",
        "DKIM_KEY": str(path),
    }
    printed = run.invoke(dkim_commands, ["record"], obj=environ, catch_exceptions=False)
    name, _, record = printed.output.partition(" TXT ")
    assert name == "s1._domainkey.throughline.example."
    strings = re.findall(r'"([^"]*)"', record)
    assert all(len(each) <= 255 for each in strings), "a TXT record is made of strings of at most 255 bytes"
    assert "".join(strings) == Signer("throughline.example", "s1", path.read_bytes()).dns_record()[1]


def test_the_command_says_when_nothing_is_signed(tmp_path: Path) -> None:
    printed = CliRunner().invoke(dkim_commands, ["record"], obj={"DATA_DIR": str(tmp_path)})
    assert isinstance(printed.exception, Invalid)
    assert "DKIM_DOMAIN" in printed.exception.message
