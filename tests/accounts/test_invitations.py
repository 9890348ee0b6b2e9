"""Invitations of colleagues: by mail, for 14 days, once."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import invite
from app.accounts.actor import Actor
from app.accounts.models import Invitation, Membership, Person, Role
from app.accounts.register import create_vendor
from app.db import db, scoped
from app.errors import Invalid
from app.mail.models import OutgoingMail
from tests.rig.cast import PASSWORD, Cast

NEW = "four words in a row"
Browser = Callable[..., FlaskClient]
pytestmark = pytest.mark.both_databases


def send(browser: FlaskClient, email: str = "femke@harbour-it.example", role: str = "marketer") -> Any:
    data = {"invite-name": "Femke Postma", "invite-email": email, "invite-role": role}
    return browser.post("/settings/invitations", data=data)


def last_link() -> str:
    mail = db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.id.desc()).limit(1)).one()
    found = re.search(r"http://localhost:8000(/invitation/\S+)", mail.text)
    assert found
    return found[1]


def person(email: str) -> Person:
    return db.session.scalars(select(Person).where(Person.email == email)).one()


def role_at(cast: Cast, who: Person) -> Role | None:
    return db.session.scalar(
        select(Membership.role).where(
            Membership.person_id == who.id, Membership.organisation_id == cast.harbour.id
        )
    )


def test_a_colleague_comes_in_with_a_name_and_a_password(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    assert send(as_person(cast.maya), "Femke@Harbour-IT.example").status_code == 303
    link = last_link()
    assert "Maya de Vries invites you, as marketer." in client.get(link).text
    assert client.post(link, data={"name": "Femke Postma", "password": NEW}).status_code == 303
    assert "Harbour IT" in client.get("/settings").text
    assert role_at(cast, person("femke@harbour-it.example")) is Role.MARKETER


def test_the_link_works_once(as_person: Browser, client: FlaskClient, cast: Cast) -> None:
    send(as_person(cast.maya))
    link = last_link()
    client.post(link, data={"name": "Femke Postma", "password": NEW})
    again = client.post(link, data={"name": "Somebody Else", "password": NEW})
    assert again.status_code == 404
    assert "This invitation is used up" in again.text


def test_a_withdrawn_link_opens_nothing(as_person: Browser, client: FlaskClient, cast: Cast) -> None:
    browser = as_person(cast.maya)
    send(browser)
    link = last_link()
    held = db.session.scalars(scoped(cast.harbour, Invitation)).one()
    assert browser.post(f"/settings/invitations/{held.pid}/revoke").status_code == 303
    assert client.get(link).status_code == 404


def test_a_link_runs_out_and_can_be_sent_again(as_person: Browser, client: FlaskClient, cast: Cast) -> None:
    browser = as_person(cast.maya)
    send(browser)
    held = db.session.scalars(scoped(cast.harbour, Invitation)).one()
    held.expires_at -= timedelta(days=15)
    assert client.get(last_link()).status_code == 404
    assert "Expired" in browser.get("/settings").text
    assert browser.post(f"/settings/invitations/{held.pid}/resend").status_code == 303
    assert client.get(last_link()).status_code == 200


def test_who_has_an_account_joins_with_its_password(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    send(as_person(cast.maya), cast.lieve.email, "viewer")
    link = last_link()
    assert client.post(link, data={"password": "not this one"}).status_code == 422
    assert role_at(cast, cast.lieve) is None
    assert client.post(link, data={"password": PASSWORD}).status_code == 303
    assert role_at(cast, cast.lieve) is Role.VIEWER


def test_who_is_signed_in_joins_with_one_button(as_person: Browser, cast: Cast) -> None:
    send(as_person(cast.maya), cast.lieve.email, "viewer")
    browser = as_person(cast.lieve)
    assert "You are signed in as" in browser.get(last_link()).text
    assert browser.post(last_link()).status_code == 303
    assert role_at(cast, cast.lieve) is Role.VIEWER


def test_somebody_else_who_is_signed_in_does_not_take_it(as_person: Browser, cast: Cast) -> None:
    send(as_person(cast.maya), cast.lieve.email, "viewer")
    assert as_person(cast.simon).post(last_link()).status_code == 422
    assert role_at(cast, cast.simon) is None


@pytest.mark.parametrize(
    ("email", "role", "words"),
    [
        ("jonas@harbour-it.example", "viewer", "This person is in your team already."),
        ("not an address", "viewer", "Write one address"),
        ("femke@harbour-it.example", "approver", "Choose one of these."),
        ("femke@harbour-it.example\r\nBcc: all@harbour-it.example", "viewer", "Write one address"),
    ],
)
def test_what_cannot_be_sent_is_said_beside_the_field(
    as_person: Browser, cast: Cast, email: str, role: str, words: str
) -> None:
    answer = send(as_person(cast.maya), email, role)
    assert answer.status_code == 422
    assert words in answer.text
    assert not db.session.scalars(scoped(cast.harbour, Invitation)).all()


def test_nobody_is_invited_twice(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    send(browser)
    assert "invited already" in send(browser).text


def test_only_administrators_invite(as_person: Browser, cast: Cast) -> None:
    assert send(as_person(cast.jonas)).status_code == 403
    assert "Invite a colleague" not in as_person(cast.jonas).get("/settings").text


def test_a_name_cannot_break_a_header(as_person: Browser, cast: Cast) -> None:
    data = {
        "invite-name": "Femke\r\nBcc: all@harbour-it.example",
        "invite-email": "femke@harbour-it.example",
        "invite-role": "viewer",
    }
    answer = as_person(cast.maya).post("/settings/invitations", data=data)
    assert answer.status_code == 422
    assert "Write it on one line." in answer.text


def test_the_operator_makes_a_vendor_whose_admin_is_invited(client: FlaskClient, cast: Cast) -> None:
    vendor = create_vendor("Éclair Systèmes", None, "ada@eclair.example", "Ada Roux")
    assert (vendor.slug, vendor.kind) == ("eclair-systemes", "vendor")
    link = last_link()
    assert "Éclair Systèmes invites you, as admin." in client.get(link).text
    assert client.post(link, data={"name": "Ada Roux", "password": NEW}).status_code == 303
    assert "Éclair Systèmes" in client.get("/settings").text


@pytest.mark.parametrize(("slug", "words"), [("harbour-it", "is taken"), ("Harbour IT", "small letters")])
def test_a_short_name_is_one_and_free(cast: Cast, slug: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        create_vendor("Another", slug, "ada@eclair.example", "Ada Roux")


def test_vendors_offer_the_approver_and_partners_do_not(cast: Cast) -> None:
    with pytest.raises(Invalid):
        invite.invite_colleague(Actor(cast.maya, cast.harbour, Role.ADMIN), "a@b.example", "A", Role.APPROVER)
    invite.invite_colleague(Actor(cast.vera, cast.northwind, Role.ADMIN), "a@b.example", "A", Role.APPROVER)
