"""Nobody gets more mails of a partner than its limit for a week over all campaigns, nor than they chose; a pause stops what is under way."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.audience import mailable, preferences
from app.audience.mailable import Mail, Reason
from app.audience.models import Contact, ContactList, MailRules
from app.audience.preferences import Choices
from app.clock import now
from app.db import db
from app.delivery.blocked import blocked
from app.delivery.cap import too_often
from app.delivery.expand import expand
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus
from tests.audience.people import agreed, contact
from tests.audience.sends import delivered
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


@pytest.fixture
def sanne(cast: Cast, customers: ContactList) -> Contact:
    person = contact(cast.harbour, "sanne@vandijk.example", customers)
    agreed(person)
    db.session.commit()
    return person


def got(cast: Cast, person: Contact, into: ContactList, ago: timedelta, many: int = 1) -> list[Delivery]:
    """So many mails that were accepted a while ago."""
    rows = []
    for _ in range(many):
        db.session.execute(update(Send).values(status=SendStatus.FINISHED))
        person_again = db.session.get_one(Contact, person.id)
        rows.append(_another(cast, person_again, into, ago))
    return rows


def _another(cast: Cast, person: Contact, into: ContactList, ago: timedelta) -> Delivery:
    earlier = db.session.scalars(select(Delivery).order_by(Delivery.id)).first()
    if earlier is None:
        row = delivered(cast, person, into)
    else:
        first = db.session.get_one(Send, earlier.send_id)
        send = Send(
            partner_id=first.partner_id,
            vendor_id=first.vendor_id,
            campaign_id=first.campaign_id,
            email="invite",
            list_id=into.id,
        )
        db.session.add(send)
        db.session.flush()
        row = Delivery(
            send_id=send.id, campaign_id=first.campaign_id, partner_id=first.partner_id, contact_id=person.id,
            rendering_id=earlier.rendering_id, state=DeliveryState.ACCEPTED,
        )  # fmt: skip
        db.session.add(row)
    row.decided_at = now() - ago
    db.session.flush()
    db.session.execute(update(Send).where(Send.id == row.send_id).values(status=SendStatus.FINISHED))
    db.session.commit()
    return row


def verdict(cast: Cast, person: Contact) -> Reason | None:
    mail = Mail(cast.northwind.id, too_often=too_often(cast.harbour.id))
    return mailable.verdicts(cast.harbour.id, mail, [person.id])[person.id]


def test_the_fourth_mail_within_a_week_is_one_too_many(
    cast: Cast, sanne: Contact, customers: ContactList
) -> None:
    got(cast, sanne, customers, timedelta(days=2), many=2)
    assert verdict(cast, sanne) is None
    rows = got(cast, sanne, customers, timedelta(days=1))
    assert verdict(cast, sanne) is Reason.CAPPED
    rows[0].decided_at = now() - timedelta(days=8)
    db.session.commit()
    assert verdict(cast, sanne) is None, "what is older than a week doesn’t count"


def test_the_partners_own_limit_counts(cast: Cast, sanne: Contact, customers: ContactList) -> None:
    db.session.add(MailRules(partner_id=cast.harbour.id, a_week=1, double_opt_in=False))
    got(cast, sanne, customers, timedelta(days=1))
    assert verdict(cast, sanne) is Reason.CAPPED


def test_a_person_who_chose_fewer_gets_fewer(cast: Cast, sanne: Contact, customers: ContactList) -> None:
    got(cast, sanne, customers, timedelta(days=20), many=2)
    assert verdict(cast, sanne) is None
    preferences.choose(cast.harbour.id, sanne.address_hash, Choices(frozenset(), 2, None))
    db.session.commit()
    assert verdict(cast, sanne) is Reason.CAPPED


@pytest.mark.parametrize("state", [DeliveryState.REJECTED, DeliveryState.SUPPRESSED, DeliveryState.FAILED])
def test_what_never_arrived_does_not_count(
    cast: Cast, sanne: Contact, customers: ContactList, state: DeliveryState
) -> None:
    for row in got(cast, sanne, customers, timedelta(days=1), many=3):
        row.state = state
    db.session.commit()
    assert verdict(cast, sanne) is None


def test_a_campaign_that_was_launched_a_moment_before_counts_when_rows_are_written(
    cast: Cast, sanne: Contact, customers: ContactList
) -> None:
    """Two launched in the same minute both counted her in; the second one finds the first one's row, which has not left yet."""
    db.session.add(MailRules(partner_id=cast.harbour.id, a_week=1, double_opt_in=False))
    row = got(cast, sanne, customers, timedelta(0))[0]
    row.state, row.decided_at = DeliveryState.READY, None
    db.session.execute(update(Send).values(status=SendStatus.SENDING))
    first = db.session.get_one(Send, row.send_id)
    second = Send(
        partner_id=first.partner_id,
        vendor_id=first.vendor_id,
        campaign_id=first.campaign_id,
        email="invite",
        list_id=customers.id,
        expected=1,
    )
    db.session.add(second)
    db.session.commit()
    found = expand(db.engine, second.id)
    assert found is not None
    assert (found.rows, found.expected) == (0, 1)


def test_a_pause_stops_a_message_whose_row_is_written(
    cast: Cast, sanne: Contact, customers: ContactList
) -> None:
    row = delivered(cast, sanne, customers)

    def is_blocked() -> bool:
        condition = blocked(cast.harbour.id, cast.northwind.id, row.campaign_id)
        return db.session.scalar(select(Delivery.id).where(Delivery.id == row.id, condition)) is not None

    assert not is_blocked()
    until = now() + timedelta(days=30)
    preferences.choose(cast.harbour.id, sanne.address_hash, Choices(frozenset(), None, until))
    assert is_blocked()
