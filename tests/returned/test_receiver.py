"""The receiver takes mail for addresses with a token of ours, stores it before its 250, and relays nothing."""

import smtplib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import tokens
from app.db import db
from app.delivery.records import Came, IncomingMail, Source
from app.delivery.returned import incoming
from app.settings import Settings, current
from tests.returned import mails
from tests.returned.conftest import Sent
from tests.returned.receiver import OnThread, Running
from tests.returned.state import kept, noes, nothing_changed
from worker.receive import MAX_BYTES, engine_for

pytestmark = pytest.mark.both_databases


@pytest.fixture
def receiver(app: Flask, settings: Settings) -> Iterator[OnThread]:
    running = OnThread(settings)
    yield running
    running.close()


def stored() -> int:
    db.session.rollback()
    found = db.session.scalar(select(func.count(IncomingMail.id))) or 0
    db.session.rollback()
    return found


def bring(server: smtplib.SMTP, to: str | list[str], raw: bytes) -> None:
    server.sendmail("", to, raw)


def test_a_bounce_is_stored_then_heard_once(sent: Sent, receiver: OnThread) -> None:
    raw = mails.report(sent.to_sanne)
    with receiver.connect() as server:
        bring(server, mails.address(sent.to_sanne), raw)
    assert stored() == 1
    assert incoming.hear_incoming() == 1
    assert incoming.hear_incoming() == 0
    assert stored() == 0
    (row,) = kept()
    assert (row.kind, row.source, row.delivery_id) == (Came.HARD, Source.SMTP, sent.to_sanne.id)
    assert noes(sent.sanne) == {("partner", "bounce")}


def test_the_same_mail_brought_twice_is_heard_once(sent: Sent, receiver: OnThread) -> None:
    raw = mails.report(sent.to_sanne)
    with receiver.connect() as server:
        for _ in range(2):
            bring(server, mails.address(sent.to_sanne), raw)
    assert incoming.hear_incoming() == 2
    assert len(kept()) == 1


def test_what_got_its_250_is_heard_after_kill_9(sent: Sent, settings: Settings, app: Flask) -> None:
    running = Running(settings)
    server = running.connect()
    for number in range(10):
        bring(
            server,
            mails.address(sent.to_sanne),
            mails.report(sent.to_sanne, message_id=f"r{number}@mx.example"),
        )
    running.kill()
    server.close()
    assert incoming.hear_incoming(30) == 10
    assert len(kept()) == 10


def test_a_death_while_it_is_heard_loses_and_doubles_nothing(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = mails.report(sent.to_sanne)
    from app.clock import now

    incoming.store(db.engine, [sent.to_sanne.id], Source.SMTP, raw, now())
    row_id = db.session.scalar(select(IncomingMail.id))
    assert row_id is not None
    assert incoming.hear_stored(row_id)
    db.session.rollback()  # the process is gone before its commit
    assert (len(kept()), stored(), noes(sent.sanne)) == (0, 1, set())
    assert incoming.hear_incoming() == 1
    assert (len(kept()), stored(), noes(sent.sanne)) == (1, 0, {("partner", "bounce")})


def _addresses(sent: Sent) -> dict[str, str]:
    right = mails.address(sent.to_sanne)
    local, _, domain = right.partition("@")
    name, _, made = local.partition("+")
    foreign = tokens.make("bounce", sent.to_sanne.id, b"another installation's key")
    changed = made[:-1] + ("A" if made[-1] != "A" else "B")
    return {
        "no token": f"{name}@{domain}",
        "a changed token": f"{name}+{changed}@{domain}",
        "another key": f"{name}+{foreign}@{domain}",
        "another purpose": f"{name}+{mails.token(sent.to_sanne)}@{domain}",
        "another name": f"postmaster+{made}@{domain}",
        "another domain": f"{name}+{made}@elsewhere.example",
        "a stranger": "victim@elsewhere.example",
        "a percent": f"victim%elsewhere.example@{domain}",
        "a route": f"@{domain}:victim@elsewhere.example",
    }


def test_an_address_without_a_token_of_ours_is_refused_and_nothing_is_stored(
    sent: Sent, receiver: OnThread
) -> None:
    for what, address in _addresses(sent).items():
        with receiver.connect() as server:
            server.mail("")
            code, _ = server.rcpt(address)
            assert 500 <= code < 600, what
            assert server.docmd("DATA")[0] == 503, what
    assert nothing_changed()


def test_guessing_ends_the_connection(receiver: OnThread, app: Flask) -> None:
    server = receiver.connect()
    server.mail("")
    codes = [
        server.rcpt(f"campaigns+{'A' * 31}{n}@{current().mail_from.partition('@')[2]}")[0] for n in range(21)
    ]
    assert codes[:20] == [550] * 20
    assert codes[20] == 421
    server.close()


def test_a_mail_for_two_of_ours_and_a_stranger_is_kept_for_the_two(sent: Sent, receiver: OnThread) -> None:
    to = [mails.address(sent.to_sanne), mails.address(sent.to_gert), "victim@elsewhere.example"]
    with receiver.connect() as server:
        refused = server.sendmail("", to, mails.autoreply(sent.to_sanne))
    assert list(refused) == ["victim@elsewhere.example"]
    assert incoming.hear_incoming() == 2
    assert [row.delivery_id for row in kept()] == [sent.to_sanne.id, sent.to_gert.id]


def test_too_large_a_mail_is_refused(sent: Sent, receiver: OnThread) -> None:
    with receiver.connect() as server, pytest.raises(smtplib.SMTPException):
        bring(server, mails.address(sent.to_sanne), b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * MAX_BYTES)
    assert nothing_changed()


def test_a_long_line_and_a_large_mail_are_kept_as_far_as_anybody_looks(
    sent: Sent, receiver: OnThread
) -> None:
    raw = mails.report(sent.to_sanne) + b"y" * 20_000 + b"\r\n" + (b"x" * 70 + b"\r\n") * 40_000
    with receiver.connect() as server:
        bring(server, mails.address(sent.to_sanne), raw)
    assert incoming.hear_incoming() == 1
    assert [row.kind for row in kept()] == [Came.HARD]


def test_many_connections_at_once_lose_and_double_nothing(sent: Sent, receiver: OnThread) -> None:
    wrong: list[Exception] = []

    def work(sender: int) -> None:
        try:
            with receiver.connect() as server:
                for number in range(5):
                    raw = mails_of[sender * 5 + number]
                    bring(server, to, raw)
        except Exception as error:
            wrong.append(error)

    to = mails.address(sent.to_sanne)
    mails_of = [mails.report(sent.to_sanne, message_id=f"m{n}@mx.example") for n in range(100)]
    db.session.rollback()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert incoming.hear_incoming(60) == 100
    assert len(kept()) == 100


def test_a_mail_that_cannot_be_stored_is_asked_for_again(app: Flask, sent: Sent, settings: Settings) -> None:
    empty = f"sqlite:///{settings.data_dir / 'empty.db'}"
    broken = OnThread(replace(settings, database_url=empty))
    with broken.connect() as server, pytest.raises(smtplib.SMTPDataError) as caught:
        bring(server, mails.address(sent.to_sanne), mails.report(sent.to_sanne))
    assert caught.value.smtp_code == 451
    broken.close()
    assert nothing_changed()


def test_lmtp_answers_for_each_recipient(app: Flask, sent: Sent, settings: Settings, tmp_path: Path) -> None:
    running = OnThread(settings, f"lmtp:{tmp_path / 'lmtp'}")
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(tmp_path / "lmtp"))
        file = line.makefile("rwb")

        def say(text: str, replies: int = 1) -> list[int]:
            file.write(text.encode() + b"\r\n")
            file.flush()
            codes = []
            while len(codes) < replies:
                answer = file.readline()
                if answer[3:4] == b" ":
                    codes.append(int(answer[:3]))
            return codes

        assert file.readline().startswith(b"220")
        assert say("EHLO mx.example") == [500]
        assert say("LHLO mx.example") == [250]
        assert say("MAIL FROM:<>") == [250]
        assert say(f"RCPT TO:<{mails.address(sent.to_sanne)}>") == [250]
        assert say("RCPT TO:<victim@elsewhere.example>") == [550]
        assert say(f"RCPT TO:<{mails.address(sent.to_gert)}>") == [250]
        assert say("DATA") == [354]
        assert say("Subject: x\r\n\r\nhello\r\n.", 2) == [250, 250]
        assert say("QUIT") == [221]
        file.close()
    running.close()
    assert incoming.hear_incoming() == 2
    assert {row.source for row in kept()} == {Source.LMTP}


def test_on_sqlite_a_commit_of_the_receiver_is_on_the_disk(settings: Settings) -> None:
    engine = engine_for(settings)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()
