"""Segments are built on a page that counts while one chooses, says in words whom one means, and is the partner's alone."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audience.lists import list_named
from app.audience.models import ContactList, Segment
from app.audience.rules import About, Condition, Group, How, Rules
from app.campaigns.queries import campaign_for
from app.db import db
from tests.audience.people import agreed, contact
from tests.campaigns.made import draft
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases
Browser = Callable[..., FlaskClient]
DUTCH = {"g0-join": "all", "g0-0-about": "language", "g0-0-how": "is", "g0-0-value": "nl"}
NEW = "/contacts/segments/new"


def text_of(answer: object) -> str:
    return answer.get_data(as_text=True).replace("\xa0", " ")  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def some(cast: Cast, customers: ContactList) -> ContactList:
    """Three who read Dutch, of whom two agreed and one is a customer; two who read German; a rival's Dutch one."""
    for number in range(3):
        person = contact(
            cast.harbour,
            f"n{number}@x.example",
            customers if number == 0 else None,
            language="nl",
            first_name=f"Nel{number}",
        )
        if number < 2:
            agreed(person)
    for number in range(2):
        contact(cast.harbour, f"d{number}@x.example", language="de")
    contact(cast.leuvelink, "theirs@x.example", language="nl", first_name="Rival")
    db.session.commit()
    return customers


def test_each_condition_says_what_is_left_and_the_sentence_whom_it_means(
    as_person: Browser, cast: Cast, some: ContactList
) -> None:
    form = {**DUTCH, "g0-1-about": "list", "g0-1-how": "not_in", "g0-1-value": some.pid}
    page = text_of(as_person(cast.maya).post(NEW, data=form))
    assert "3 people</span>" in page
    assert "2 of them" in page
    assert "people whose language is “nl”, and who are not in “Customers”." in page
    assert "<b>2 people</b> right now, 1 of whom may be mailed" in page
    assert "Nel1" in page
    assert "Nel2" in page
    assert "Nel0" not in page
    assert "Rival" not in page
    assert db.session.scalars(select(Segment)).all() == [], "counting saves nothing"


def test_while_choosing_only_the_builder_comes_back(
    as_person: Browser, cast: Cast, some: ContactList
) -> None:
    page = text_of(as_person(cast.jonas).post(NEW, data=DUTCH, headers={"HX-Request": "true"}))
    assert "<html" not in page
    assert "<form" not in page
    assert "<b>3 people</b> right now" in page


def test_a_saved_segment_opens_as_it_was_is_copied_and_deleted(
    as_person: Browser, cast: Cast, some: ContactList
) -> None:
    browser = as_person(cast.maya)
    group = {"g1-join": "none", "g1-0-about": "list", "g1-0-how": "in", "g1-0-value": some.pid}
    saved = browser.post(NEW, data={**DUTCH, **group, "name": " Reads  Dutch ", "do": "save"})
    row = db.session.scalars(select(Segment)).one()
    assert (saved.status_code, saved.location) == (303, f"/contacts/segments/{row.pid}")
    page = text_of(browser.get(saved.location))
    assert "<h1>Reads Dutch</h1>" in page
    assert "people whose language is “nl”, but not those who are in “Customers”." in page
    assert "2 left" in page
    assert "Reads Dutch (copy)" in text_of(
        browser.post(f"/contacts/segments/{row.pid}/copy", follow_redirects=True)
    )
    assert "Reads Dutch" in text_of(browser.get("/contacts/segments"))
    browser.post(f"/contacts/segments/{row.pid}/delete")
    db.session.rollback()
    assert [each.name for each in db.session.scalars(select(Segment))] == ["Reads Dutch (copy)"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "Give it a name"),
        ({"g0-0-about": ""}, "Add a condition"),
        ({"g0-0-value": ""}, "Write what it is to be compared with."),
        ({"g0-0-about": "clicked", "g0-0-how": "within", "g0-0-value": "-3"}, "a whole number from 0"),
        ({"g0-0-about": "added", "g0-0-how": "before", "g0-0-value": "31 May"}, "Choose a date."),
        ({"g0-0-about": "basis", "g0-0-how": "is", "g0-0-value": "love"}, "Choose one of these."),
    ],
)
def test_what_cannot_be_read_is_named_and_not_saved(
    as_person: Browser, cast: Cast, change: dict[str, str], says: str
) -> None:
    answer = as_person(cast.maya).post(NEW, data={**DUTCH, "name": "X", "do": "save", **change})
    assert (answer.status_code, says in text_of(answer)) == (422, True)
    assert db.session.scalars(select(Segment)).all() == []


@pytest.mark.parametrize(
    "change",
    [
        {"g0-0-about": "address_hash"},
        {"g0-0-how": "; DROP"},
        {"g0-join": "xor"},
        {"join": "none"},
        {"gx-0-about": "language"},
        {"do": "drop-9-9"},
        {"do": "nothing"},
        {"g0-0-about": "field:someone-elses"},
        {f"g0-{n}-about": "language" for n in range(30)},
    ],
)
def test_a_form_that_is_not_the_builders_is_refused(
    as_person: Browser, cast: Cast, change: dict[str, str]
) -> None:
    answer = as_person(cast.maya).post(NEW, data={**DUTCH, **change})
    assert 400 <= answer.status_code < 500


def test_another_partners_list_and_campaign_are_no_choice(as_person: Browser, cast: Cast) -> None:
    theirs = list_named(cast.leuvelink, "Secret customers")
    db.session.commit()
    for about in ({"g0-0-about": "list", "g0-0-how": "in", "g0-0-value": theirs.pid},):
        answer = as_person(cast.maya).post(NEW, data={**DUTCH, **about, "name": "X", "do": "save"})
        assert answer.status_code == 422
        assert "Choose one of your lists." in text_of(answer)
        assert "Secret customers" not in text_of(answer)


def test_a_campaign_goes_to_a_segment_and_holds_it_back_from_being_deleted(
    as_person: Browser, cast: Cast, some: ContactList
) -> None:
    campaign = draft(cast)
    rules = Rules((Group((Condition(About.LANGUAGE, How.IS, "nl"),)),))
    segment = Segment(partner_id=cast.harbour.id, name="Dutch", rules=rules.to_json())
    db.session.add(segment)
    db.session.commit()
    browser = as_person(cast.maya)
    page = text_of(
        browser.post(
            f"/campaigns/{campaign.pid}/audience", data={"list": segment.pid}, headers={"HX-Request": "true"}
        )
    )
    assert "<b>2 people</b> will get it. 1 of the 3 you chose" in page
    assert "In words:</b> people whose language is “nl”; of these all who agreed" in page
    assert "Maritime IT Day" in page, "the people drawn show why they may be mailed"
    held = campaign_for(cast.harbour, campaign.pid)
    assert (held.list_id, held.segment_id) == (None, segment.id)
    refused = browser.post(f"/contacts/segments/{segment.pid}/delete")
    assert 400 <= refused.status_code < 500
    assert "Choose other people there first." in text_of(refused)
    browser.post(f"/campaigns/{campaign.pid}/audience", data={"list": some.pid})
    assert browser.post(f"/contacts/segments/{segment.pid}/delete").status_code == 303


def test_an_export_has_the_segments_people_alone_and_is_for_administrators(
    as_person: Browser, cast: Cast, some: ContactList
) -> None:
    contact(cast.harbour, "evil@x.example", language="nl", company="=cmd()")
    rules = Rules((Group((Condition(About.LANGUAGE, How.IS, "nl"),)),))
    segment = Segment(partner_id=cast.harbour.id, name="Dutch", rules=rules.to_json())
    db.session.add(segment)
    db.session.commit()
    file = text_of(as_person(cast.maya).get(f"/contacts/segments/{segment.pid}/export.csv"))
    assert file.count("@x.example") == 4
    assert "d0@" not in file
    assert "'=cmd()" in file
    assert as_person(cast.jonas).get(f"/contacts/segments/{segment.pid}/export.csv").status_code == 403
