"""Double opt-in: a ticked box waits for the button in a mail; only the press counts, and it keeps both moments."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.audience import opt_in
from app.audience.models import Consent, ContactList, OptIn
from app.audience.remember import GivenConsent
from app.clock import now
from app.db import db
from app.mail.models import OutgoingMail
from tests.audience.people import contact
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

GIVEN = GivenConsent("Yes, write to me.", "abc123", "Harbour IT B.V.", "Form on “Security check”", now())


def consents() -> int:
    return db.session.scalar(select(func.count()).select_from(Consent)) or 0


@pytest.fixture
def address(cast: Cast, customers: ContactList) -> str:
    """The link in the mail that asks Sanne."""
    opt_in.ask(contact(cast.harbour, "sanne@vandijk.example", customers), GIVEN)
    db.session.commit()
    mail = db.session.scalars(select(OutgoingMail)).one()
    assert mail.recipient == "sanne@vandijk.example"
    found = re.search(r"http://127\.0\.0\.1:8000/y/\S+", mail.text)
    assert found is not None
    return found[0]


def test_a_scanner_that_follows_the_link_confirms_nothing(client: FlaskClient, address: str) -> None:
    assert "Was it you?" in client.get(address).text
    assert client.head(address).status_code == 200
    assert consents() == 0


def test_the_press_records_the_yes_once_with_its_words_and_both_moments(
    client: FlaskClient, address: str
) -> None:
    assert "Your yes counts" in client.post(address).text
    client.post(address)
    yes = db.session.scalars(select(Consent)).one()
    assert (yes.method, yes.wording, yes.wording_version) == (opt_in.METHOD, GIVEN.wording, "abc123")
    assert yes.controller == "Harbour IT B.V."
    assert yes.given_on == GIVEN.at.date()
    assert "confirmed by mail on" in yes.source


def test_who_is_asked_twice_within_a_day_gets_one_mail(
    cast: Cast, customers: ContactList, address: str
) -> None:
    person = contact(cast.harbour, "piet@vandijk.example", customers)
    opt_in.ask(person, GIVEN)
    opt_in.ask(person, GIVEN)
    assert db.session.scalar(select(func.count()).select_from(OptIn)) == 2
    assert db.session.scalar(select(func.count()).select_from(OutgoingMail)) == 2


@pytest.mark.parametrize("change", ["forged", "old"])
def test_a_forged_or_old_link_confirms_nothing(
    client: FlaskClient, address: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = address
    if change == "forged":
        there = address[:-4] + ("AAAA" if not address.endswith("AAAA") else "BBBB")
    else:
        later = now() + timedelta(days=15)
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later.timestamp())
    assert client.get(there).status_code == 404
    assert client.post(there).status_code == 404
    assert consents() == 0
