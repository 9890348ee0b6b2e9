"""The door: who gets in, who doesn't, and how long it takes to say no."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import Parameters, PasswordHasher, Type, extract_parameters
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import attempts, passwords
from app.accounts.access import safe_next
from app.accounts.models import Membership
from app.clock import now
from app.db import db
from tests.rig.cast import PASSWORD, Cast

Browser = Callable[..., FlaskClient]


def sign_in(client: FlaskClient, email: str, password: str, onward: str | None = None) -> Any:
    return client.post(
        "/sign-in" + (f"?next={onward}" if onward else ""), data={"email": email, "password": password}
    )


def test_the_right_password_opens_the_door(client: FlaskClient, cast: Cast) -> None:
    answer = sign_in(client, " Maya@Harbour-IT.example ", PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/")
    page = client.get("/settings").text
    assert "Harbour IT" in page
    assert cast.maya.last_sign_in_at is not None


def test_a_wrong_password_says_how_many_tries_are_left(client: FlaskClient, cast: Cast) -> None:
    answer = sign_in(client, cast.maya.email, "not this one")
    assert answer.status_code == 422
    assert (
        "Email and password don’t match. You have 4 tries left before a pause of 15 minutes." in answer.text
    )


def test_an_unknown_address_gets_the_very_same_answer(client: FlaskClient, cast: Cast) -> None:
    def answer(address: str) -> tuple[int, str]:
        got = sign_in(client, address, "not this one")
        return got.status_code, re.sub(
            r'name="csrf_token" value="[^"]*"', "", got.text.replace(address, "ADDRESS")
        )

    assert answer(cast.maya.email) == answer("nobody@harbour-it.example")


def test_an_unknown_address_takes_as_much_work_as_a_known_one(
    client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.maya.password_hash = PasswordHasher().hash(PASSWORD)
    done: list[Parameters] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002
            done.append(extract_parameters(str(hash)))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Watched())
    sign_in(client, cast.maya.email, "not this one")
    sign_in(client, "nobody@harbour-it.example", "not this one")
    assert len(done) == 2
    assert done[0] == done[1]
    assert done[0].type is Type.ID


def test_five_wrong_tries_bring_a_pause_that_the_right_password_does_not_end(
    client: FlaskClient, cast: Cast
) -> None:
    for _ in range(attempts.TRIES):
        answer = sign_in(client, cast.maya.email, "not this one")
    assert "Sign-in now pauses for 15 minutes" in answer.text
    answer = sign_in(client, cast.maya.email, PASSWORD)
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text
    assert sign_in(client, cast.jonas.email, PASSWORD).status_code == 303


def test_the_pause_ends(client: FlaskClient, cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(attempts.TRIES):
        sign_in(client, cast.maya.email, "not this one")
    later = time.monotonic() + attempts.PAUSE.total_seconds() + 1
    monkeypatch.setattr(attempts.time, "monotonic", lambda: later)
    assert sign_in(client, cast.maya.email, PASSWORD).status_code == 303


def test_a_right_password_forgets_the_wrong_ones(client: FlaskClient, cast: Cast) -> None:
    for _ in range(attempts.TRIES - 1):
        sign_in(client, cast.maya.email, "not this one")
    assert sign_in(client, cast.maya.email, PASSWORD).status_code == 303
    client.post("/sign-out")
    assert "You have 4 tries left" in sign_in(client, cast.maya.email, "not this one").text


def test_somebody_whose_seat_was_taken_is_told_so(client: FlaskClient, cast: Cast) -> None:
    db.session.query(Membership).filter_by(person_id=cast.noor.id).delete()
    answer = sign_in(client, cast.noor.email, PASSWORD)
    assert answer.status_code == 422
    assert "You belong to no organisation any more" in answer.text


def test_a_page_asked_for_before_comes_after_the_door(client: FlaskClient, cast: Cast) -> None:
    door = client.get("/settings/log?page=2")
    assert (door.status_code, door.location) == (303, "/sign-in?next=/settings/log?page%3D2")
    answer = client.post(door.location, data={"email": cast.maya.email, "password": PASSWORD})
    assert answer.location == "/settings/log?page=2"


def test_htmx_is_told_where_the_door_is(client: FlaskClient, cast: Cast) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost:8000/settings"}
    answer = client.get("/settings", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/settings"


@pytest.mark.parametrize(
    "raw",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\n//evil.example",
        "",
        None,
        "evil",
        "/\t/evil.example",
        "http:evil.example",
        "///evil.example",
        "/\x7f",
    ],
)
def test_the_door_leads_nowhere_else(raw: str | None) -> None:
    assert safe_next(raw) is None


@pytest.mark.parametrize("raw", ["/", "/campaigns/abc?tab=messages", "/a//b"])
def test_the_door_leads_on_within(raw: str) -> None:
    assert safe_next(raw) == raw


def test_sign_in_elsewhere_is_not_followed(client: FlaskClient, cast: Cast) -> None:
    assert sign_in(client, cast.maya.email, PASSWORD, "//evil.example").location == "/"


def test_signing_in_drops_what_the_cookie_held(client: FlaskClient, cast: Cast) -> None:
    with client.session_transaction(base_url="http://localhost:8000") as held:
        held["planted"] = "by somebody else"
    sign_in(client, cast.maya.email, PASSWORD)
    with client.session_transaction(base_url="http://localhost:8000") as held:
        assert "planted" not in held


def test_signing_out_ends_it_here_and_not_elsewhere(as_person: Browser, cast: Cast) -> None:
    here, elsewhere = as_person(cast.maya), as_person(cast.maya)
    here.post("/sign-out")
    assert here.get("/settings").status_code == 303
    assert elsewhere.get("/settings").status_code == 200


def test_signing_out_everywhere_ends_the_others(as_person: Browser, cast: Cast) -> None:
    here, elsewhere = as_person(cast.maya), as_person(cast.maya)
    assert here.post("/settings/sessions/end").status_code == 303
    assert here.get("/settings").status_code == 200
    assert elsewhere.get("/settings").status_code == 303


def test_a_session_ends_after_thirty_days_whatever_happens(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    with browser.session_transaction(base_url="http://localhost:8000") as held:
        held["since"] = int(now().timestamp()) - 31 * 86_400
    assert browser.get("/settings").status_code == 303


def test_signed_in_pages_are_not_stored(as_person: Browser, cast: Cast) -> None:
    assert as_person(cast.maya).get("/settings").headers["Cache-Control"] == "no-store"


def test_the_public_origin_knows_nobody(as_person: Browser, cast: Cast) -> None:
    answer = as_person(cast.maya).get("http://127.0.0.1:8000/settings")
    assert answer.status_code == 404


def test_switching_organisation_needs_a_seat_there(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    assert browser.post("/switch", data={"organisation": cast.leuvelink.pid}).status_code == 404
    db.session.add(Membership(person_id=cast.maya.id, organisation_id=cast.leuvelink.id, role="viewer"))
    assert browser.post("/switch", data={"organisation": cast.leuvelink.pid}).status_code == 303
    assert "work for Leuvelink" in browser.get("/settings").text


def test_too_small_a_role_reads_who_may(as_person: Browser, cast: Cast) -> None:
    answer = as_person(cast.noor).get("/settings/log")
    assert answer.status_code == 403
    assert "Only Maya de Vries may do this." in answer.text
