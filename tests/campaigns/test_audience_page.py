"""Step 2: a list is chosen, the count comes about in the open, and everyone left out has a reason."""

from collections.abc import Callable
from datetime import date

import pytest
from flask.testing import FlaskClient

from app.audience.lists import list_named
from app.audience.models import (
    Consent,
    ConsentBasis,
    ConsentPurpose,
    Contact,
    ListMember,
    SuppressionReason,
    SuppressionScope,
)
from app.audience.suppress import address_hash, suppress
from app.campaigns.queries import campaign_for
from app.db import db
from tests.campaigns.made import draft
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases
Browser = Callable[..., FlaskClient]


def people(cast: Cast, agreed: int, others: int, said_no: int) -> str:
    """A list of Harbour IT's; returns its public id."""
    found = list_named(cast.harbour, "Customers")
    for number in range(agreed + others + said_no):
        email = f"p{number}@x.example"
        contact = Contact(partner_id=cast.harbour.id, email=email, address_hash=address_hash(email))
        db.session.add(contact)
        db.session.flush()
        db.session.add(ListMember(list_id=found.id, contact_id=contact.id, partner_id=cast.harbour.id))
        if number < agreed or number >= agreed + others:
            yes = Consent(
                partner_id=cast.harbour.id,
                contact_id=contact.id,
                purpose=ConsentPurpose.MARKETING,
                basis=ConsentBasis.EXPRESS,
            )
            yes.source, yes.controller, yes.method, yes.given_on = (
                "Maritime IT Day",
                "Harbour IT",
                "import",
                date(2026, 1, 1),
            )
            db.session.add(yes)
        if number >= agreed + others:
            suppress(
                SuppressionScope.VENDOR,
                cast.northwind.id,
                contact.address_hash,
                SuppressionReason.UNSUBSCRIBE,
            )
    db.session.commit()
    return found.pid


def test_the_count_adds_up_and_names_the_reasons(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    chosen = people(cast, agreed=5, others=2, said_no=1)
    browser = as_person(cast.maya)
    answer = browser.post(
        f"/campaigns/{campaign.pid}/audience", data={"list": chosen}, headers={"HX-Request": "true"}
    )
    page = answer.get_data(as_text=True).replace("\xa0", " ")
    assert "<b>5 people</b> will get it. 3 of the 8 you chose" in page
    assert "Said no to the vendor" in page
    assert "No consent to marketing on record" in page
    assert "everyone in Customers" in page
    assert campaign_for(cast.harbour, campaign.pid).list_id
    assert "<b>5 people</b>" in browser.get(f"/campaigns/{campaign.pid}/audience").get_data(
        as_text=True
    ).replace("\xa0", " ")


def test_the_next_step_wants_a_list(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    chosen = people(cast, 1, 0, 0)
    browser = as_person(cast.jonas)
    refused = browser.post(f"/campaigns/{campaign.pid}/audience", data={"then": "next"})
    assert (
        refused.status_code,
        "Choose one of your lists or segments." in refused.get_data(as_text=True),
    ) == (422, True)
    assert (
        browser.post(f"/campaigns/{campaign.pid}/audience", data={"list": chosen, "then": "next"}).location
        == f"/campaigns/{campaign.pid}/money"
    )


def test_another_partners_list_is_refused_and_not_named(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    theirs = list_named(cast.leuvelink, "Secret customers")
    db.session.commit()
    browser = as_person(cast.maya)
    answer = browser.post(f"/campaigns/{campaign.pid}/audience", data={"list": theirs.pid})
    assert answer.status_code == 422
    assert "Secret customers" not in answer.get_data(as_text=True)
    assert campaign_for(cast.harbour, campaign.pid).list_id is None
