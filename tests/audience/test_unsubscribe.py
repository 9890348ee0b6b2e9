"""Every no from a mail is heard: one press, no cookie, at the partner and the vendor; reading the page changes nothing."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import tokens
from app.accounts.models import AuditEntry
from app.audience import mailable
from app.audience.mailable import Reason
from app.audience.models import (
    Consent,
    ConsentPurpose,
    Contact,
    ContactList,
    Suppression,
    SuppressionReason,
    SuppressionScope,
)
from app.audience.suppress import suppress
from app.clock import now
from app.db import db
from tests.audience.people import agreed, contact
from tests.audience.sends import delivered, link
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def sanne(cast: Cast, customers: ContactList) -> Contact:
    """Sanne agreed to mails and to tracking."""
    person = contact(cast.harbour, "sanne@vandijk.example", customers, first_name="Sanne")
    agreed(person)
    agreed(person, ConsentPurpose.TRACKING)
    db.session.commit()
    return person


@pytest.fixture
def address(cast: Cast, sanne: Contact, customers: ContactList) -> str:
    """The link in a mail to Sanne."""
    return link(delivered(cast, sanne, customers))


def _state() -> tuple[int, int]:
    """Noes, and consents withdrawn."""
    noes = db.session.scalar(select(func.count()).select_from(Suppression)) or 0
    return noes, db.session.scalar(
        select(func.count()).select_from(Consent).where(Consent.withdrawn_at.is_not(None))
    ) or 0


def test_a_get_and_a_head_change_nothing_and_show_one_button(client: FlaskClient, address: str) -> None:
    page = client.get(address)
    assert page.status_code == 200
    assert page.text.count("<button") == 1
    assert "No more mails from Harbour" in page.text
    assert client.head(address).status_code == 200
    assert _state() == (0, 0)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_mailboxs_one_click_is_answered_200_without_a_cookie_and_heard_by_both(
    client: FlaskClient, cast: Cast, address: str, kind: str
) -> None:
    answer = client.post(address, data=ONE_CLICK, content_type=kind)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    rows = db.session.scalars(select(Suppression).order_by(Suppression.scope)).all()
    assert [(r.scope, r.organisation_id, r.reason) for r in rows] == [
        (SuppressionScope.PARTNER, cast.harbour.id, SuppressionReason.UNSUBSCRIBE),
        (SuppressionScope.VENDOR, cast.northwind.id, SuppressionReason.UNSUBSCRIBE),
    ]
    assert _state() == (2, 2), "the yes to mails and the yes to tracking are both withdrawn"


def test_whoever_said_no_is_out_of_the_next_send_of_either(
    client: FlaskClient, cast: Cast, customers: ContactList, sanne: Contact, address: str
) -> None:
    client.post(address)
    counted = mailable.count(cast.harbour, cast.northwind.id, customers.id)
    assert counted.reasons == {Reason.SAID_NO: 1}
    theirs = ContactList(partner_id=cast.leuvelink.id, name="Theirs")
    db.session.add(theirs)
    db.session.flush()
    agreed(contact(cast.leuvelink, "sanne@vandijk.example", theirs))
    assert mailable.count(cast.leuvelink, cast.northwind.id, theirs.id).reasons == {Reason.SAID_NO_VENDOR: 1}
    assert mailable.count(cast.leuvelink, cast.southgate.id, theirs.id).mailable == 1


def test_pressing_twice_is_one_no_and_the_page_says_done(client: FlaskClient, address: str) -> None:
    first = client.post(address)
    at = db.session.scalars(select(Suppression.at)).all()
    second = client.post(address)
    assert "Done. We won’t write again." in first.text
    assert second.status_code == 200
    assert db.session.scalars(select(Suppression.at)).all() == at
    assert (
        db.session.scalar(
            select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "contact.unsubscribed")
        )
        == 1
    )


@pytest.mark.parametrize("which", ["forged", "another purpose", "no delivery", "nonsense"])
def test_a_token_that_is_not_ours_finds_nothing_and_changes_nothing(
    client: FlaskClient, address: str, which: str
) -> None:
    good = address.rpartition("/")[2]
    bad = {
        "forged": ("A" if good[-1] != "A" else "B").join([good[:-1], ""]),
        "another purpose": tokens.make("click", tokens.read("unsubscribe", good)),
        "no delivery": tokens.make("unsubscribe", 999_999),
        "nonsense": "x",
    }[which]
    place = f"http://127.0.0.1:8000/u/{bad}"
    answers = [
        client.get(place),
        client.post(place, data=ONE_CLICK),
        client.post(f"{place}/undo"),
        client.get(f"{place}/brand.css"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert _state() == (0, 0)


def test_the_link_answers_only_on_the_public_origin(client: FlaskClient, address: str) -> None:
    assert client.post(address.replace("127.0.0.1", "localhost"), data=ONE_CLICK).status_code == 404
    assert _state() == (0, 0)


def test_pressed_by_mistake_can_be_taken_back_whole(
    client: FlaskClient, cast: Cast, customers: ContactList, address: str
) -> None:
    client.post(address)
    page = client.post(f"{address}/undo")
    assert page.status_code == 200
    assert "Taken back." in page.text
    assert _state() == (0, 0)
    assert mailable.count(cast.harbour, cast.northwind.id, customers.id).mailable == 1


def test_taking_back_ends_after_thirty_days_and_never_touches_a_no_of_another_kind(
    client: FlaskClient, cast: Cast, sanne: Contact, address: str
) -> None:
    suppress(SuppressionScope.VENDOR, cast.northwind.id, sanne.address_hash, SuppressionReason.COMPLAINT)
    client.post(address)
    client.post(f"{address}/undo")
    assert db.session.scalars(select(Suppression.reason)).all() == [SuppressionReason.COMPLAINT]
    client.post(address)
    row = db.session.scalars(select(Suppression).where(Suppression.scope == SuppressionScope.PARTNER)).one()
    row.at = now() - timedelta(days=31)
    db.session.commit()
    assert client.post(f"{address}/undo").status_code in (403, 409, 422)
    assert _state()[0] == 2
    assert "Take it back" not in client.get(address).text


def test_a_contacts_name_and_address_stay_literal_text(
    client: FlaskClient, cast: Cast, customers: ContactList
) -> None:
    person = contact(cast.harbour, "a'<b>@x.example", customers)
    page = client.get(link(delivered(cast, person, customers)))
    assert "<b>@x" not in page.text
    assert "&lt;b&gt;@x" in page.text


def test_an_old_link_still_says_no_after_the_contact_was_erased(
    client: FlaskClient, cast: Cast, sanne: Contact, address: str
) -> None:
    sanne.erased_at = now()
    sanne.email = "erased@erased.invalid"
    db.session.commit()
    page = client.post(address, data=ONE_CLICK)
    assert page.status_code == 200
    assert "erased@" not in page.text
    assert _state()[0] == 2
