"""The team: roles, leaving, and the administrator who stays; the log that keeps it."""

import csv
import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import audit
from app.accounts.actor import Actor
from app.accounts.models import AuditEntry, Membership, Person, Role
from app.db import db
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
pytestmark = pytest.mark.both_databases


def seat_of(person: Person) -> Membership:
    return db.session.scalars(select(Membership).where(Membership.person_id == person.id)).one()


def test_an_administrator_changes_a_role_and_it_holds_at_once(as_person: Browser, cast: Cast) -> None:
    jonas = as_person(cast.jonas)
    assert jonas.get("/settings/log").status_code == 403
    as_person(cast.maya).post(f"/settings/team/{seat_of(cast.jonas).pid}/role", data={"role": "admin"})
    assert jonas.get("/settings/log").status_code == 200


def test_the_last_administrator_stays(as_person: Browser, cast: Cast) -> None:
    browser, seat = as_person(cast.maya), seat_of(cast.maya)
    for path, data in (("role", {"role": "viewer"}), ("remove", {})):
        answer = browser.post(f"/settings/team/{seat.pid}/{path}", data=data)
        assert answer.status_code == 422
        assert "Harbour IT needs an administrator." in answer.text
    assert seat_of(cast.maya).role is Role.ADMIN


def test_a_second_administrator_sets_the_first_free(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    browser.post(f"/settings/team/{seat_of(cast.jonas).pid}/role", data={"role": "admin"})
    assert browser.post(f"/settings/team/{seat_of(cast.maya).pid}/remove").status_code == 303
    assert browser.get("/settings").status_code == 303


def test_a_partner_has_no_approver(as_person: Browser, cast: Cast) -> None:
    answer = as_person(cast.maya).post(
        f"/settings/team/{seat_of(cast.jonas).pid}/role", data={"role": "approver"}
    )
    assert answer.status_code == 422
    assert seat_of(cast.jonas).role is Role.MARKETER


def test_a_rival_cannot_touch_the_team(as_person: Browser, cast: Cast) -> None:
    seat = seat_of(cast.jonas)
    for path in ("role", "remove"):
        assert (
            as_person(cast.lieve)
            .post(f"/settings/team/{seat.pid}/{path}", data={"role": "viewer"})
            .status_code
            == 404
        )
    assert seat_of(cast.jonas).role is Role.MARKETER


def test_a_viewer_sees_no_actions(as_person: Browser, cast: Cast) -> None:
    page = as_person(cast.noor).get("/settings").text
    for words in ("Remove", "Invite a colleague", "Audit log", "Change</button>"):
        assert words not in page
    assert "Jonas Bakker" in page


def test_facts_of_the_organisation_are_checked(as_person: Browser, cast: Cast) -> None:
    good = {"name": "Harbour IT Group", "country": "NL", "timezone": "Europe/Lisbon", "currency": "EUR"}
    browser = as_person(cast.maya)
    for name, value in (("timezone", "Mars/Olympus"), ("currency", "XXX"), ("country", "ZZ"), ("name", " ")):
        data = {f"organisation-{key}": item for key, item in {**good, name: value}.items()}
        assert browser.post("/settings/organisation", data=data).status_code == 422, name
    assert cast.harbour.name == "Harbour IT"
    assert (
        browser.post(
            "/settings/organisation", data={f"organisation-{k}": v for k, v in good.items()}
        ).status_code
        == 303
    )
    assert (cast.harbour.name, cast.harbour.timezone) == ("Harbour IT Group", "Europe/Lisbon")


def test_what_nobody_may_set_from_outside_stays(as_person: Browser, cast: Cast) -> None:
    data = {"name": "Harbour IT", "country": "NL", "timezone": "Europe/Amsterdam", "currency": "EUR"}
    more = {"kind": "vendor", "slug": "northwind-cloud", "id": "1", "pid": "x"}
    as_person(cast.maya).post(
        "/settings/organisation", data={f"organisation-{k}": v for k, v in (data | more).items()}
    )
    assert (cast.harbour.kind, cast.harbour.slug) == ("partner", "harbour-it")


def test_the_log_says_who_did_what(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.maya)
    browser.post(f"/settings/team/{seat_of(cast.jonas).pid}/role", data={"role": "viewer"})
    page = browser.get("/settings/log").text
    assert "Changed a role" in page
    assert "role: viewer" in page
    assert "1\u00a0entry" in page
    assert "Changed a role" not in as_person(cast.lieve).get("/settings/log").text


def test_the_log_goes_on_over_pages(as_person: Browser, cast: Cast) -> None:
    for number in range(51):
        audit.record(
            Actor(cast.maya, cast.harbour, Role.ADMIN), "campaign.launched", cast.harbour, number=number
        )
    browser = as_person(cast.maya)
    first, second = browser.get("/settings/log").text, browser.get("/settings/log?page=2").text
    assert "number: 50" in first
    assert "number: 0<" not in first
    assert "number: 0<" in second


def test_the_exported_log_runs_no_formula(as_person: Browser, cast: Cast) -> None:
    cast.maya.name = "=HYPERLINK(0)"
    audit.record(Actor(cast.maya, cast.harbour, Role.ADMIN), "campaign.launched", cast.harbour)
    answer = as_person(cast.maya).get("/settings/log.csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["time", "person", "action", "subject", "subject id", "details"]
    assert rows[1][1:3] == ["'=HYPERLINK(0)", "campaign.launched"]


def test_an_entry_without_an_actor_goes_to_the_owner(cast: Cast) -> None:
    entry = audit.record(None, "membership.checked", seat_of(cast.jonas))
    assert (entry.organisation_id, entry.person_id) == (cast.harbour.id, None)


def test_an_entry_waits_for_the_row_it_is_about(cast: Cast) -> None:
    seat = Membership(person_id=cast.lieve.id, organisation_id=cast.harbour.id, role=Role.VIEWER)
    db.session.add(seat)
    entry = audit.record(None, "membership.made", seat, previous=None)
    assert entry.subject_id == seat.id
    assert entry.detail == {}
    assert isinstance(entry, AuditEntry)
