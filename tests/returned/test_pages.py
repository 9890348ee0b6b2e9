"""What came back, as the partner reads it: on the contact's page, on the list of bounced addresses, among a campaign's messages."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.audience.models import Contact
from app.audience.records import AddressChange
from app.audience.suppress import address_hash
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db
from app.delivery.bounces import classify
from app.delivery.models import Delivery
from app.delivery.records import Source
from app.delivery.returned.evidence import key_of, of_verdict
from app.delivery.returned.hear import about, hear
from tests.returned import mails
from tests.returned.conftest import Sent
from tests.returned.state import kept, noes
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]


def come(row: Delivery, raw: bytes, source: Source = Source.SMTP) -> None:
    message = about(row.id)
    hear(of_verdict(classify(raw), source, now(), key_of(row.id, "", raw)), message)
    db.session.commit()


def text_of(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode()).replace("\u00a0", " ").split())


@pytest.fixture
def campaign(sent: Sent) -> Campaign:
    """The campaign of the message to Sanne, at its end."""
    found = db.session.get_one(Campaign, sent.to_sanne.campaign_id)
    found.status, found.launched_at, found.finished_at = CampaignStatus.FINISHED, now(), now()
    db.session.commit()
    return found


def test_the_contacts_page_shows_the_evidence(cast: Cast, sent: Sent, as_person: Browser) -> None:
    come(sent.to_sanne, mails.report(sent.to_sanne))
    page = text_of(as_person(cast.noor).get(f"/contacts/{sent.sanne.pid}").data)
    assert "What came back" in page
    assert "Came back for good" in page
    assert "There is no such mailbox. (5.1.1)" in page
    assert "“550 5.1.1 …: Recipient address rejected: User unknown" in page
    assert "Secure the Hybrid Office, spring" in page
    assert "What came back" not in text_of(as_person(cast.noor).get(f"/contacts/{sent.gert.pid}").data)


def test_the_list_of_bounced_addresses_leads_to_the_mend(cast: Cast, sent: Sent, as_person: Browser) -> None:
    come(sent.to_sanne, mails.report(sent.to_sanne))
    come(sent.to_gert, mails.complaint(sent.to_gert))
    page = as_person(cast.maya).get("/contacts/bounced").data
    assert "1 address gets no mail" in text_of(page)
    assert "There is no such mailbox." in text_of(page)
    assert f"/contacts/{sent.sanne.pid}/address".encode() in page
    assert b"gert@" not in page, "a complaint is no bounce"
    assert b"/address" not in as_person(cast.noor).get("/contacts/bounced").data


def test_another_partner_sees_none_of_it(cast: Cast, sent: Sent, as_person: Browser) -> None:
    come(sent.to_sanne, mails.report(sent.to_sanne))
    rival = as_person(cast.lieve)
    assert b"vandijk" not in rival.get("/contacts/bounced").data
    for path in ("address", "mail-again"):
        assert (
            rival.post(
                f"/contacts/{sent.sanne.pid}/{path}", data={"email": "x@y.example", "why": "x"}
            ).status_code
            == 404
        )
    assert noes(sent.sanne) == {("partner", "bounce")}


def test_a_corrected_address_may_be_mailed_and_late_news_of_the_old_one_is_held_against_the_old(
    cast: Cast, sent: Sent, as_person: Browser
) -> None:
    sent.to_sanne.committed_at = sent.to_gert.committed_at = now()
    db.session.commit()
    come(sent.to_sanne, mails.report(sent.to_sanne))
    old = sent.sanne.address_hash
    answer = as_person(cast.jonas).post(
        f"/contacts/{sent.sanne.pid}/address", data={"email": " S.van.Dijk@VanDijk.example "}
    )
    assert answer.status_code == 303
    person = db.session.get_one(Contact, sent.sanne.id)
    assert (person.email, person.address_hash) == (
        "s.van.dijk@vandijk.example",
        address_hash("s.van.dijk@vandijk.example"),
    )
    assert noes(person) == set()
    assert db.session.scalars(select(AddressChange.address_hash)).all() == [old]
    assert b"Sanne" not in as_person(cast.jonas).get("/contacts/bounced").data
    assert "May be mailed" in text_of(as_person(cast.jonas).get(f"/contacts/{person.pid}").data)
    come(sent.to_sanne, mails.report(sent.to_sanne, message_id="late@mx.example"))
    assert noes(person) == set()
    assert [row.address_hash for row in kept()] == [old, old]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Type the address."),
        ("sanne@vandijk.example", "This is the address that bounced."),
        ("gert@vandijk.example", "Another contact of yours has this address."),
        ("sanne@vandijk", "The domain has no ending"),
        ("x" * 300, "254 characters at most."),
    ],
)
def test_a_wrong_address_is_refused_with_the_reason(
    cast: Cast, sent: Sent, as_person: Browser, typed: str, words: str
) -> None:
    answer = as_person(cast.maya).post(f"/contacts/{sent.sanne.pid}/address", data={"email": typed})
    assert answer.status_code == 422
    assert words in text_of(answer.data)
    assert db.session.get_one(Contact, sent.sanne.id).email == "sanne@vandijk.example"


def test_a_bounce_is_lifted_only_with_a_reason_and_journaled(
    cast: Cast, sent: Sent, as_person: Browser
) -> None:
    come(sent.to_sanne, mails.report(sent.to_sanne))
    path = f"/contacts/{sent.sanne.pid}/mail-again"
    assert as_person(cast.maya).post(path, data={"why": "  "}).status_code == 422
    assert as_person(cast.noor).post(path, data={"why": "They wrote"}).status_code == 403
    assert noes(sent.sanne) == {("partner", "bounce")}
    assert as_person(cast.maya).post(path, data={"why": "They wrote to us today"}).status_code == 303
    assert noes(sent.sanne) == set()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "contact.bounce_lifted")).one()
    assert (entry.person_id, entry.detail["why"]) == (cast.maya.id, "They wrote to us today")
    assert all(row.lifted_at for row in kept())
    assert "Counts no more since" in text_of(as_person(cast.maya).get(f"/contacts/{sent.sanne.pid}").data)
    assert as_person(cast.maya).post(path, data={"why": "again"}).status_code in (403, 409, 422)


def test_a_complaint_is_not_lifted(cast: Cast, sent: Sent, as_person: Browser) -> None:
    come(sent.to_sanne, mails.complaint(sent.to_sanne))
    as_person(cast.maya).post(f"/contacts/{sent.sanne.pid}/mail-again", data={"why": "They are friends"})
    assert noes(sent.sanne) == {("partner", "complaint"), ("vendor", "complaint")}


def test_the_campaigns_messages_are_filtered_by_what_came_back(
    cast: Cast, sent: Sent, campaign: Campaign, as_person: Browser
) -> None:
    come(sent.to_sanne, mails.report(sent.to_sanne))
    maya = as_person(cast.maya)
    page = text_of(maya.get(f"/campaigns/{campaign.pid}/messages?state=came-back").data)
    assert "Came back 1" in page
    assert "It came back" in page
    assert "There is no such mailbox." in page
    assert "sanne@vandijk.example" in page
    assert "None here" in text_of(maya.get(f"/campaigns/{campaign.pid}/messages?state=complained").data)
    come(sent.to_sanne, mails.complaint(sent.to_sanne))
    page = text_of(maya.get(f"/campaigns/{campaign.pid}/messages?state=complained").data)
    assert "They complained" in page
    assert maya.get(f"/campaigns/{campaign.pid}/messages.csv?state=came-back").data.count(b"sanne@") == 1


def test_the_results_count_it_and_a_vendor_sees_the_counts_only(
    cast: Cast, sent: Sent, campaign: Campaign, as_person: Browser
) -> None:
    come(sent.to_sanne, mails.report(sent.to_sanne))
    come(sent.to_sanne, mails.complaint(sent.to_sanne))
    for person in (cast.maya, cast.vera):
        page = as_person(person).get(f"/campaigns/{campaign.pid}").data
        assert "Came back 1" in text_of(page)
        assert "Complained 1" in text_of(page)
    assert b"sanne" not in as_person(cast.vera).get(f"/campaigns/{campaign.pid}").data.lower()
    assert as_person(cast.vera).get("/contacts/bounced").status_code == 404
