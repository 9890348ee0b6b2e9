"""Posting a mail: what is written, what is refused, and when a worker is rung for."""

from typing import Any

import pytest
from flask import Flask

from app import mail, queue
from app.db import db
from app.mail.errors import HeaderRefused
from app.mail.models import OutgoingMail
from app.mail.sending import compose
from tests.rig.cast import Cast

Rung = list[tuple[queue.JobName, tuple[int | str, ...]]]


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Rung:
    heard: Rung = []
    monkeypatch.setattr(queue, "ring", lambda settings, jobs: heard.extend(jobs))
    return heard


def post(cast: Cast, to: str = "femke@noordkade.example", **values: Any) -> OutgoingMail:
    usual: dict[str, Any] = {
        "name": "Femke",
        "inviter": "Ingrid Solberg",
        "partner_name": "Noordkade",
        "link": "http://localhost:8000/invitation/x",
        "until": "Tue 19 May",
    }
    return mail.post("partner_invitation", to, {**usual, **values}, cast.northwind)


def test_a_worker_is_rung_for_after_the_commit_and_not_before(cast: Cast, rung: Rung) -> None:
    written = post(cast)
    assert rung == []
    db.session.commit()
    assert rung == [(queue.JobName.SEND_MAIL, (written.id,))]


def test_a_rollback_takes_the_mail_back(cast: Cast, rung: Rung) -> None:
    post(cast)
    db.session.rollback()
    db.session.commit()
    assert rung == []
    assert db.session.query(OutgoingMail).count() == 0


def test_what_people_typed_is_escaped_in_html_and_plain_in_text(cast: Cast, app: Flask) -> None:
    written = post(cast, partner_name="<script>alert(1)</script> & Sons")
    assert "<script>" not in written.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in written.html
    assert "<script>alert(1)</script> & Sons" in written.text
    assert (
        written.subject
        == "Northwind Cloud invites <script>alert(1)</script> & Sons to run campaigns together"
    )


@pytest.mark.parametrize("evil", ["a\r\nBcc: all@x.example", "a\nb", "a\rb", "a\x00b", "a\x85b", "a\u2028b"])
def test_a_subject_cannot_forge_a_header(cast: Cast, evil: str) -> None:
    with pytest.raises(HeaderRefused):
        post(cast, partner_name=evil)
    assert db.session.query(OutgoingMail).count() == 0


@pytest.mark.parametrize(
    "evil",
    [
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example, c@d.example",
        "A <a@b.example>",
        "a@",
        "@b",
        "none",
        "a b@c.example",
    ],
)
def test_an_address_is_one_address(cast: Cast, evil: str) -> None:
    with pytest.raises(HeaderRefused):
        post(cast, to=evil)


def test_a_long_subject_is_cut_to_what_fits(cast: Cast) -> None:
    written = post(cast, partner_name="x" * 400)
    assert len(written.subject) == 255
    assert written.subject.endswith("…")


def test_the_mail_has_both_parts_and_says_that_a_machine_wrote_it(cast: Cast) -> None:
    written = post(cast, partner_name="Müller & Söhne")
    message = compose(written, "Nördwind, Cloud via Throughline", "post@throughline.example")
    assert message["From"] == '"Nördwind, Cloud via Throughline" <post@throughline.example>'
    assert message["To"] == "femke@noordkade.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{written.pid}@throughline.example>"
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert max(len(line) for line in message.as_bytes().splitlines()) <= 998
