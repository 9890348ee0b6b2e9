"""A launch that could not happen at its time: missed ones ask, failing ones are tried a few times and taken back."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import clock
from app.accounts.models import AuditEntry
from app.campaigns import schedule
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery import sweep
from app.delivery.models import Send
from app.flows import launch as launching
from app.flows import overdue
from app.mail.models import OutgoingMail
from app.queue import JobName
from tests.delivery import ready
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

PEOPLE = ["p0", "p1", "p2"]


class Wall:
    """The clock of the installation, which a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = clock.now()
        monkeypatch.setattr(launching, "now", lambda: self.moment)
        monkeypatch.setattr(sweep, "database_now", lambda _connection: self.moment)

    def beat(self, campaign: Campaign) -> int:
        """What the beat does for this campaign, with its job: how often it began. As often as one likes."""
        begun = 0
        db.session.rollback()  # on SQLite an open transaction would keep the beat waiting
        for name, row_id in sweep.due_launches(db.engine):
            assert (name, row_id) == (JobName.LAUNCH_CAMPAIGN, campaign.id)
            begun += launching.start_due(row_id) is not None
            db.session.commit()
        db.session.rollback()
        return begun


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    return Wall(monkeypatch)


def scheduled(cast: Cast) -> Campaign:
    """A campaign that goes out tomorrow at 09:00, Amsterdam time."""
    campaign = ready.campaign(cast, PEOPLE)
    day = clock.local(clock.now(), "Europe/Amsterdam") + timedelta(days=1)
    schedule.set_time(ready.maya(cast), campaign, datetime(day.year, day.month, day.day, 9))  # noqa: DTZ001
    launching.launch(ready.maya(cast), campaign, len(PEOPLE))
    db.session.commit()
    return campaign


def fresh(campaign: Campaign) -> Campaign:
    """The row as it is now."""
    db.session.expire_all()
    return db.session.get_one(Campaign, campaign.id)


def test_a_little_late_it_still_goes_out(app: Flask, cast: Cast, wall: Wall) -> None:
    campaign = scheduled(cast)
    assert campaign.scheduled_at
    wall.moment = campaign.scheduled_at + overdue.MISSED_AFTER
    assert wall.beat(campaign) == 1


def test_what_came_due_while_nothing_ran_asks(app: Flask, cast: Cast, wall: Wall) -> None:
    campaign = scheduled(cast)
    due = campaign.scheduled_at
    assert due
    wall.moment = due + timedelta(days=3)
    assert wall.beat(campaign) == 0
    row = fresh(campaign)
    assert (row.status, row.missed_at, row.scheduled_at) == (CampaignStatus.APPROVED, due, None)
    assert "campaign.missed" in set(db.session.scalars(select(AuditEntry.action)))
    mail = db.session.scalars(select(OutgoingMail).where(OutgoingMail.template == "campaign_waits")).one()
    assert mail.recipient == cast.maya.email
    assert "09:00, but Throughline was not running then." in mail.text
    assert wall.beat(campaign) == 0, "it asks once"
    assert db.session.scalar(select(func.count(Send.id))) == 0


def test_the_page_offers_to_send_now_or_to_choose_another_time(
    app: Flask, cast: Cast, wall: Wall, as_person: Any
) -> None:
    campaign = scheduled(cast)
    assert campaign.scheduled_at
    wall.moment = campaign.scheduled_at + timedelta(days=3)
    wall.beat(campaign)
    browser: FlaskClient = as_person(cast.maya, cast.harbour)
    page = browser.get(f"/campaigns/{campaign.pid}/launch").text
    assert "09:00, but Throughline was not running then." in page
    assert "Send now to 3" in page
    assert "Choose another time" in page
    assert "Decide when" in browser.get("/").text, "it stands on the home page too"
    form = {"when": "now", "people": "3", "zone": "Europe/Amsterdam"}
    answer = browser.post(f"/campaigns/{campaign.pid}/launch", data=form)
    assert answer.status_code == 302
    row = fresh(campaign)
    assert (row.status, row.missed_at) == (CampaignStatus.SCHEDULED, None)
    wall.moment += timedelta(seconds=1)
    assert wall.beat(campaign) == 1


def test_a_clock_that_is_set_back_does_not_begin_it_twice(app: Flask, cast: Cast, wall: Wall) -> None:
    campaign = scheduled(cast)
    due = campaign.scheduled_at
    assert due
    begun = 0
    for minutes in (-1, 0, -60, -1, 0, 1, 30, -90, 5):
        wall.moment = due + timedelta(minutes=minutes)
        begun += wall.beat(campaign)
    assert begun == 1
    assert db.session.scalar(select(func.count(Send.id))) == 1


def test_a_clock_that_is_set_forward_begins_what_is_due(app: Flask, cast: Cast, wall: Wall) -> None:
    campaign = scheduled(cast)
    assert campaign.scheduled_at
    wall.moment = campaign.scheduled_at - timedelta(minutes=10)
    assert wall.beat(campaign) == 0
    wall.moment += timedelta(minutes=50)
    assert wall.beat(campaign) == 1


def test_a_try_that_fails_waits_longer_each_time_and_is_taken_back_after_the_last(
    app: Flask, cast: Cast, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scheduled(cast)
    assert campaign.scheduled_at
    tries: list[datetime] = []

    def broken(*_: object) -> Any:
        tries.append(wall.moment)
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(launching, "freeze", broken)
    begin = wall.moment = campaign.scheduled_at
    while wall.moment < begin + timedelta(minutes=45):
        for name, row_id in sweep.due_launches(db.engine):
            assert name is JobName.LAUNCH_CAMPAIGN
            try:
                launching.start_due(row_id)
                db.session.commit()
            except RuntimeError:
                db.session.rollback()  # as the job's wrapper does
        db.session.rollback()
        wall.moment += timedelta(seconds=2)
    waits = [later - earlier for earlier, later in pairwise(tries)]
    assert len(tries) == len(overdue.BACK_OFF)
    assert all(wait >= least for wait, least in zip(waits, overdue.BACK_OFF, strict=False))
    row = fresh(campaign)
    assert (row.status, row.scheduled_at, row.launch_tries) == (CampaignStatus.APPROVED, None, 0)
    assert "failed on our side 5 times" in (row.paused_reason or "")
    assert db.session.scalars(select(OutgoingMail.template)).all() == ["campaign_waits"]
    assert db.session.scalar(select(func.count(Send.id))) == 0


def test_a_try_that_kills_its_worker_counts_too(
    app: Flask, cast: Cast, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scheduled(cast)
    assert campaign.scheduled_at
    wall.moment = campaign.scheduled_at
    for _ in overdue.BACK_OFF:
        assert launching.start_due(campaign.id) is not None
        db.session.rollback()  # a SIGKILL before the commit
        wall.moment += overdue.BACK_OFF[-1]
    assert launching.start_due(campaign.id) is None
    db.session.commit()
    assert fresh(campaign).status is CampaignStatus.APPROVED


def test_two_jobs_at_once_are_one_try(app: Flask, cast: Cast, wall: Wall) -> None:
    campaign = scheduled(cast)
    assert campaign.scheduled_at
    wall.moment = campaign.scheduled_at
    assert overdue.take_turn(fresh(campaign), wall.moment)
    db.session.rollback()
    assert launching.start_due(campaign.id) is None
    assert fresh(campaign).launch_tries == 1
