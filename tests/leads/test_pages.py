"""The pages of leads and deals, as each role meets them."""

from collections.abc import Callable

from flask.testing import FlaskClient

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.db import db
from app.leads import answer, capture, deals
from app.leads.models import Deal, DealStatus, Lead, LeadStatus
from app.money import Money
from tests.rig import story as stories
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]


def a_lead(cast: Cast) -> Lead:
    lead = capture.capture(
        stories.submission(stories.campaign(cast.northwind, cast.harbour), note="Mornings are best")
    )
    assert lead is not None
    db.session.commit()
    return lead


def a_deal(cast: Cast) -> Deal:
    actor = Actor(cast.maya, cast.harbour, Role.ADMIN)
    lead = a_lead(cast)
    answer.accept(actor, lead)
    deal = deals.register(actor, deals.NewDeal("Van Dijk", "40 seats", Money(21_400_00), None), lead)
    db.session.commit()
    return deal


def test_without_leads_the_page_says_what_to_do(cast: Cast, as_person: Browser) -> None:
    page = as_person(cast.maya).get("/leads").text
    assert "No leads yet" in page
    assert "See your campaigns" in page


def test_a_lead_is_read_accepted_and_noted(cast: Cast, as_person: Browser) -> None:
    lead = a_lead(cast)
    browser = as_person(cast.maya)
    page = browser.get("/leads").text
    assert "Sanne Willems" in page
    assert "Mornings are best" in page
    assert "Answer by" in page
    assert browser.post(f"/leads/{lead.pid}/accept").status_code == 303
    assert browser.post(f"/leads/{lead.pid}/note", data={"text": "Calls on Tuesday"}).status_code == 303
    page = browser.get(f"/leads/{lead.pid}").text
    assert "Calls on Tuesday" in page
    assert "Register a deal" in page


def test_accepting_twice_says_so_and_changes_nothing(cast: Cast, as_person: Browser) -> None:
    lead = a_lead(cast)
    browser = as_person(cast.maya)
    browser.post(f"/leads/{lead.pid}/accept")
    assert browser.post(f"/leads/{lead.pid}/accept").status_code == 409


def test_a_viewer_reads_but_finds_no_actions_and_may_do_none(cast: Cast, as_person: Browser) -> None:
    lead = a_lead(cast)
    browser = as_person(cast.noor)
    page = browser.get(f"/leads/{lead.pid}").text
    assert "Sanne Willems" in page
    assert "/accept" not in page
    assert "/reject" not in page
    assert browser.post(f"/leads/{lead.pid}/accept").status_code == 403


def test_another_tenants_lead_is_not_there(cast: Cast, as_person: Browser) -> None:
    lead = a_lead(cast)
    for person in (cast.lieve, cast.simon, cast.ingrid):
        assert as_person(person).get(f"/leads/{lead.pid}").status_code == 404


def test_a_deal_is_registered_protected_and_won(cast: Cast, as_person: Browser) -> None:
    lead = a_lead(cast)
    maya, ingrid = as_person(cast.maya), as_person(cast.ingrid)
    maya.post(f"/leads/{lead.pid}/accept")
    answered = maya.post(
        f"/leads/{lead.pid}/deal", data={"account": "Van Dijk", "title": "40 seats", "amount": "21,400.00"}
    )
    assert answered.status_code == 303
    address = answered.headers["Location"]
    assert "Van Dijk" in ingrid.get("/leads").text
    assert ingrid.post(f"{address}/approve").status_code == 303
    assert maya.post(f"{address}/won").status_code == 303
    page = maya.get(address).text
    assert "EUR\u00a021,400" in page
    assert "Who gets the credit" in page
    assert "Won" in maya.get("/deals").text


def test_a_deal_with_a_bad_amount_comes_back_with_what_was_typed(cast: Cast, as_person: Browser) -> None:
    lead = a_lead(cast)
    maya = as_person(cast.maya)
    maya.post(f"/leads/{lead.pid}/accept")
    answered = maya.post(
        f"/leads/{lead.pid}/deal", data={"account": "Van Dijk", "title": "40 seats", "amount": "12.345"}
    )
    assert answered.status_code == 422
    assert "EUR has 2 decimals" in answered.text
    assert "40 seats" in answered.text
    assert db.session.get_one(Lead, lead.id).status is LeadStatus.ACCEPTED


def test_the_vendor_denies_with_a_reason_the_partner_reads(cast: Cast, as_person: Browser) -> None:
    deal = a_deal(cast)
    assert as_person(cast.ingrid).post(f"/deals/{deal.pid}/deny", data={"reason": ""}).status_code == 422
    as_person(cast.ingrid).post(f"/deals/{deal.pid}/deny", data={"reason": "Ours since March"})
    assert db.session.get_one(Deal, deal.id).status is DealStatus.DENIED
    assert "Ours since March" in as_person(cast.maya).get(f"/deals/{deal.pid}").text


def test_exports_defuse_formulas(cast: Cast, as_person: Browser) -> None:
    lead = a_lead(cast)
    lead.company = "=HYPERLINK(1)"
    answered = as_person(cast.maya).get("/leads/export.csv")
    assert "'=HYPERLINK(1)" in answered.text
    assert as_person(cast.maya).get("/deals/export.csv").status_code == 200
