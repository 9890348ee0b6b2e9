"""Mails signed ahead: each row gets its own mail with a signature that holds, whatever the engine asks for and in whatever order."""

import os
import signal
from collections.abc import Iterator

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.delivery.dkim import Signer
from app.delivery.outcomes import Claimed
from app.delivery.signatures import Signatures
from app.delivery.signing import FEW, SigningWriter
from app.delivery.wire import Envelope, Form
from app.errors import Invalid

KEY = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)


class Plain:
    """Writes a small mail and notes for whom."""

    def __init__(self) -> None:
        self.written: list[int] = []

    def may_mail(self, email: str) -> bool:
        return not email.startswith("no")

    def envelope(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        self.written.append(row.id)
        if row.email.startswith("bad"):
            raise Invalid("This is no address a mail can be sent to.")
        if row.email.startswith("worse"):
            raise ZeroDivisionError
        body = f"From: a@throughline.example\r\nTo: {row.email}\r\nSubject: {row.id} {form}\r\n\r\n".encode()
        return Envelope("a@throughline.example", row.email, body + segments + b"\r\n", str(row.id))


@pytest.fixture
def plain() -> Plain:
    return Plain()


SIGNER = Signer("throughline.example", "s1", KEY)


@pytest.fixture
def signatures() -> Signatures:
    assert SIGNER.signature_size == 256
    return Signatures(KEY, SIGNER.signature_size, count=2)


@pytest.fixture
def writer(plain: Plain, signatures: Signatures) -> Iterator[SigningWriter]:
    made = SigningWriter(plain, SIGNER, signatures)
    yield made
    made.close()


def processes(signatures: Signatures) -> list[int]:
    return [each.pid for each in signatures._processes if each is not None]


def row(number: int, *, local: str = "p", rendering: int = 1, epoch: int = 1) -> Claimed:
    return Claimed(number, epoch, 0, rendering, False, f"{local}{number}@people.example", {})


def holds(envelope: Envelope, number: int, form: Form = "8bit", text: bytes = b"Hello") -> bool:
    """Whether it is this row's mail, signed."""
    record = SIGNER.dns_record()[1].encode()
    assert envelope.tag == str(number)
    assert f"Subject: {number} {form}\r\n".encode() in envelope.body
    assert envelope.body.endswith(text + b"\r\n")
    return bool(dkim.verify(envelope.body, dnsfunc=lambda name, timeout=5: record))


def test_rows_in_order_are_signed_ahead_by_processes(
    writer: SigningWriter, plain: Plain, signatures: Signatures
) -> None:
    rows = [row(number) for number in range(300)]
    writer.expect(rows)
    for each in rows:
        envelope = writer.envelope(each, b"Hello", "8bit")
        assert envelope.body.startswith(b"DKIM-Signature:")
        assert each.id % 20 or holds(envelope, each.id), "checking one takes dkimpy 80 ms"
    assert sorted(plain.written) == list(range(300)), "nothing is written twice"
    pids = processes(signatures)
    assert len(pids) == 2
    writer.close()
    assert not any(is_alive(pid) for pid in pids), "none is left behind"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_few_are_signed_without_a_process(writer: SigningWriter, signatures: Signatures) -> None:
    rows = [row(number) for number in range(FEW - 1)]
    writer.expect(rows)
    for each in rows:
        envelope = writer.envelope(each, b"Hello", "8bit")
        assert each.id % 20 or holds(envelope, each.id)
    assert processes(signatures) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_is_gone_or_stands_still_is_done_without(
    writer: SigningWriter, signatures: Signatures, how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(number) for number in range(400)]
    writer.expect(rows)
    for each in rows:
        envelope = writer.envelope(each, b"Hello", "8bit")
        assert each.id % 40 or holds(envelope, each.id)
        if each.id in (100, 200):
            monkeypatch.setattr("app.delivery.signatures._PATIENCE", 500)  # once they have started
            os.kill(processes(signatures)[0], how)
    assert processes(signatures) == []


def test_rows_that_are_told_twice_are_written_once(writer: SigningWriter, plain: Plain) -> None:
    rows = [row(number) for number in range(200)]
    writer.expect(rows)
    assert holds(writer.envelope(rows[0], b"Hello", "8bit"), 0)
    writer.expect(rows[1:])
    for each in rows[1:]:
        writer.envelope(each, b"Hello", "8bit")
    assert sorted(plain.written) == list(range(200))


def test_what_was_not_expected_is_signed_when_it_is_asked_for(writer: SigningWriter) -> None:
    assert holds(writer.envelope(row(7), b"Hello", "8bit"), 7)


def test_rows_may_be_left_out_and_come_back(writer: SigningWriter) -> None:
    rows = [row(number) for number in range(FEW)]
    writer.expect(rows)
    for each in rows[5::3]:
        assert holds(writer.envelope(each, b"Hello", "8bit"), each.id)
    for each in rows[:5]:
        assert holds(writer.envelope(each, b"Hello", "8bit"), each.id)


def test_a_row_that_is_claimed_anew_is_written_anew(writer: SigningWriter, plain: Plain) -> None:
    rows = [row(number) for number in range(FEW)]
    writer.expect(rows)
    writer.envelope(rows[0], b"Hello", "8bit")
    again = row(3, local="new", epoch=2)
    envelope = writer.envelope(again, b"Hello", "8bit")
    assert envelope.recipient == "new3@people.example"
    assert holds(envelope, 3)


def test_each_rendering_and_form_is_its_own(writer: SigningWriter) -> None:
    rows = [row(number, rendering=number % 2) for number in range(FEW)]
    writer.expect(rows)
    for each in rows:
        text = (b"Hello", b"Hallo")[each.rendering_id]
        form: Form = "qp" if each.id % 7 == 0 else "8bit"
        assert holds(writer.envelope(each, text, form), each.id, form, text)


def test_what_cannot_be_written_is_told_for_its_row_alone(writer: SigningWriter) -> None:
    rows = [row(number, local={3: "bad", 5: "worse"}.get(number, "p")) for number in range(FEW)]
    writer.expect(rows)
    for each in rows:
        if each.id == 3:
            with pytest.raises(Invalid, match="no address"):
                writer.envelope(each, b"Hello", "8bit")
        elif each.id == 5:
            with pytest.raises(ZeroDivisionError):
                writer.envelope(each, b"Hello", "8bit")
        else:
            assert holds(writer.envelope(each, b"Hello", "8bit"), each.id)


def test_it_never_runs_further_ahead_than_its_window(writer: SigningWriter, plain: Plain) -> None:
    rows = [row(number) for number in range(1000)]
    writer.expect(rows)
    writer.envelope(rows[0], b"Hello", "8bit")
    writer.envelope(rows[1], b"Hello", "8bit")
    writer.close()
    assert len(plain.written) <= 140


def test_whom_it_may_mail_is_not_its_to_say(writer: SigningWriter) -> None:
    assert writer.may_mail("anna@people.example")
    assert not writer.may_mail("nobody@people.example")
