"""A whole sequence: who gets which mail, who is left out and why, and that every step fires once, whatever happens between."""

import os
import signal
import sys
import threading
import traceback
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from app import tokens
from app.abtest.models import Experiment
from app.audience.models import Consent
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery import blocked, control, failpoints, jobs, later, sweep
from app.delivery.models import (
    Delivery,
    DeliveryState,
    EndReason,
    Link,
    Rendering,
    Send,
    SendStatus,
    SequenceEnd,
)
from app.delivery.timing import Timing
from app.flows import sequence, sequence_page, unsubscribe
from app.flows.campaign_figures import figures
from app.flows.next_step import start_step
from app.flows.results import funnel
from app.flows.verdict import totals
from app.kits import publish
from app.kits.models import KitVersion
from app.landing.models import Submission
from app.leads.models import Lead
from app.leads.timeline import timeline
from app.mail.models import OutgoingMail
from app.mdf import packet
from app.queue import JobName
from app.tracking.models import EventKind
from tests.delivery import made as delivered
from tests.delivery import ready
from tests.delivery.worker import Worker
from tests.flows import made
from tests.kits_web import box
from tests.rig.cast import Cast
from tests.rig.sink import Sink

both = pytest.mark.both_databases

ALL = ["anna", "bert", "cora", "emma", "finn", "gina", "hugo"]


def status(campaign: Campaign) -> CampaignStatus:
    db.session.rollback()
    return db.session.scalars(select(Campaign.status).where(Campaign.id == campaign.id)).one()


def fresh(campaign: Campaign) -> Campaign:
    db.session.rollback()
    return db.session.get_one(Campaign, campaign.id)


def mails(sink: Sink) -> dict[str, int]:
    return {address.partition("@")[0]: count for address, count in sink.recipients().items()}


def reasons(send: Send) -> dict[str, int]:
    return {str(why): count for why, count in send.left_out.items()}


@both
def test_a_whole_sequence_goes_to_those_whom_each_step_is_for(
    app: Flask, cast: Cast, sink: Sink, client: FlaskClient
) -> None:
    campaign = made.launched(cast, [*ALL, "550"], tracked=["bert"])
    made.beat()
    assert status(campaign) is CampaignStatus.SENDING, "two steps are to come"
    assert mails(sink) == dict.fromkeys(ALL, 1)

    bert = made.delivery(campaign, 1, "bert")
    made.fill_in(client, campaign, "bert@people.example", t=tokens.make("click", bert.id))
    cora = made.delivery(campaign, 1, "cora")
    unsubscribe.unsubscribe(unsubscribe.recipient(tokens.make("unsubscribe", cora.id)))
    unclear = made.delivery(campaign, 1, "emma")
    unclear.state = DeliveryState.UNCERTAIN
    db.session.execute(delete(Consent).where(Consent.contact_id == made.contact("gina").id))
    db.session.commit()

    assert made.beat() == [], "nothing is due"
    made.time_comes(campaign)
    made.beat()
    second = made.send_of(campaign, 2)
    assert second.status is SendStatus.FINISHED
    assert reasons(second) == {
        "submitted": 1,
        "said_no": 1,
        "uncertain": 1,
        "no_consent": 1,
        "not_reached": 1,
    }
    assert second.expanded + sum(second.left_out.values()) == len(ALL) + 1, "each person has one verdict"
    assert {local for local, count in mails(sink).items() if count == 2} == {"anna", "finn", "hugo"}

    made.fill_in(client, campaign, "finn@people.example")  # by no link of ours
    lead = db.session.scalars(select(Lead).where(Lead.contact_id == made.contact("finn").id)).one()
    assert [touch.what for touch in timeline(lead)] == ["Filled in the form", "Got the mail", "Got the mail"]
    made.time_comes(campaign)
    made.beat()
    assert {local for local, count in mails(sink).items() if count == 3} == {"anna", "hugo"}
    assert status(campaign) is CampaignStatus.FINISHED
    subjects = made.subjects_to(sink, "anna")
    assert subjects[1] == "The folder that was never in the backup"
    assert "one hour" in subjects[2]


def test_what_later_steps_say_is_fixed_at_the_launch(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign = made.launched(cast, ["anna"])
    made.beat()
    ids = [made.send_of(campaign, step).id for step in (1, 2, 3)]
    for table in (Rendering, Link):
        found = set(db.session.scalars(select(table.send_id)))
        assert found == set(ids), f"a step has no {table.__name__}"
    fresh(campaign).slot_values = {**made.WORDS, "example": "Something else."}
    db.session.commit()
    made.time_comes(campaign)
    made.beat()
    text = " ".join(sink.accepted[-1].content.decode().split())
    assert "folder of drawings" in text
    assert "Something else" not in text


@both
@pytest.mark.parametrize(
    ("condition", "got", "left_out"),
    [
        ('unless = "clicked"', {"anna", "cora", "emma"}, {"clicked": 1}),
        ('only = "clicked"', {"bert"}, {"did_nothing": 3}),
        ('only = ["clicked", "opened"]', {"bert", "cora"}, {"did_nothing": 2}),
        ('only = "opened"\nunless = "clicked"', {"cora"}, {"clicked": 1, "did_nothing": 2}),
    ],
)
def test_a_condition_is_what_people_did_and_machines_are_none(
    app: Flask, cast: Cast, sink: Sink, condition: str, got: set[str], left_out: dict[str, int]
) -> None:
    def change(text: str) -> str:
        return text.replace('day = 3\nunless = "submitted"', f"day = 3\n{condition}")

    campaign = made.launched(cast, ["anna", "bert", "cora", "emma"], change=change)
    made.beat()
    made.event(made.delivery(campaign, 1, "bert"), EventKind.CLICK)
    made.event(made.delivery(campaign, 1, "cora"), EventKind.OPEN)
    made.event(made.delivery(campaign, 1, "emma"), EventKind.CLICK, machine=True)
    assert sequence.forecast(made.send_of(campaign, 2)) == len(got)
    made.time_comes(campaign)
    made.beat()
    assert {local for local, count in mails(sink).items() if count == 2} == got
    assert reasons(made.send_of(campaign, 2)) == left_out


@both
def test_who_registers_or_says_no_after_the_rows_were_written_gets_nothing_more(
    app: Flask, cast: Cast, sink: Sink, client: FlaskClient
) -> None:
    campaign = made.launched(cast, ["anna", "bert", "cora"])
    made.beat()
    made.time_comes(campaign)
    second = made.send_of(campaign, 2)
    assert start_step(second.id)
    db.session.commit()
    jobs.expand_send(second.id)
    made.fill_in(client, campaign, "bert@people.example")
    row = made.delivery(campaign, 1, "cora")
    unsubscribe.unsubscribe(unsubscribe.recipient(tokens.make("unsubscribe", row.id)))
    db.session.commit()
    made.beat()
    assert mails(sink) == {"anna": 2, "bert": 1, "cora": 1}
    bert, cora = (made.delivery(campaign, 2, local) for local in ("bert", "cora"))
    assert (bert.state, bert.reason) == (DeliveryState.SUPPRESSED, blocked.LEFT_DETAILS)
    assert (cora.state, cora.reason) == (DeliveryState.SUPPRESSED, blocked.SAID_NO)


def test_whoever_answers_by_another_s_mail_ends_it_for_both(
    app: Flask, cast: Cast, sink: Sink, client: FlaskClient
) -> None:
    campaign = made.launched(cast, ["anna", "bert"], tracked=["anna"])
    made.beat()
    row = made.delivery(campaign, 1, "anna")
    made.fill_in(client, campaign, "bert@people.example", t=tokens.make("click", row.id))
    ended = set(db.session.scalars(select(SequenceEnd.contact_id)))
    assert ended == {made.contact("anna").id, made.contact("bert").id}


def test_a_no_that_is_taken_back_does_not_begin_the_sequence_again(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    campaign = made.launched(cast, ["anna", "bert"])
    made.beat()
    person = unsubscribe.recipient(tokens.make("unsubscribe", made.delivery(campaign, 1, "anna").id))
    unsubscribe.unsubscribe(person)
    unsubscribe.take_back(person)
    db.session.commit()
    assert set(db.session.scalars(select(SequenceEnd.reason))) == {EndReason.UNSUBSCRIBED}
    made.time_comes(campaign)
    made.beat()
    assert mails(sink) == {"anna": 1, "bert": 2}


def test_a_robot_s_form_ends_nothing(app: Flask, cast: Cast, sink: Sink, client: FlaskClient) -> None:
    campaign = made.launched(cast, ["anna"])
    made.beat()
    made.fill_in(client, campaign, "anna@people.example", website="https://spam.example")
    assert db.session.scalars(select(Submission.held_reason)).one()
    assert db.session.scalar(select(func.count()).select_from(SequenceEnd)) == 0


@both
def test_two_beats_and_two_workers_at_once_begin_a_step_once(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign = made.launched(cast, ["anna", "bert"])
    made.beat()
    made.time_comes(campaign)
    second = made.send_of(campaign, 2).id
    db.session.rollback()
    assert [sweep.due_steps(db.engine) for _ in range(2)] == [[(JobName.START_STEP, second)]] * 2
    begun: list[bool] = []

    def begin(gate: threading.Barrier) -> None:
        with app.app_context():
            gate.wait()
            begun.append(start_step(second))
            db.session.commit()

    gate = threading.Barrier(4)
    threads = [threading.Thread(target=begin, args=(gate,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(begun) == [False, False, False, True]
    made.beat()
    assert mails(sink) == {"anna": 2, "bert": 2}


@both
@pytest.mark.parametrize("point", ["expand-chunk:2", "expand-committed:2"])
def test_a_worker_killed_while_it_writes_a_step_leaves_every_person_judged_once(
    app: Flask, cast: Cast, sink: Sink, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    people = [f"p{n}" for n in range(11)]
    campaign = made.launched(cast, people)
    made.beat()
    for local in people[:4]:
        made.fill_in(client, campaign, f"{local}@people.example")
    made.time_comes(campaign)
    second = made.send_of(campaign, 2)
    assert start_step(second.id)
    db.session.commit()
    monkeypatch.setattr(sequence, "WINDOW", 3)
    assert killed_at(point, second.id) == -signal.SIGKILL
    half = made.send_of(campaign, 2)
    assert half.status is SendStatus.EXPANDING
    assert half.cursor > 0
    made.beat()
    whole = made.send_of(campaign, 2)
    assert (whole.expanded, reasons(whole)) == (7, {"submitted": 4})
    assert mails(sink) == {local: 1 if local in people[:4] else 2 for local in people}


def killed_at(point: str, send_id: int) -> int:
    """The exit code of a process of its own that expands the send and is killed at a fail-point."""
    db.session.remove()
    db.engine.dispose()
    pid = os.fork()
    if pid:
        return Worker(pid).wait()
    os.environ[failpoints.VARIABLE] = point
    failpoints.arm()
    try:
        jobs.expand_send(send_id)
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(1)


def test_a_step_waits_for_the_one_before_it(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign = made.launched(cast, ["anna", "bert"])
    made.beat()
    first = made.send_of(campaign, 1)
    row = made.delivery(campaign, 1, "anna")
    row.state, first.status = DeliveryState.READY, SendStatus.SENDING
    row.not_before = datetime.now(UTC) + timedelta(hours=1)  # their server asked for patience
    db.session.commit()
    made.time_comes(campaign)
    db.session.rollback()
    assert sweep.due_steps(db.engine) == []
    assert not start_step(made.send_of(campaign, 2).id)


def test_a_paused_campaign_s_steps_wait_and_keep_their_distance(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign = made.launched(cast, ["anna"])
    made.beat()
    control.pause(ready.maya(cast), fresh(campaign))
    db.session.commit()
    second, third = made.send_of(campaign, 2).starts_at, made.send_of(campaign, 3).starts_at
    assert second is not None
    assert third is not None
    made.time_comes(campaign, second - datetime.now(UTC) + timedelta(days=2))
    planned = made.send_of(campaign, 3).starts_at
    assert planned is not None
    assert made.beat() == [], "paused"
    control.resume(ready.maya(cast), fresh(campaign))
    db.session.commit()
    made.beat()
    assert mails(sink) == {"anna": 2}, "the reminder is due since two days, the last call is not"
    moved = made.send_of(campaign, 3).starts_at
    assert moved == later.days_later(planned, 2, campaign.timezone)


def test_a_cancelled_campaign_s_steps_never_begin(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign = made.launched(cast, ["anna"])
    made.beat()
    control.pause(ready.maya(cast), fresh(campaign))
    db.session.commit()
    control.cancel(ready.maya(cast), fresh(campaign))
    db.session.commit()
    assert {made.send_of(campaign, step).status for step in (2, 3)} == {SendStatus.CANCELLED}
    assert made.beat() == []
    assert mails(sink) == {"anna": 1}


def test_a_step_of_a_recalled_kit_pauses_the_campaign_with_the_reason(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    campaign = made.launched(cast, ["anna"])
    made.beat()
    publish.recall(
        box.ingrid(cast), db.session.get_one(KitVersion, fresh(campaign).kit_version_id), "A wrong price."
    )
    db.session.commit()
    made.time_comes(campaign)
    made.beat()
    assert status(campaign) is CampaignStatus.PAUSED
    reason = db.session.scalars(select(Campaign.paused_reason)).one()
    assert reason is not None
    assert "A wrong price" in reason
    assert mails(sink) == {"anna": 1}
    told = db.session.scalars(select(OutgoingMail).where(OutgoingMail.template == "campaign_paused")).one()
    assert told.recipient == cast.maya.email


def test_a_step_that_came_due_while_nothing_ran_asks_and_goes_on_when_told(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    campaign = made.launched(cast, ["anna"])
    made.beat()
    second = made.send_of(campaign, 2).starts_at
    assert second is not None
    made.time_comes(campaign, second - datetime.now(UTC) + timedelta(hours=5))
    made.beat()
    assert status(campaign) is CampaignStatus.PAUSED
    reason = db.session.scalars(select(Campaign.paused_reason)).one()
    assert reason is not None
    assert "nothing ran here then" in reason
    control.resume(ready.maya(cast), fresh(campaign))
    db.session.commit()
    made.beat()
    assert mails(sink) == {"anna": 2}


def test_a_slow_step_puts_off_the_ones_behind_it_by_whole_days_of_the_campaign_s_clock(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    campaign = made.launched(cast, ["anna"])
    made.JOBS[JobName.LAUNCH_CAMPAIGN](campaign.id)
    db.session.commit()
    first = made.send_of(campaign, 1)
    first.starts_at = datetime(2027, 3, 25, 8, 30, tzinfo=UTC)  # 09:30 in Amsterdam
    db.session.execute(
        update(Send).where(Send.step == 2).values(starts_at=datetime(2027, 3, 27, 8, 30, tzinfo=UTC))
    )
    db.session.commit()
    later.keep_distance(campaign, first, datetime(2027, 3, 26, 7, 0, tzinfo=UTC))
    # 28 March 2027: the clocks have gone forward, 09:30 is an hour earlier in UTC
    assert made.send_of(campaign, 2).starts_at == datetime(2027, 3, 27, 8, 30, tzinfo=UTC), (
        "rolled back: nothing"
    )
    first = made.send_of(campaign, 1)
    later.keep_distance(campaign, first, datetime(2027, 3, 26, 7, 0, tzinfo=UTC))
    db.session.commit()
    assert made.send_of(campaign, 2).starts_at == datetime(2027, 3, 28, 7, 30, tzinfo=UTC)


def test_on_people_s_own_clocks_a_step_that_is_put_off_is_put_off_for_each_place(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    campaign = made.launched(cast, ["anna"])
    made.JOBS[JobName.LAUNCH_CAMPAIGN](campaign.id)
    db.session.commit()
    first, second = made.send_of(campaign, 1), made.send_of(campaign, 2)
    tokyo, here = datetime(2027, 3, 25, 0, 30, tzinfo=UTC), datetime(2027, 3, 25, 8, 30, tzinfo=UTC)
    first.starts_at, first.timing = tokyo, Timing("Europe/Amsterdam", None, {"JP": tokyo, "": here}).to_json()
    day = timedelta(days=2)
    second.starts_at = tokyo + day
    second.timing = Timing("Europe/Amsterdam", None, {"JP": tokyo + day, "": here + day}).to_json()
    db.session.flush()
    later.keep_distance(campaign, first, here + timedelta(hours=3))
    assert second.starts_at == tokyo + day, "it took three hours after the last place's time"
    later.keep_distance(campaign, first, here + timedelta(hours=20))
    moved = Timing.from_json(second.timing)
    assert moved is not None
    assert moved.starts == {"JP": tokyo + 3 * timedelta(days=1), "": datetime(2027, 3, 28, 7, 30, tzinfo=UTC)}


def test_a_subject_test_is_of_the_first_step_and_its_figures_stay_right(
    app: Flask, cast: Cast, sink: Sink, client: FlaskClient
) -> None:
    people = [f"p{n}" for n in range(8)]
    campaign = made.launched(cast, people, subjects=("Is it there?", "Bring one back"))
    made.beat()
    made.time_comes(campaign)
    made.beat()
    assert mails(sink) == dict.fromkeys(people, 2)
    assert len({made.subjects_to(sink, local)[0] for local in people}) == 2
    assert len({made.subjects_to(sink, local)[1] for local in people}) == 1
    made.fill_in(client, campaign, "p3@people.example")
    first = made.delivery(campaign, 1, "p3")
    test = made.send_of(campaign, 1).experiment_id
    assert made.send_of(campaign, 2).experiment_id is None
    found = totals(db.session.get_one(Experiment, test))
    assert [item.arm.assigned for item in found] == [4, 4]
    assert {item.variant.id: item.arm.converters for item in found}[first.variant_id or 0] == 1
    assert sum(item.arm.converters for item in found) == 1
    assert db.session.scalars(select(Submission.variant_id)).one() == first.variant_id


@both
def test_people_are_counted_once_and_the_proof_lists_what_went_out(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    campaign = made.launched(cast, ["anna", "bert", "550"])
    made.beat()
    made.time_comes(campaign)
    made.beat()
    found = funnel(fresh(campaign))
    assert (found.sent, found.reached) == (3, 2)
    assert figures(cast.harbour)[campaign.id].sent == 2
    facts = packet._campaign(campaign.id)  # what a claim seals
    assert [mail["email"] for mail in facts["mails"]] == ["invitation", "reminder"], (
        "the last call has not gone out"
    )
    assert facts["people"] == 2
    assert facts["deliveries"] == {"accepted": 4, "rejected": 1}


def test_the_steps_are_told_with_their_dates_and_who_was_left_out(
    app: Flask, cast: Cast, sink: Sink, client: FlaskClient
) -> None:
    campaign = made.launched(cast, ["anna", "bert", "550"])
    made.beat()
    made.fill_in(client, campaign, "bert@people.example")
    made.time_comes(campaign)
    made.beat()
    steps = sequence_page.steps(fresh(campaign))
    assert steps is not None
    first, second, third = steps.lines
    assert (first.said, first.why) == ("2 of 3\u00a0people got it", "")
    assert second.said == "1 of 1\u00a0person got it"
    assert second.why == "2 left out: 1 did not get the first mail, 1 left their details"
    assert steps.next is third
    assert third.said == "To about 1\u00a0person, those who did not leave their details"


def test_a_campaign_with_one_mail_has_no_steps_to_tell_of(app: Flask, cast: Cast, sink: Sink) -> None:
    send = delivered.send(cast, ["anna"])
    assert sequence_page.steps(db.session.get_one(Campaign, send.campaign_id)) is None


def test_nothing_is_lost_when_the_job_that_begins_a_step_dies(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign = made.launched(cast, ["anna"])
    made.beat()
    made.time_comes(campaign)
    second = made.send_of(campaign, 2)
    assert start_step(second.id)
    db.session.rollback()  # as a SIGKILL before the commit would
    assert made.send_of(campaign, 2).status is SendStatus.WAITING
    made.beat()
    assert mails(sink) == {"anna": 2}
    assert db.session.scalar(select(func.count(Delivery.id)).where(Delivery.send_id == second.id)) == 1
