"""A forgotten password: who learns what, and what the link still does."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import tokens
from app.accounts import passwords
from app.accounts.models import AuditEntry
from app.db import db
from app.mail.models import OutgoingMail
from tests.rig.cast import PASSWORD, Cast

NEW = "four words in a row"
Browser = Callable[..., FlaskClient]
pytestmark = pytest.mark.both_databases


def mails() -> list[OutgoingMail]:
    return list(db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))


def link_in(mail: OutgoingMail) -> str:
    found = re.search(r"http://localhost:8000(/\S+)", mail.text)
    assert found
    assert found[1] in mail.html
    return found[1]


def ask(client: FlaskClient, email: str) -> str:
    return client.post("/forgotten", data={"email": email}).text


def test_the_answer_is_the_same_for_every_address(client: FlaskClient, cast: Cast) -> None:
    known, unknown = ask(client, cast.maya.email), ask(client, "nobody@harbour-it.example")
    assert "is on its way" in known
    assert known.replace(cast.maya.email, "") == unknown.replace("nobody@harbour-it.example", "")
    assert [mail.recipient for mail in mails()] == [cast.maya.email]


def test_the_link_changes_the_password_once(client: FlaskClient, cast: Cast) -> None:
    ask(client, cast.maya.email)
    link = link_in(mails()[0])
    assert cast.maya.email in client.get(link).text
    assert client.post(link, data={"password": NEW}).status_code == 303
    assert client.get("/settings").status_code == 200
    assert passwords.fits(cast.maya.password_hash, NEW)
    assert client.get(link).status_code == 404
    assert client.post(link, data={"password": "another four words in a row"}).status_code == 404
    assert passwords.fits(cast.maya.password_hash, NEW)


def test_every_other_session_ends_and_the_person_is_told(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    elsewhere = as_person(cast.maya)
    ask(client, cast.maya.email)
    client.post(link_in(mails()[0]), data={"password": NEW})
    assert elsewhere.get("/settings").status_code == 303
    assert [mail.template for mail in mails()] == ["password_reset", "password_changed"]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "person.password_changed")).one()
    assert (entry.person_id, entry.organisation_id) == (cast.maya.id, cast.harbour.id)


def test_the_link_runs_out_after_two_hours(
    client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(client, cast.maya.email)
    link = link_in(mails()[0])
    read_timed = tokens.read_timed
    monkeypatch.setattr(
        tokens, "read_timed", lambda purpose, token, age: read_timed(purpose, token, age - 7_201)
    )
    assert client.get(link).status_code == 404


def test_a_token_for_something_else_does_not_open_it(client: FlaskClient, cast: Cast, app: Flask) -> None:
    ask(client, cast.maya.email)
    held = tokens.read_timed("reset", link_in(mails()[0]).rpartition("/")[2], 60)
    other = tokens.make_timed("invitation", held)
    assert client.get(f"/new-password/{other}").status_code == 404


def test_too_short_a_password_is_refused_with_the_mend(client: FlaskClient, cast: Cast) -> None:
    ask(client, cast.maya.email)
    answer = client.post(link_in(mails()[0]), data={"password": "short"})
    assert answer.status_code == 422
    assert "Use 12 characters or more." in answer.text
    assert passwords.fits(cast.maya.password_hash, PASSWORD)


def test_nobody_is_flooded_with_links(client: FlaskClient, cast: Cast) -> None:
    for _ in range(5):
        ask(client, cast.maya.email)
    answer = client.post("/forgotten", data={"email": cast.maya.email})
    assert answer.status_code == 429
    assert len(mails()) == 5


def test_changing_it_oneself_needs_the_present_one(as_person: Browser, cast: Cast) -> None:
    here, elsewhere = as_person(cast.maya), as_person(cast.maya)
    wrong = {"password-current": "not this one", "password-password": NEW}
    answer = here.post("/settings/password", data=wrong)
    assert answer.status_code == 422
    assert "This isn’t your present password." in answer.text
    right = {"password-current": PASSWORD, "password-password": NEW}
    assert here.post("/settings/password", data=right).status_code == 303
    assert here.get("/settings").status_code == 200
    assert elsewhere.get("/settings").status_code == 303


@pytest.mark.parametrize(
    ("password", "mend"),
    [
        ("elevenchars", "Use 12 characters or more."),
        ("maya@harbour-it.example", "Use something that isn’t your name"),
        ("Maya de Vries", "Use something that isn’t your name"),
        ("Harbour IT Rotterdam", "Use something that isn’t your name"),
        ("aaaaaaaaaaaaaaaa", "among the first that others try"),
        ("Password1234", "among the first that others try"),
        ("x" * 300, "Use 256 characters or fewer."),
    ],
)
def test_what_others_would_try_first_is_refused(password: str, mend: str) -> None:
    known = ("maya@harbour-it.example", "Maya de Vries", "Harbour IT Rotterdam")
    assert mend in (passwords.trouble(password, *known) or "")


def test_a_long_sentence_is_taken() -> None:
    assert (
        passwords.trouble("a long walk along the harbour", "maya@harbour-it.example", "Maya de Vries") is None
    )
