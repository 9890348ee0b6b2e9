"""What evidence does: a dead address is not mailed again, a complaint counts for both, and an uncertain message is settled."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from app.audience.models import SuppressionReason, SuppressionScope
from app.audience.suppress import suppress
from app.clock import now
from app.db import db
from app.delivery.bounces import classify
from app.delivery.models import DELIVERY, Delivery, DeliveryState
from app.delivery.records import Came, Source
from app.delivery.returned.evidence import key_of, of_verdict
from app.delivery.returned.hear import about, hear, settle_late
from tests.returned import mails
from tests.returned.conftest import Sent, again
from tests.returned.state import fresh, kept, noes
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases
HARD = {("partner", "bounce")}
COMPLAINED = {("partner", "complaint"), ("vendor", "complaint")}


def come(row: Delivery, raw: bytes, at: datetime | None = None) -> bool:
    """This mail comes back about this message."""
    message = about(row.id)
    assert message is not None
    key = key_of(row.id, "", raw)
    heard = hear(of_verdict(classify(raw), Source.FOLDER, at or now(), key, message.email), message)
    db.session.commit()
    return heard


def test_a_dead_mailbox_is_not_mailed_again_and_the_evidence_says_why(sent: Sent) -> None:
    assert come(sent.to_sanne, mails.report(sent.to_sanne))
    assert noes(sent.sanne) == HARD
    assert noes(sent.gert) == set()
    (row,) = kept()
    assert (row.kind, row.status, row.cause) == (Came.HARD, "5.1.1", "no-mailbox")
    assert row.words.startswith("550 5.1.1 …: Recipient address rejected: User unknown")
    assert "@" not in row.words
    assert "sanne" not in row.words.lower()
    assert fresh(sent.to_sanne).state is DeliveryState.ACCEPTED, "it was accepted once, and that stays"


def test_the_same_news_twice_does_nothing_twice(sent: Sent) -> None:
    raw = mails.report(sent.to_sanne)
    assert come(sent.to_sanne, raw)
    assert not come(sent.to_sanne, raw)
    assert len(kept()) == 1


def test_a_complaint_counts_at_the_partner_and_at_the_vendor(sent: Sent) -> None:
    come(sent.to_sanne, mails.complaint(sent.to_sanne))
    assert noes(sent.sanne) == COMPLAINED


def test_a_report_that_something_is_no_spam_stops_nothing(sent: Sent) -> None:
    come(sent.to_sanne, mails.complaint(sent.to_sanne, "not-spam"))
    assert noes(sent.sanne) == set()
    assert [row.kind for row in kept()] == [Came.NONE]


@pytest.mark.parametrize(
    "make", [mails.autoreply, lambda row: b"Subject: Re: your mail\r\n\r\nThanks, call me."]
)
def test_an_automatic_reply_and_a_persons_mail_stop_nothing(sent: Sent, make: object) -> None:
    come(sent.to_sanne, make(sent.to_sanne))  # type: ignore[operator]
    assert noes(sent.sanne) == set()
    assert [row.kind for row in kept()] in ([Came.AUTOREPLY], [Came.NONE])


def test_a_no_that_a_person_said_is_not_made_a_bounce(cast: Cast, sent: Sent) -> None:
    suppress(
        SuppressionScope.PARTNER, cast.harbour.id, sent.sanne.address_hash, SuppressionReason.UNSUBSCRIBE
    )
    come(sent.to_sanne, mails.report(sent.to_sanne))
    assert noes(sent.sanne) == {("partner", "unsubscribe")}


def _uncertain(row: Delivery) -> None:
    db.session.execute(
        update(Delivery)
        .where(Delivery.id == row.id)
        .values(state=DeliveryState.UNCERTAIN, committed_at=now() - timedelta(minutes=5))
    )
    db.session.commit()


@pytest.mark.parametrize(
    ("make", "becomes"),
    [
        (mails.report, DeliveryState.REJECTED),
        (lambda row: mails.report(row, mails.FULL, "5.2.2"), DeliveryState.REJECTED),
        (lambda row: mails.report(row, mails.FULL, "4.2.2", "delayed"), DeliveryState.ACCEPTED),
        (lambda row: mails.report(row, "smtp; 250 2.0.0 ok", "2.0.0", "delivered"), DeliveryState.ACCEPTED),
        (mails.complaint, DeliveryState.ACCEPTED),
        (mails.autoreply, DeliveryState.ACCEPTED),
        (lambda row: b"Subject: hello\r\n\r\nWho are you?", DeliveryState.UNCERTAIN),
    ],
)
def test_later_evidence_settles_an_uncertain_message(
    sent: Sent, make: object, becomes: DeliveryState
) -> None:
    _uncertain(sent.to_sanne)
    come(sent.to_sanne, make(sent.to_sanne))  # type: ignore[operator]
    row = fresh(sent.to_sanne)
    assert row.state is becomes
    if becomes is not DeliveryState.UNCERTAIN:
        assert DELIVERY.allows(DeliveryState.UNCERTAIN, becomes)
        assert row.reason
        assert "@" not in (row.reply or "")


def test_what_becomes_uncertain_after_its_evidence_is_settled_by_the_beat(sent: Sent) -> None:
    come(sent.to_sanne, mails.report(sent.to_sanne))
    _uncertain(sent.to_sanne)
    assert settle_late() == 1
    db.session.commit()
    assert fresh(sent.to_sanne).state is DeliveryState.REJECTED
    assert settle_late() == 0


def _soft(sent: Sent, days: list[int], through: int | None) -> None:
    """So many days ago a message each came back as full; the one of day `through` did not."""
    for number, day in enumerate(days):
        row = again(sent.to_sanne) if number else sent.to_sanne
        at = now() - timedelta(days=day)
        db.session.execute(update(Delivery).where(Delivery.id == row.id).values(committed_at=at))
        if day != through:
            come(row, mails.report(row, mails.FULL, "5.2.2"), at)


@pytest.mark.parametrize(
    ("days", "through", "stopped"),
    [
        ([20, 15, 10, 5, 1], None, True),
        ([20, 15, 10, 5], None, False),
        ([13, 10, 7, 4, 1], None, False),
        ([30, 20, 15, 10, 5, 1], 15, False),
        ([60, 20, 15, 10, 5, 1], 60, True),
    ],
)
def test_soft_bounces_stop_mail_after_five_sends_over_two_weeks_with_none_that_got_through(
    sent: Sent, days: list[int], through: int | None, stopped: bool
) -> None:
    _soft(sent, days, through)
    assert noes(sent.sanne) == (HARD if stopped else set())


def test_many_soft_bounces_of_one_send_are_one(sent: Sent) -> None:
    for number in range(8):
        raw = mails.report(sent.to_sanne, mails.FULL, "5.2.2", message_id=f"again{number}@mx.example")
        come(sent.to_sanne, raw, now() - timedelta(days=3 * number))
    assert len(kept()) == 8
    assert noes(sent.sanne) == set()
