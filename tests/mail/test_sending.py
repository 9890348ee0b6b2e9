"""Sending a mail: once, again when it failed, and to nobody who isn't named."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.clock import now
from app.db import db
from app.mail import jobs, sending
from app.mail.allow import may_mail
from app.mail.models import OutgoingMail
from app.settings import Settings
from tests.rig.sink import Sink

pytestmark = pytest.mark.both_databases


@pytest.fixture
def sink(app: Flask, smtp_sink: Sink) -> Iterator[Sink]:
    before: Settings = app.extensions["settings"]
    app.extensions["settings"] = replace(before, sandbox_smtp=f"127.0.0.1:{smtp_sink.port}")
    yield smtp_sink
    app.extensions["settings"] = before


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    heard: list[int] = []
    monkeypatch.setattr(jobs, "ring", lambda settings, found: heard.extend(args[0] for _, args in found))
    return heard


def write(recipient: str = "femke@noordkade.example", **values: Any) -> OutgoingMail:
    mail = OutgoingMail(
        template="t", recipient=recipient, subject="Grüße", text="Hello\n.\n", html="<p>Hello</p>", **values
    )
    db.session.add(mail)
    db.session.commit()
    return mail


def test_a_mail_goes_out_once(app: Flask, sink: Sink) -> None:
    mail = write()
    jobs.send_mail(mail.id)
    jobs.send_mail(mail.id)
    assert sink.recipients() == {"femke@noordkade.example": 1}
    assert mail.sent_at is not None
    assert b"campaigns@throughline.example" in sink.accepted[0].content
    assert sink.accepted[0].sender == "campaigns@throughline.example"


def test_two_workers_do_not_take_the_same_mail(app: Flask, sink: Sink) -> None:
    mail = write()
    ids = [mail.id] * 6
    start = threading.Barrier(len(ids))

    def work(mail_id: int) -> None:
        with app.app_context():
            start.wait()
            jobs.send_mail(mail_id)
            db.session.remove()

    threads = [threading.Thread(target=work, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sink.recipients() == {"femke@noordkade.example": 1}


def test_a_refusal_is_kept_with_its_reason(app: Flask, sink: Sink) -> None:
    mail = write("550@noordkade.example")
    jobs.send_mail(mail.id)
    db.session.refresh(mail)
    assert mail.failed_at is not None
    assert mail.reason == "The mail server refused it (550)."


@pytest.mark.parametrize("recipient", ["454x1-ok@noordkade.example", "data-452x1-ok@noordkade.example"])
def test_a_delay_is_tried_again_after_a_pause(app: Flask, sink: Sink, recipient: str) -> None:
    mail = write(recipient)
    jobs.send_mail(mail.id)
    db.session.refresh(mail)
    assert mail.sent_at is None
    assert timedelta(seconds=20) < mail.not_before - now() <= timedelta(seconds=30)
    jobs.send_mail(mail.id)
    assert sink.recipients() == {}
    mail.not_before = now()
    db.session.commit()
    jobs.send_mail(mail.id)
    assert sink.recipients() == {recipient: 1}


def test_a_server_that_is_away_fails_it_only_after_every_try(app: Flask) -> None:
    app.extensions["settings"], before = (
        replace(app.extensions["settings"], sandbox_smtp="127.0.0.1:1"),
        app.extensions["settings"],
    )
    mail = write()
    try:
        for _ in range(sending.MAX_ATTEMPTS):
            assert mail.failed_at is None
            mail.not_before = now()
            db.session.commit()
            jobs.send_mail(mail.id)
            db.session.refresh(mail)
    finally:
        app.extensions["settings"] = before
    assert mail.failed_at is not None
    assert mail.attempts == sending.MAX_ATTEMPTS
    assert mail.reason == "The mail server can’t be reached."


def test_a_dead_worker_s_lease_runs_out(app: Flask, sink: Sink) -> None:
    mail = write(attempts=1, lease_until=now() + timedelta(minutes=1))
    jobs.send_mail(mail.id)
    assert sink.recipients() == {}
    mail.lease_until = now() - timedelta(seconds=1)
    db.session.commit()
    jobs.send_mail(mail.id)
    assert sink.recipients() == {"femke@noordkade.example": 1}


def test_a_worker_that_comes_back_late_changes_nothing(app: Flask, sink: Sink) -> None:
    mail = write()
    late = sending.claim(mail.id)
    assert late is not None
    db.session.commit()
    db.session.expunge(late)
    taken_over = db.session.get(OutgoingMail, late.id)
    assert taken_over is not None
    taken_over.lease_until = now() - timedelta(seconds=1)
    db.session.commit()
    jobs.send_mail(taken_over.id)
    db.session.expunge_all()
    db.session.add(late)
    sending.failed(late, "too late")
    db.session.commit()
    assert db.session.get_one(OutgoingMail, late.id).failed_at is None


def test_a_mail_that_kills_its_worker_is_set_aside(app: Flask, sink: Sink) -> None:
    mail = write(attempts=sending.MAX_ATTEMPTS)
    jobs.send_mail(mail.id)
    db.session.refresh(mail)
    assert mail.reason == "Every try ended without an answer."
    assert sink.recipients() == {}


def test_the_beat_finds_what_redis_forgot_and_rings_once(app: Flask, rung: list[int]) -> None:
    lost = write(rung_at=now() - timedelta(minutes=1))
    write(not_before=now() + timedelta(minutes=1))
    just_now = now()
    write(not_before=just_now, rung_at=just_now)
    write(sent_at=now())
    again = write(not_before=now() - timedelta(seconds=1), rung_at=now() - timedelta(seconds=10))
    assert jobs.wake_due(app) == 2
    assert sorted(rung) == [lost.id, again.id]
    assert jobs.wake_due(app) == 0


def test_nobody_is_mailed_by_accident(app: Flask, sink: Sink) -> None:
    before: Settings = app.extensions["settings"]
    app.extensions["settings"] = replace(
        before, mail_transport=sink.url, mail_allow=("@harbour-it.example", "one@else.example")
    )
    for recipient in (
        "femke@noordkade.example",
        "Maya@Harbour-IT.example",
        "one@else.example",
        "x@sub.harbour-it.example",
    ):
        jobs.send_mail(write(recipient).id)
    assert set(sink.recipients()) == {"Maya@Harbour-IT.example", "one@else.example"}
    refused = db.session.query(OutgoingMail).filter(OutgoingMail.failed_at.is_not(None)).all()
    assert {mail.reason for mail in refused} == {"MAIL_ALLOW doesn’t name this address."}


def test_production_and_the_sandbox_mail_anyone(app: Flask) -> None:
    settings: Settings = app.extensions["settings"]
    assert may_mail(settings, "a@b.example")
    assert may_mail(
        replace(settings, environment="production", mail_transport="smtp://relay.example"), "a@b.example"
    )
    assert not may_mail(replace(settings, mail_transport="smtp://relay.example"), "a@b.example")


RAW = b"From: a@b.example\r\nSubject: [Test] Hello\r\n\r\nHello\r\n.a dot\r\n"


def finished(recipient: str, **values: Any) -> OutgoingMail:
    return write(recipient, raw=RAW, **values)


def test_a_finished_message_goes_out_as_it_is_and_is_emptied(app: Flask, sink: Sink) -> None:
    mail = finished("femke@noordkade.example")
    jobs.send_mail(mail.id)
    jobs.send_mail(mail.id)
    assert [got.content for got in sink.accepted] == [RAW]
    db.session.refresh(mail)
    assert mail.sent_at is not None
    assert mail.raw == b""


@pytest.mark.parametrize("local", ["hang-dot", "rst-dot", "garbage"])
def test_a_finished_message_without_an_answer_is_uncertain_and_never_sent_again(
    app: Flask, sink: Sink, monkeypatch: pytest.MonkeyPatch, local: str, rung: list[int]
) -> None:
    monkeypatch.setattr("app.mail.transport.TIMEOUT", 0.4)
    mail = finished(f"{local}@noordkade.example")
    jobs.send_mail(mail.id)
    connections = sink.connections
    jobs.send_mail(mail.id)
    jobs.wake_due(app)
    db.session.refresh(mail)
    assert mail.uncertain_at is not None
    assert "may have arrived" in str(mail.reason)
    assert (mail.sent_at, mail.failed_at) == (None, None)
    assert sink.connections == connections
    assert rung == []


def test_a_finished_message_whose_worker_died_is_uncertain(app: Flask, sink: Sink, rung: list[int]) -> None:
    mail = finished("femke@noordkade.example")
    assert sending.claim(mail.id) is not None
    db.session.commit()
    mail.lease_until = now() - timedelta(seconds=1)
    db.session.commit()
    jobs.send_mail(mail.id)
    jobs.wake_due(app)
    db.session.refresh(mail)
    assert mail.uncertain_at is not None
    assert sink.recipients() == {}
    assert rung == []


@pytest.mark.parametrize("local", ["454x1-ok", "data-452x1-ok"])
def test_a_finished_message_that_was_put_off_is_tried_again(app: Flask, sink: Sink, local: str) -> None:
    mail = finished(f"{local}@noordkade.example")
    jobs.send_mail(mail.id)
    db.session.refresh(mail)
    assert mail.raw == RAW
    mail.not_before = now()
    db.session.commit()
    jobs.send_mail(mail.id)
    assert sink.recipients() == {f"{local}@noordkade.example": 1}


def test_a_finished_message_that_is_refused_says_so(app: Flask, sink: Sink) -> None:
    mail = finished("550@noordkade.example")
    jobs.send_mail(mail.id)
    db.session.refresh(mail)
    assert mail.failed_at is not None
    assert "550" in str(mail.reason)
