"""The contact pages as a partner uses them: bring in, look up, say no for someone, erase; other organisations find nothing."""

import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audience import importing
from app.audience.models import (
    Consent,
    Contact,
    ContactImport,
    ContactList,
    ImportStatus,
    ListMember,
    Suppression,
)
from app.db import db
from tests.audience.files import imported, uploaded
from tests.audience.people import agreed, contact
from tests.audience.sends import delivered, link
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
FILE = "E-mail;Voornaam;Bedrijf;Opmerkingen\nsanne@vandijk.example;Sanne;Van Dijk;Belt liever\ninfo@;Gert;Lodewijk;\n"
ANSWERS = {
    "column-0": "email", "column-1": "first_name", "column-2": "company", "column-3": "leave_out", "why": "customer",
    "source": "Order confirmation", "given_on": "2026-05-01", "list_name": "Customers",
}  # fmt: skip


def test_a_file_goes_through_its_three_steps_in_a_browser(cast: Cast, as_person: Browser) -> None:
    maya = as_person(cast.maya)
    sent = maya.post("/contacts/imports/new", data={"file": (io.BytesIO(FILE.encode()), "crm export.csv")})
    assert sent.status_code == 303
    place = sent.headers["Location"]
    page = maya.get(place).text
    for words in (
        "What is in which column?",
        "sanne@vandijk.example",
        "1 of 2 rows can be read",
        "Free text may hold private things",
        "semicolons",
    ):
        assert words in page
    counted = maya.post(f"{place}/forecast", data=ANSWERS).text
    assert "New contacts" in counted
    assert maya.post(place, data=ANSWERS).status_code == 303
    imp = db.session.scalars(select(ContactImport)).one()
    assert "It begins in a moment" in maya.get(place).text
    importing.run(imp.id)
    page = maya.get(place).text
    assert "Nothing after the @" in page
    assert "hx-trigger" not in page, "an ended import asks for no more progress"
    listed = maya.get("/contacts").text
    assert "Sanne" in listed
    assert "Yes" in listed
    assert "info@,Gert" in maya.get(f"{place}/refused.csv").text
    assert "crm export.csv" in maya.get("/contacts/imports").text


def test_a_running_import_asks_for_its_progress_every_two_seconds(cast: Cast, as_person: Browser) -> None:
    maya = as_person(cast.maya)
    imp = uploaded(cast, FILE)
    maya.post(f"/contacts/imports/{imp.pid}", data=ANSWERS)
    page = maya.get(f"/contacts/imports/{imp.pid}/progress").text
    assert 'hx-trigger="every 2s"' in page
    assert "0 of 2" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"why": ""}, "Say why you may mail them."),
        ({"source": ""}, "Write where they said yes"),
        ({"given_on": ""}, "Give a date"),
        ({"given_on": "31-12-2025"}, "Write the date as year, month, day"),
        ({"why": "express"}, "Write the words they agreed to"),
        ({"list_name": " "}, "Give the list a name."),
        ({"column-0": "leave_out"}, "Say which column holds the email address"),
        ({"why": "bought"}, "Say why you may mail them."),
    ],
)
def test_a_missing_answer_is_asked_for_beside_its_field(
    cast: Cast, as_person: Browser, change: dict[str, str], words: str
) -> None:
    imp = uploaded(cast, FILE)
    answer = as_person(cast.maya).post(f"/contacts/imports/{imp.pid}", data={**ANSWERS, **change})
    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.get_one(ContactImport, imp.id).status is ImportStatus.MAPPING


@pytest.mark.parametrize("change", [{"column-9": "email"}, {"column-0": "partner_id"}])
def test_a_form_that_does_not_fit_the_file_is_refused(
    cast: Cast, as_person: Browser, change: dict[str, str]
) -> None:
    imp = uploaded(cast, FILE)
    assert (
        400
        <= as_person(cast.maya).post(f"/contacts/imports/{imp.pid}", data={**ANSWERS, **change}).status_code
        < 500
    )


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv", b"", "empty"),
        ("a.pdf", b"%PDF", "isn’t one of"),
        ("a.xlsx", b"PK", "cut off"),
        ("a.csv", b"Email\n\0a\n", "Line 2"),
    ],
)
def test_an_unreadable_file_is_refused_beside_the_field(
    cast: Cast, as_person: Browser, name: str, data: bytes, words: str
) -> None:
    answer = as_person(cast.maya).post("/contacts/imports/new", data={"file": (io.BytesIO(data), name)})
    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.scalars(select(ContactImport)).all() == []


def test_the_list_is_searched_filtered_and_paged(
    cast: Cast, as_person: Browser, customers: ContactList
) -> None:
    for i in range(55):
        contact(
            cast.harbour,
            f"p{i:02}@x.example",
            customers if i < 3 else None,
            first_name=f"Person {i:02}",
            company="100% Bike",
        )
    maya = as_person(cast.maya)
    page = maya.get("/contacts").text
    assert "Person 54" in page
    assert "Person 00" not in page
    older = page.partition("?before=")[2].partition('"')[0]
    assert "Person 00" in maya.get(f"/contacts?before={older}").text
    assert "Person 07" in maya.get("/contacts?q=PERSON+07").text
    assert "Nobody found" in maya.get("/contacts?q=50%25").text
    filtered = maya.get(f"/contacts?list={customers.pid}").text
    assert ("Person 02" in filtered, "Person 03" in filtered) == (True, False)
    assert maya.get("/contacts?before=x&q=").status_code == 200


def test_the_first_visit_says_what_to_do(cast: Cast, as_person: Browser) -> None:
    page = as_person(cast.maya).get("/contacts").text
    assert "Bring your contacts in" in page
    seen = as_person(cast.noor).get("/contacts").text
    assert "Import contacts" not in seen, "a viewer sees no action"


def test_a_contacts_page_holds_the_proof_of_each_yes_and_what_was_sent(
    cast: Cast, as_person: Browser, customers: ContactList
) -> None:
    imported(cast, "email,first name\nsanne@vandijk.example,<script>alert(1)</script>\n")
    person = db.session.scalars(select(Contact)).one()
    delivered(cast, person, customers)
    page = as_person(cast.maya).get(f"/contacts/{person.pid}").text
    for words in (
        "Maritime IT Day",
        "Yes, mail me about IT.",
        "to Harbour IT",
        "Maya de Vries",
        "Is your office safe?",
        "Secure the Hybrid Office",
    ):
        assert words in page
    assert "<script>alert" not in page


def test_a_no_by_phone_is_noted_and_can_be_taken_back(cast: Cast, as_person: Browser) -> None:
    person = contact(cast.harbour, "sanne@vandijk.example")
    agreed(person)
    maya = as_person(cast.maya)
    assert maya.post(f"/contacts/{person.pid}/suppress").status_code == 303
    assert "Said no to you" in maya.get(f"/contacts/{person.pid}").text
    assert db.session.scalars(select(Consent)).one().withdrawn_at is not None
    assert maya.post(f"/contacts/{person.pid}/unsuppress").status_code == 303
    assert db.session.scalars(select(Suppression)).all() == []
    assert db.session.scalars(select(Consent)).one().withdrawn_at is None


def test_a_persons_own_no_cannot_be_taken_back_by_the_partner(
    cast: Cast, as_person: Browser, customers: ContactList
) -> None:
    person = contact(cast.harbour, "sanne@vandijk.example", customers)
    maya = as_person(cast.maya)
    maya.post(link(delivered(cast, person, customers)))
    assert 400 <= maya.post(f"/contacts/{person.pid}/unsuppress").status_code < 500
    assert len(db.session.scalars(select(Suppression)).all()) == 2


def test_erasing_takes_every_field_and_keeps_the_no(
    cast: Cast, as_person: Browser, customers: ContactList
) -> None:
    person = contact(
        cast.harbour, "sanne@vandijk.example", customers, first_name="Sanne", company="Van Dijk", phone="010"
    )
    person.fields = {"Size": "48"}
    agreed(person)
    maya = as_person(cast.maya)
    maya.post(f"/contacts/{person.pid}/suppress")
    assert maya.post(f"/contacts/{person.pid}/delete").status_code == 303
    assert maya.get(f"/contacts/{person.pid}").status_code == 404
    row = db.session.scalars(select(Contact)).one()
    left = (row.first_name, row.company, row.phone, row.fields)
    assert left == ("", "", "", {})
    assert "sanne" not in row.email
    assert db.session.scalars(select(ListMember)).all() == []
    again = imported(cast, "email\nsanne@vandijk.example\n")
    assert (again.said_no, again.added) == (1, 0), "who said no and comes in again still said no"


def test_an_export_is_defused_and_says_who_may_be_mailed(cast: Cast, as_person: Browser) -> None:
    agreed(contact(cast.harbour, "sanne@vandijk.example", first_name="=HYPERLINK(1)", phone="+31 10 555"))
    contact(cast.harbour, "gert@x.example")
    contact(cast.leuvelink, "rival@x.example")
    text = as_person(cast.maya).get("/contacts/export.csv").text
    assert "'=HYPERLINK(1)" in text
    assert "'+31 10 555" in text
    assert "gert@x.example" in text
    assert "No consent to marketing on record" in text
    assert "rival" not in text


def test_other_organisations_find_nothing_and_small_roles_may_only_look(
    cast: Cast, as_person: Browser
) -> None:
    person = contact(cast.harbour, "sanne@vandijk.example")
    imp = uploaded(cast, FILE)
    pages = [
        f"/contacts/{person.pid}",
        f"/contacts/imports/{imp.pid}",
        f"/contacts/imports/{imp.pid}/progress",
    ]
    posts = [
        f"/contacts/{person.pid}/delete",
        f"/contacts/{person.pid}/suppress",
        f"/contacts/imports/{imp.pid}",
        f"/contacts/imports/{imp.pid}/stop",
    ]
    for stranger in (cast.lieve, cast.vera):
        browser = as_person(stranger)
        assert {browser.get(page).status_code for page in pages} == {404}
        assert {browser.post(post, data=ANSWERS).status_code for post in posts} == {404}
    assert as_person(cast.vera).get("/contacts").status_code == 404
    viewer = as_person(cast.noor)
    assert viewer.get(pages[0]).status_code == 200
    assert {viewer.post(post, data=ANSWERS).status_code for post in posts} == {403}
    assert viewer.get("/contacts/export.csv").status_code == 403
    assert db.session.scalars(select(Contact.email)).all() == ["sanne@vandijk.example"]
