"""Mails that came back are understood after the RFCs; whatever comes in, the answer is one of the kinds."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from app.delivery.bounces import Cause, Kind, classify
from app.delivery.bounces.read import LONGEST
from app.delivery.bounces.rules import alternatives
from cli.bounce import bounce
from tests.bounces.mails import ORIGINAL, block, dsn, feedback, words

ANN = "ann@shop.example"


@pytest.mark.parametrize(
    ("action", "status", "said", "kind", "cause"),
    [
        ("failed", "5.1.1", "550 5.1.1 <ann@shop.example>: User unknown", Kind.HARD, Cause.NO_MAILBOX),
        ("failed", "5.1.1", "", Kind.HARD, Cause.NO_MAILBOX),
        ("failed", "5.1.2", "", Kind.HARD, Cause.NO_DOMAIN),
        ("failed", "5.1.3", "", Kind.HARD, Cause.BAD_ADDRESS),
        ("failed", "5.1.6", "", Kind.HARD, Cause.MOVED),
        ("failed", "5.0.0", "556 domain does not accept mail", Kind.HARD, Cause.NO_MAIL),
        ("failed", "5.0.0", "550 5.1.1 no mailbox here", Kind.HARD, Cause.NO_MAILBOX),
        ("failed", "4.1.1", "450 4.1.1 <ann@shop.example>: User unknown", Kind.SOFT, Cause.UNPROVED),
        ("delayed", "4.4.1", "connection timed out", Kind.SOFT, Cause.DELAYED),
        ("delayed", "5.1.1", "550 user unknown", Kind.SOFT, Cause.DELAYED),
        ("delivered", "2.0.0", "", Kind.NONE, Cause.DELIVERED),
        ("relayed", "2.0.0", "", Kind.NONE, Cause.DELIVERED),
        ("expanded", "2.0.0", "", Kind.NONE, Cause.DELIVERED),
        ("failed", "5.2.2", "552 5.2.2 Quota exceeded", Kind.SOFT, Cause.FULL),
        ("failed", "5.1.1", "550 5.1.1 mailbox is full", Kind.SOFT, Cause.FULL),
        ("failed", "5.2.1", "550 5.2.1 account is disabled", Kind.SOFT, Cause.DISABLED),
        ("failed", "5.7.1", "554 5.7.1 blocked using a list of spammers", Kind.SOFT, Cause.BLOCKED),
        ("failed", "5.7.1", "554 5.7.1 Relay access denied", Kind.SOFT, Cause.RELAY),
        ("failed", "5.7.26", "550 5.7.26 does not pass DMARC", Kind.SOFT, Cause.AUTHENTICATION),
        ("failed", "5.1.8", "553 5.1.8 Domain of sender address does not exist", Kind.SOFT, Cause.SENDER),
        ("failed", "5.3.4", "552 5.3.4 message too large", Kind.SOFT, Cause.SIZE),
        ("failed", "5.4.7", "retry timed out", Kind.SOFT, Cause.EXPIRED),
        ("failed", "5.0.0", "550 No", Kind.SOFT, Cause.UNKNOWN),
    ],
)
def test_a_report_is_judged_by_action_status_and_words(
    action: str, status: str, said: str, kind: Kind, cause: Cause
) -> None:
    verdict = classify(dsn(block(ANN, action, status, said)))
    assert (verdict.kind, verdict.cause) == (kind, cause)
    assert [one.address for one in verdict.recipients] == [ANN]


def test_one_hard_recipient_makes_the_mail_hard() -> None:
    verdict = classify(
        dsn(block("bob@shop.example", status="5.2.2"), block(ANN), block("cy@shop.example", "delayed"))
    )
    assert verdict.kind is Kind.HARD
    assert {one.address: one.kind for one in verdict.recipients} == {
        ANN: Kind.HARD,
        "bob@shop.example": Kind.SOFT,
        "cy@shop.example": Kind.SOFT,
    }
    assert verdict.as_json()["recipient"] == ANN


@pytest.mark.parametrize(
    ("stage", "kind"),
    [
        ("(in reply to RCPT TO command)", Kind.HARD),
        ("(in reply to end of DATA command)", Kind.SOFT),
        ("(in reply to MAIL FROM command)", Kind.SOFT),
    ],
)
def test_no_such_user_counts_as_the_answer_to_the_recipient(stage: str, kind: Kind) -> None:
    text = f"<{ANN}>: host mx.shop.example said: 550 no such user here {stage}"
    assert classify(words(text)).kind is kind


@pytest.mark.parametrize("kind", ["abuse", "fraud", "opt-out", "other", "no-such-type"])
def test_a_feedback_report_is_a_complaint(kind: str) -> None:
    verdict = classify(feedback(kind, f"Original-Rcpt-To: <{ANN}>"))
    assert verdict.kind is Kind.COMPLAINT
    assert verdict.recipients[0].address == ANN


def test_a_redacted_feedback_report_names_whom_the_mail_was_for() -> None:
    assert classify(feedback("abuse")).recipients[0].address == ANN


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "virus"])
def test_not_each_feedback_report_is_a_complaint(kind: str) -> None:
    assert classify(feedback(kind, f"Original-Rcpt-To: {ANN}")).kind is Kind.NONE


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Re: News", "Auto-Submitted: auto-replied\n"),
        ("Re: News", "Precedence: auto_reply\n"),
        ("Re: News", "X-Autoreply: yes\n"),
        ("Re: News", "X-Autorespond: yes\n"),
        ("Out of Office: News", ""),
        ("Automatic reply: News", ""),
        ("Automatische Antwort: News", ""),
        ("Réponse automatique : News", ""),
        ("Respuesta automática: News", ""),
        ("Risposta automatica: News", ""),
        ("Resposta automática: News", ""),
        ("Autosvar: News", ""),
        ("Automatisch antwoord: News", ""),
        ("Odpowiedź automatyczna: News", ""),
        ("Автоматический ответ: News", ""),
        ("自動応答: News", ""),
        ("自动回复: News", ""),
        ("자동 회신: News", ""),
    ],
)
def test_an_automatic_reply_is_never_a_bounce(subject: str, headers: str) -> None:
    away = "I left the company. The mailbox is full, 550 5.1.1 user unknown, the address does not exist."
    mail = words(away, sender="Ann <ann@shop.example>", subject=subject, headers=headers)
    assert classify(mail).kind is Kind.AUTOREPLY


def test_a_vacation_reply_of_a_daemon_is_one_too() -> None:
    mail = words("Ann is away; user unknown", headers="Auto-Submitted: auto-replied (vacation)\n")
    assert classify(mail).kind is Kind.AUTOREPLY


def test_a_reply_from_an_address_that_takes_none_is_one_too() -> None:
    headers = "Auto-Submitted: auto-replied\n"
    mail = words("Your message was not delivered to a person.", "no-reply@shop.example", "Ticket 1", headers)
    assert classify(mail).kind is Kind.AUTOREPLY


def test_a_read_receipt_is_one_too() -> None:
    mail = dsn(block(ANN)).replace(b"message/delivery-status", b"message/disposition-notification")
    assert classify(mail).kind is Kind.AUTOREPLY


def test_what_a_person_writes_is_nothing() -> None:
    mail = words(
        "Please stop. My old address does not exist, 550 user unknown.", "Ann <ann@shop.example>", "Re: News"
    )
    assert classify(mail).kind is Kind.NONE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (
            f"<{ANN}>:\n10.0.0.1 does not like recipient.\nRemote host said: 550 no such user\nGiving up.",
            Kind.HARD,
        ),
        (f"<{ANN}>:\nSorry, I couldn't find any host named shop.example. (#5.1.2)", Kind.HARD),
        (f"  {ANN}\n    host mx [10.0.0.1]: 552 mailbox for {ANN} is full", Kind.SOFT),
        (f"User {ANN} not listed in directory; the message was not delivered", Kind.HARD),
        (f"{ANN}\nEmpfänger unbekannt, die Nachricht could not be delivered", Kind.HARD),
        (f"{ANN}\nutilisateur inconnu, message could not be delivered", Kind.HARD),
        (f"{ANN}\n    Unrouteable address", Kind.HARD),
        (f"{ANN}\n    all relevant MX records point to non-existent hosts", Kind.HARD),
        (f"<{ANN}>: Host or domain name not found. Name service error: Host not found", Kind.HARD),
        (f"<{ANN}>: Name service error: Host not found, try again", Kind.SOFT),
        (
            f"<{ANN}>: 550 Recipient address rejected: undeliverable address (in reply to RCPT TO command)",
            Kind.HARD,
        ),
        (f"{ANN}\nUnroutable sender address", Kind.SOFT),
        (f"Could not be delivered to: <{ANN}>\nAs their mailbox is full.", Kind.SOFT),
    ],
)
def test_servers_that_write_no_report_are_understood(text: str, kind: Kind) -> None:
    verdict = classify(words(text))
    assert verdict.kind is kind
    assert verdict.recipients[0].address == ANN


@pytest.mark.parametrize("charset", ["iso-2022-jp", "euc-jp", "shift_jis", "utf-8"])
def test_japanese_in_its_charsets(charset: str) -> None:
    text = f"<{ANN}>: メールアドレスが存在しません。送信できませんでした。"
    assert classify(words(text, charset=charset)).kind is Kind.HARD


def test_a_charset_that_is_none_and_a_wrong_one() -> None:
    text = f"<{ANN}>: Empfänger unbekannt, could not be delivered (in reply to RCPT TO command)"
    assert classify(words(text, charset="no-such-charset")).kind is Kind.HARD
    assert classify(words(text, charset="latin-1").replace(b"latin-1", b"utf-8")).kind is Kind.HARD


def test_a_bounce_that_quotes_another_tells_of_itself_only() -> None:
    inner = dsn(block("old@other.example", status="5.1.1", said="550 5.1.1 user unknown")).decode()
    # Whether the quoted one has a boundary of its own or, as a careless server may leave it, the same.
    for original in (inner, inner.replace("b1", "b2")):
        verdict = classify(dsn(block(ANN, status="5.2.2", said="552 5.2.2 mailbox full"), original=original))
        assert verdict.kind is Kind.SOFT
        assert [one.address for one in verdict.recipients] == [ANN]
    text = f"<{ANN}>: 552 mailbox is full\n\n--- Below this line is a copy of the message.\n\n<old@other.example>: 550 5.1.1 user unknown"
    assert [one.kind for one in classify(words(text)).recipients] == [Kind.SOFT]


def test_a_bounce_that_a_person_forwards_is_nothing() -> None:
    inner = dsn(block("old@other.example")).decode()
    mail = f"From: ann@shop.example\nSubject: Fwd: what is this\nContent-Type: message/rfc822\n\n{inner}".encode()
    assert classify(mail).kind is Kind.NONE


def test_a_report_whose_parts_are_broken() -> None:
    whole = dsn(block(ANN, said="550 5.1.1 user unknown"))
    for broken in (
        whole.replace(b'boundary="b1"', b'boundary="other"'),
        whole.replace(b"multipart/report; report-type=delivery-status", b"text/plain"),
        whole[: whole.index(b"--b1--")],
        whole.replace(b"\n", b"\r\n"),
        whole.replace(b"\n", b"\0\n"),
    ):
        assert classify(broken).kind is Kind.HARD


def test_a_huge_mail_costs_little() -> None:
    mail = dsn(block(ANN), original=ORIGINAL + "x" * 72 * 1 + ("\n" + "y" * 76) * 400_000)
    assert len(mail) > 20 * LONGEST
    began = time.process_time()
    assert classify(mail).kind is Kind.HARD
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "mail",
    [
        b"From: mailer-daemon@x\nSubject: failure notice\n\n" + b"user " * 100_000,
        b"From: mailer-daemon@x\nSubject: failure notice\n\n" + b"<" * 300_000,
        b"From: mailer-daemon@x\nSubject: failure notice\n\n" + b"a@b.c, " * 60_000,
        b"From: mailer-daemon@x\nSubject: failure notice\nContent-Type: text/html\n\n" + b"<style" * 60_000,
        b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3000)),
        b"Content-Type: message/rfc822\n\n" * 5000,
        b"Subject: " + b"=?utf-8?q?" * 50_000 + b"\n\n",
    ],
)
def test_what_is_made_to_cost_much_costs_little(mail: bytes) -> None:
    began = time.process_time()
    assert classify(mail).kind in Kind
    assert time.process_time() - began < 2


PIECES = [
    *dsn(block(ANN), block("b@x.example", "delayed", "4.0.0")).split(b"\n"),
    *feedback("abuse").split(b"\n"),
    *words("550 user unknown").split(b"\n"),
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Type: message/delivery-status; charset=hex",
    b"Content-Type: text/html; charset*=bad''x",
    b"X-Failed-Recipients: =?utf-8?b?====?=",
    b"",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=40), max_size=40))
def test_whatever_comes_in_there_is_an_answer(lines: list[bytes]) -> None:
    told = json.loads(json.dumps(classify(b"\n".join(lines)).as_json()))
    assert told["kind"] in {kind.value for kind in Kind}
    assert len(told["reason"]) > 5


def test_alternatives_are_those_between_the_outermost_bars() -> None:
    assert alternatives(r"a(?:b|c)|\(d|e\)") == ["a(?:b|c)", r"\(d", r"e\)"]


def test_the_command_prints_a_line_a_file(tmp_path: Path) -> None:
    hard, away = tmp_path / "hard", tmp_path / "away"
    hard.write_bytes(dsn(block(ANN, said="550 5.1.1 user unknown")))
    away.write_bytes(words("Away", "ann@shop.example", "Out of office"))
    done = CliRunner().invoke(bounce, ["classify", str(hard), str(away), "--json"])
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["file"], first["kind"], first["status"], first["recipient"]) == (
        str(hard),
        "hard",
        "5.1.1",
        ANN,
    )
    assert first["reason"] == "There is no such mailbox."
    assert first["recipients"][0]["diagnostic"] == "550 5.1.1 user unknown"
    assert (second["kind"], second["status"], second["recipients"]) == ("autoreply", "", [])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(bounce, ["classify", str(tmp_path / "none")])
    assert done.exit_code == 1
    assert "can’t be read" in str(done.exception)
