"""The preference centre: choices without a sign-in that count in every campaign from the next round on; reading changes nothing."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import tokens
from app.accounts.models import AuditEntry
from app.audience import mailable, preferences
from app.audience.mailable import Mail, Reason
from app.audience.models import Consent, ConsentPurpose, Contact, ContactList, Preference, Topic, TopicOff
from app.clock import now
from app.db import db
from tests.audience.people import agreed, contact
from tests.audience.sends import delivered, link
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


@pytest.fixture
def sanne(cast: Cast, customers: ContactList) -> Contact:
    person = contact(cast.harbour, "sanne@vandijk.example", customers, first_name="Sanne")
    agreed(person)
    agreed(person, ConsentPurpose.TRACKING)
    db.session.commit()
    return person


@pytest.fixture
def topics(cast: Cast) -> list[Topic]:
    rows = [Topic(partner_id=cast.harbour.id, name=name) for name in ("Cloud and costs", "Security")]
    db.session.add_all([*rows, Topic(partner_id=cast.leuvelink.id, name="Not Harbour’s")])
    db.session.commit()
    return rows


@pytest.fixture
def address(cast: Cast, sanne: Contact, customers: ContactList) -> str:
    return f"{link(delivered(cast, sanne, customers))}/choices"


def verdict(cast: Cast, person: Contact, topic: Topic | None = None) -> Reason | None:
    mail = Mail(cast.northwind.id, topic.id if topic else None)
    return mailable.verdicts(cast.harbour.id, mail, [person.id])[person.id]


def test_reading_shows_what_is_on_and_changes_nothing(
    client: FlaskClient, address: str, topics: list[Topic]
) -> None:
    page = client.get(address)
    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    assert "Cloud and costs" in page.text
    assert "Not Harbour’s" not in page.text
    assert client.head(address).status_code == 200
    assert db.session.scalar(select(func.count()).select_from(Preference)) == 0


def test_a_topic_that_is_off_leaves_out_its_campaigns_alone(
    client: FlaskClient, cast: Cast, sanne: Contact, address: str, topics: list[Topic]
) -> None:
    cloud, security = topics
    page = client.post(address, data={"topic": [security.pid], "often": "any", "tracking": "on"})
    assert page.status_code == 200
    assert "Saved." in page.text
    assert verdict(cast, sanne, cloud) is Reason.TOPIC_OFF
    assert verdict(cast, sanne, security) is None
    assert verdict(cast, sanne) is None
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert entry.action == "contact.preferences_saved"
    assert entry.detail["topics_off"] == 1


def test_a_pause_holds_for_thirty_days_and_saving_again_does_not_prolong_it(
    client: FlaskClient, cast: Cast, sanne: Contact, address: str
) -> None:
    client.post(address, data={"often": "pause", "tracking": "on"})
    first = db.session.scalars(select(Preference.paused_until)).one()
    assert first is not None
    assert timedelta(days=29, hours=23) < first - now() <= timedelta(days=30)
    assert verdict(cast, sanne) is Reason.PAUSED
    client.post(address, data={"often": "pause", "tracking": "on"})
    db.session.expire_all()
    assert db.session.scalars(select(Preference.paused_until)).one() == first
    db.session.execute(Preference.__table__.update().values(paused_until=now() - timedelta(seconds=1)))
    assert verdict(cast, sanne) is None


def test_tracking_can_be_taken_back_alone(client: FlaskClient, sanne: Contact, address: str) -> None:
    client.post(address, data={"often": "any"})
    rows = db.session.execute(select(Consent.purpose, Consent.withdrawn_at)).all()
    assert {row.purpose: row.withdrawn_at is not None for row in rows} == {
        ConsentPurpose.MARKETING: False,
        ConsentPurpose.TRACKING: True,
    }


def test_the_choice_outlives_an_erasure_and_a_new_import(
    client: FlaskClient, cast: Cast, sanne: Contact, address: str, customers: ContactList
) -> None:
    client.post(address, data={"often": "pause"})
    again = contact(cast.harbour, "other@vandijk.example", customers)
    again.address_hash = sanne.address_hash
    agreed(again)
    db.session.commit()
    assert verdict(cast, again) is Reason.PAUSED


@pytest.mark.parametrize(
    "wrong",
    [
        {"often": "3"},
        {"often": "pausing"},
        {"often": "any", "topic": "nonsense"},
        {"often": "any", "language": "tlh"},
        {"often": "any", "email": "new@x.example"},
    ],
)
def test_an_answer_that_is_not_offered_is_refused_and_nothing_kept(
    client: FlaskClient, address: str, topics: list[Topic], wrong: dict[str, str]
) -> None:
    assert client.post(address, data=wrong).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Preference)) == 0
    assert db.session.scalar(select(func.count()).select_from(TopicOff)) == 0


@pytest.mark.parametrize("purpose", ["click", "open", "bounce"])
def test_a_forged_link_or_one_for_something_else_is_not_found(
    client: FlaskClient, address: str, purpose: str
) -> None:
    for token in ("x" * 32, tokens.make(purpose, 1)):
        there = f"http://127.0.0.1:8000/u/{token}/choices"
        assert client.get(there).status_code == 404
        assert client.post(there, data={"often": "pause"}).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(Preference)) == 0


def test_anothers_topic_cannot_be_chosen(cast: Cast, topics: list[Topic]) -> None:
    foreign = db.session.scalars(select(Topic.id).where(Topic.partner_id == cast.leuvelink.id)).one()
    with pytest.raises(preferences.Invalid):
        preferences.choose(cast.harbour.id, "h", preferences.Choices(frozenset([foreign]), None, None))
