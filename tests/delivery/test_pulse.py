"""After a long stop nothing that came due meanwhile goes out by itself: its campaign pauses and a person is asked."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery import control, expand, jobs, pulse, sweep
from app.delivery.models import Delivery, DeliveryState, Pulse, Send, SendStatus
from app.mail.models import OutgoingMail
from tests.delivery import made, ready
from tests.delivery.made import states
from tests.rig.cast import Cast
from tests.rig.sink import Sink

pytestmark = pytest.mark.both_databases

START = datetime(2027, 6, 17, 7, 0, tzinfo=UTC)  # Thursday 09:00 in Amsterdam
PEOPLE = ["a", "b", "c"]


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """What the database takes for now."""
    for module in (pulse, expand, sweep):
        monkeypatch.setattr(module, "database_now", lambda _connection: moment)


def beat() -> int:
    """One look of the beat's, committed."""
    paused = pulse.look()
    db.session.commit()
    return paused


def running(cast: Cast) -> Send:
    """A send whose rows are written and due."""
    campaign = made.campaign(cast)
    campaign.launched_by = cast.maya.id
    send = made.send(cast, PEOPLE, of=campaign)
    jobs.expand_send(send.id)
    return send


def status(send: Send) -> CampaignStatus:
    """Of its campaign, as the database has it."""
    db.session.expire_all()
    return db.session.get_one(Campaign, send.campaign_id).status


def test_after_a_long_stop_what_came_due_asks(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = running(cast)
    set_clock(monkeypatch, START)
    assert beat() == 0
    set_clock(monkeypatch, START + timedelta(days=3, hours=1))
    jobs.send_slice(send.id)  # a doorbell from before the stop
    assert sink.accepted == [], "nothing goes out before the beat has looked"
    assert beat() == 1
    assert status(send) is CampaignStatus.PAUSED
    campaign = db.session.get_one(Campaign, send.campaign_id)
    assert campaign.paused_reason == (
        "Throughline was not running from Thu 17 Jun 09:00 to Sun 20 Jun 10:00. Go on now, or cancel the rest."
    )
    mail = db.session.scalars(select(OutgoingMail)).one()
    assert (mail.template, mail.recipient) == ("campaign_paused", cast.maya.email)
    assert beat() == 0, "it asks once"
    control.resume(ready.maya(cast), campaign)
    db.session.commit()
    assert beat() == 0, "a person said yes"
    jobs.send_slice(send.id)
    assert set(states(send.id).values()) == {DeliveryState.ACCEPTED}


@pytest.mark.parametrize("away", [timedelta(minutes=5), timedelta(hours=1), timedelta(days=-2)])
def test_after_a_short_stop_or_with_a_clock_set_back_it_goes_on(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch, away: timedelta
) -> None:
    send = running(cast)
    set_clock(monkeypatch, START)
    beat()
    set_clock(monkeypatch, START + away)
    assert beat() == 0
    jobs.send_slice(send.id)
    assert set(states(send.id).values()) == {DeliveryState.ACCEPTED}


def test_what_was_not_due_in_the_stop_goes_on(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = running(cast)
    set_clock(monkeypatch, START)
    beat()
    back = START + timedelta(days=1)
    db.session.execute(update(Delivery).values(not_before=back + timedelta(hours=1)))
    db.session.commit()
    set_clock(monkeypatch, back)
    assert beat() == 0
    assert status(send) is CampaignStatus.SENDING


def test_a_step_that_came_due_in_the_stop_asks(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = running(cast)
    set_clock(monkeypatch, START)
    beat()
    jobs.send_slice(send.id)
    db.session.rollback()
    values = {"status": SendStatus.WAITING, "starts_at": START + timedelta(hours=5), "step": 2}
    db.session.execute(update(Send).values(**values))
    db.session.execute(update(Campaign).values(status=CampaignStatus.SENDING, finished_at=None))
    db.session.commit()
    set_clock(monkeypatch, START + timedelta(days=2))
    assert beat() == 1
    assert status(send) is CampaignStatus.PAUSED


def test_slices_are_signs_of_life_too(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beat may be away for hours while workers ring for themselves: that is no stop."""
    set_clock(monkeypatch, START)
    beat()
    for minutes in range(0, 180, 30):
        set_clock(monkeypatch, START + timedelta(minutes=minutes))
        assert not pulse.is_stale(db.engine)
    assert db.session.scalars(select(Pulse.at)).one() == START + timedelta(minutes=150)
    db.session.rollback()
    assert beat() == 0
