"""Lists are renamed, merged and deleted, and nothing that needs one is left without it."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.audience.lists import list_named
from app.audience.models import Contact, ContactList, ListMember, Segment
from app.audience.rules import About, Condition, Group, How, Rules
from app.campaigns.queries import campaign_for
from app.db import db
from tests.audience.people import contact
from tests.campaigns.made import draft
from tests.rig import story as stories
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases
Browser = Callable[..., FlaskClient]


def members(row: ContactList) -> int:
    db.session.rollback()
    return (
        db.session.scalar(select(func.count()).select_from(ListMember).where(ListMember.list_id == row.id))
        or 0
    )


def asking_about(cast: Cast, row: ContactList) -> Segment:
    """A segment of those who are not in a list."""
    rules = Rules((Group((Condition(About.LIST, How.NOT_IN, (str(row.id),)),)),))
    made = Segment(partner_id=cast.harbour.id, name="Others", rules=rules.to_json())
    db.session.add(made)
    db.session.commit()
    return made


def test_a_name_is_given_once(as_person: Browser, cast: Cast, customers: ContactList) -> None:
    list_named(cast.harbour, "Prospects")
    db.session.commit()
    browser = as_person(cast.jonas)
    url = f"/contacts/lists/{customers.pid}/rename"
    refused = browser.post(url, data={"name": "prospects"})
    assert (refused.status_code, "Merge the two instead" in refused.get_data(as_text=True)) == (422, True)
    assert browser.post(url, data={"name": "  Our   customers "}).status_code == 303
    db.session.refresh(customers)
    assert customers.name == "Our customers"


def test_merging_counts_everyone_once_and_what_needed_the_list_goes_on_with_the_other(
    as_person: Browser, cast: Cast, customers: ContactList
) -> None:
    other = list_named(cast.harbour, "Prospects")
    both = contact(cast.harbour, "both@x.example", customers)
    db.session.add(ListMember(list_id=other.id, contact_id=both.id, partner_id=cast.harbour.id))
    contact(cast.harbour, "one@x.example", customers)
    campaign = draft(cast)
    campaign.list_id = customers.id
    segment = asking_about(cast, customers)
    answer = as_person(cast.maya).post(
        f"/contacts/lists/{customers.pid}/merge", data={"into": other.pid}, follow_redirects=True
    )
    assert "joined “Prospects”" in answer.get_data(as_text=True)
    assert members(other) == 2
    db.session.expire_all()
    assert campaign_for(cast.harbour, campaign.pid).list_id == other.id
    assert Rules.from_json(db.session.get_one(Segment, segment.id).rules).lists == {other.id}
    assert [row.name for row in db.session.scalars(select(ContactList))] == ["Prospects"]


def test_another_partners_list_is_no_place_to_merge_into(
    as_person: Browser, cast: Cast, customers: ContactList
) -> None:
    contact(cast.harbour, "one@x.example", customers)
    theirs = list_named(cast.leuvelink, "Theirs")
    db.session.commit()
    answer = as_person(cast.maya).post(f"/contacts/lists/{customers.pid}/merge", data={"into": theirs.pid})
    assert answer.status_code == 422
    assert (members(theirs), members(customers)) == (0, 1)


def test_a_list_goes_only_when_no_campaign_and_no_segment_needs_it(
    as_person: Browser, cast: Cast, customers: ContactList
) -> None:
    contact(cast.harbour, "one@x.example", customers)
    segment = asking_about(cast, customers)
    browser = as_person(cast.maya)
    url = f"/contacts/lists/{customers.pid}/delete"
    refused = browser.post(url)
    assert 400 <= refused.status_code < 500
    assert "The segment “Others” asks about this list." in refused.get_data(as_text=True)
    db.session.delete(segment)
    campaign = draft(cast)
    campaign.list_id = customers.id
    db.session.commit()
    assert "Choose other people there first." in browser.post(url).get_data(as_text=True)
    campaign.list_id = None
    db.session.commit()
    assert browser.post(url).status_code == 303
    db.session.rollback()
    assert db.session.scalars(select(ContactList)).all() == []
    assert db.session.scalar(select(func.count()).select_from(Contact)) == 1, "its people stay"


def test_a_list_that_was_mailed_can_go_and_the_campaign_stays(as_person: Browser, cast: Cast) -> None:
    story = stories.campaign(cast.northwind, cast.harbour)
    answer = as_person(cast.maya).post(f"/contacts/lists/{story.contacts.pid}/delete")
    assert answer.status_code == 303
    assert as_person(cast.maya).get(f"/campaigns/{story.campaign.pid}/audience").status_code == 200
    db.session.rollback()
    assert db.session.scalars(select(ContactList)).all() == []


def test_a_contact_is_put_into_a_list_and_taken_out_on_their_page(
    as_person: Browser, cast: Cast, customers: ContactList
) -> None:
    person = contact(cast.harbour, "sanne@x.example")
    db.session.commit()
    browser = as_person(cast.jonas)
    for _ in range(2):
        browser.post(f"/contacts/lists/join/{person.pid}", data={"list": customers.pid})
    assert members(customers) == 1
    assert "Take out of Customers" in browser.get(f"/contacts/{person.pid}").get_data(as_text=True)
    browser.post(f"/contacts/lists/{customers.pid}/leave/{person.pid}")
    assert members(customers) == 0
