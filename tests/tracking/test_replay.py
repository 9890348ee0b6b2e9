"""Old events by the present rules: what would change is said first, then changed, and touchpoints follow."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import ROOT
from app.attribution import touch
from app.attribution.records import Credit, TouchKind, Touchpoint
from app.clock import now
from app.db import db
from app.leads.models import Deal, DealStatus
from app.settings import Settings
from app.tracking import jobs
from app.tracking.jobs import Replayed, replay
from app.tracking.machines import RULES
from app.tracking.models import EventKind, TrackedEvent
from tests.rig import story as stories
from tests.rig.cast import Cast
from tests.rig.story import Story

pytestmark = pytest.mark.both_databases

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def story(cast: Cast) -> Story:
    made = stories.campaign(cast.northwind, cast.harbour)
    made.delivery.decided_at = now() - timedelta(days=2)
    db.session.commit()
    return made


def event(
    story: Story, kind: EventKind = EventKind.CLICK, known: bool = True, **values: object
) -> TrackedEvent:
    """An event as an older version has left it: a person's, without signs."""
    row = TrackedEvent(
        **{
            "partner_id": story.campaign.partner_id,
            "campaign_id": story.campaign.id,
            "send_id": story.send.id,
            "delivery_id": story.delivery.id if known else None,
            "contact_id": story.contact.id if known else None,
            "kind": kind,
            "number": 1 if kind is EventKind.CLICK else None,
            "method": "GET",
            "agent": FIREFOX,
            "at": now() - timedelta(days=1),
            **values,
        }
    )
    db.session.add(row)
    db.session.flush()
    if known and not row.is_machine and kind is not EventKind.OPEN:
        touched = TouchKind.CLICKED if kind is EventKind.CLICK else TouchKind.VISITED
        c = story.campaign
        touch.record(touched, c.partner_id, c.vendor_id, story.contact.id, c.id, row.at, row.id)
    db.session.commit()
    return row


def fresh(row: TrackedEvent) -> TrackedEvent:
    db.session.expire_all()
    return db.session.get_one(TrackedEvent, row.id)


def touches() -> list[tuple[TouchKind, int]]:
    rows = db.session.execute(select(Touchpoint.kind, Touchpoint.source_id).order_by(Touchpoint.source_id))
    return [(kind, source) for kind, source in rows]


def test_a_dry_run_says_what_would_change_and_changes_nothing(story: Story) -> None:
    machine = event(story, agent="curl/8")
    person = event(story, is_machine=True, reason="an old rule", score=100, signals=[["old", 100]])
    before = touches()
    found = replay(dry_run=True)
    assert found == Replayed(2, 2, 1, 1, touches_added=1, touches_withdrawn=1)
    assert touches() == before
    assert (fresh(machine).is_machine, fresh(person).is_machine) == (False, True)


def test_a_replay_changes_events_and_their_touchpoints_and_twice_changes_nothing(story: Story) -> None:
    machine = event(story, agent="curl/8")
    person = event(story, is_machine=True, reason="an old rule", score=100, signals=[["old", 100]])
    view = event(story, EventKind.VIEW, at=now() - timedelta(hours=3))
    replay()
    row = fresh(machine)
    assert (row.is_machine, row.reason, row.score) == (True, "a script’s agent", 100)
    assert (row.signals, row.rules) == ([["script", 100]], RULES)
    assert (fresh(person).is_machine, fresh(person).reason, fresh(person).signals) == (False, None, [])
    assert touches() == [(TouchKind.CLICKED, person.id), (TouchKind.VISITED, view.id)]
    assert replay() == Replayed(events=3)


def test_events_are_judged_together_with_all_of_their_mail(story: Story) -> None:
    moment = now() - timedelta(days=1)
    rows = [event(story, number=number, at=moment + timedelta(seconds=number / 2)) for number in (1, 2, 3)]
    found = replay(since=rows[-1].at)
    assert (found.events, found.to_machine) == (1, 1)
    assert [fresh(row).is_machine for row in rows] == [False, False, True]
    replay()
    assert {fresh(row).reason for row in rows} == {"3 links within 2 seconds"}
    assert touches() == []


def won_deal(story: Story) -> Deal:
    row = Deal(
        partner_id=story.campaign.partner_id,
        vendor_id=story.campaign.vendor_id,
        contact_id=story.contact.id,
        account="Van Dijk",
        title="40 seats",
        amount_minor=100,
        currency="EUR",
        status=DealStatus.WON,
    )
    db.session.add(row)
    db.session.flush()
    return row


def test_a_touchpoint_that_a_won_deal_rests_on_stays_and_is_counted(story: Story) -> None:
    event(story, agent="curl/8")
    held = db.session.scalars(select(Touchpoint)).one()
    deal = won_deal(story)
    db.session.add(
        Credit(
            partner_id=story.campaign.partner_id,
            vendor_id=story.campaign.vendor_id,
            deal_id=deal.id,
            campaign_id=story.campaign.id,
            touchpoint_id=held.id,
            model="linear",
            amount_minor=100,
            currency="EUR",
        )
    )
    db.session.commit()
    found = replay()
    assert (found.to_machine, found.touches_withdrawn, found.touches_credited) == (1, 0, 1)
    assert len(touches()) == 1


def test_events_of_nobody_known_are_judged_alone_and_touch_nobody(story: Story) -> None:
    rows = [event(story, known=False, number=number, at=now() - timedelta(days=1)) for number in (1, 2, 3)]
    scan = event(story, known=False, method="HEAD")
    found = replay()
    assert (found.events, found.to_machine) == (4, 1)
    assert [fresh(row).is_machine for row in (*rows, scan)] == [False, False, False, True]
    assert touches() == []


def test_many_events_are_replayed_in_lots(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_REPLAYED", 3)
    for hour in range(10):
        event(story, agent="curl/8", at=now() - timedelta(hours=hour + 1))
    found = replay()
    assert (found.events, found.changed, found.to_machine, found.touches_withdrawn) == (10, 10, 10, 10)


@pytest.mark.long
def test_the_command_says_in_counts_what_it_did(story: Story, settings: Settings) -> None:
    event(story, agent="curl/8")
    db.session.rollback()
    given = {"ENVIRONMENT": "test", "SECRET_KEY": "s" * 40, "SUPPRESSION_KEY": "t" * 40, "LOG_LEVEL": "error"}
    given |= {"DATABASE_URL": settings.database, "DATA_DIR": str(settings.data_dir)}

    def run(*words: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "cli", "tracking", "replay", *words],
            env={"PATH": os.environ["PATH"], **given},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    said = run("--dry-run")
    assert "From person to machine: 1. From machine to person: 0." in said
    assert said.endswith("Nothing was changed.\n")
    found = json.loads(run("--json", "--since", "2020-01-01"))
    assert (found["to_machine"], found["touches_withdrawn"], found["dry_run"]) == (1, 1, False)
    assert json.loads(run("--json"))["changed"] == 0
