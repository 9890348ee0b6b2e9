"""A version that its vendor withdraws: nothing more leaves, whatever happens at the same moment, and partners are told why."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery import control, engine, jobs, progress
from app.delivery.compose import MailWriter
from app.delivery.engine import End
from app.delivery.models import DeliveryState, Send, SendStatus
from app.errors import Conflict, Invalid, Refused
from app.flows import kit_news, withdraw
from app.flows import launch as launching
from app.kits.models import KitNews, KitVersion, NewsKind
from app.mail.models import OutgoingMail
from app.settings import current
from tests.delivery import made as people
from tests.delivery import ready
from tests.delivery.conftest import check_invariants
from tests.delivery.test_engine import FAST, transport
from tests.flows import made
from tests.kits_web import box
from tests.kits_web.box import ingrid
from tests.rig.cast import Cast
from tests.rig.sink import Sink

both = pytest.mark.both_databases

EVERYONE = [f"p{n}" for n in range(12)]
WHY = "The claim “ISO certified” is not true any more."


def fresh(campaign: Campaign) -> Campaign:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Campaign, campaign.id)


def version_of(campaign: Campaign) -> KitVersion:
    return db.session.get_one(KitVersion, campaign.kit_version_id)


def recall(cast: Cast, campaign: Campaign, reason: str = WHY) -> withdraw.Withdrawn:
    done = withdraw.withdraw(ingrid(cast), version_of(campaign), reason)
    db.session.commit()
    return done


def mails(template: str) -> list[OutgoingMail]:
    return list(db.session.scalars(select(OutgoingMail).where(OutgoingMail.template == template)))


def launched(cast: Cast) -> tuple[Campaign, Send]:
    campaign = ready.campaign(cast, EVERYONE)
    launching.launch(ready.maya(cast), campaign, len(EVERYONE))
    db.session.commit()
    send = launching.start_due(campaign.id)
    db.session.commit()
    assert send is not None
    return campaign, send


def test_what_is_being_sent_stops_within_a_round_and_never_goes_on(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    campaign, send = launched(cast)
    jobs.expand_send(send.id)
    db.session.remove()
    writer = MailWriter(current())
    real, written = writer.envelope, list[str]()

    def recall_at_the_fifth(row: Any, segments: bytes, form: Any) -> Any:
        written.append(row.email)
        if len(written) == 5:
            recall(cast, campaign)
        return real(row, segments, form)

    writer.envelope = recall_at_the_fifth  # type: ignore[method-assign]
    result = engine.run_slice(db.engine, current().data_dir, send.id, transport(sink), writer, FAST)
    assert result.end is End.STOPPED
    states = list(check_invariants(sink, send.id).values())
    assert (states.count(DeliveryState.ACCEPTED), states.count(DeliveryState.READY)) == (4, 8)
    found = fresh(campaign)
    assert found.status is CampaignStatus.PAUSED
    assert found.paused_reason == f"Northwind Cloud withdrew version 1.0 of this kit: {WHY}"
    with pytest.raises(Refused, match="withdrew this version"):
        control.resume(ready.maya(cast), fresh(campaign))
    made.beat()
    jobs.send_slice(send.id)
    assert sum(sink.recipients().values()) == 4, "neither the beat nor a job that was on its way sends more"
    actions = set(db.session.scalars(select(AuditEntry.action)))
    assert {"kit.recalled", "campaign.kit_recalled"} <= actions
    control.cancel(ready.maya(cast), fresh(campaign))
    db.session.commit()
    assert fresh(campaign).status is CampaignStatus.CANCELLED, "the partner may still end it"


def test_what_is_scheduled_is_taken_back_with_the_reason(app: Flask, cast: Cast) -> None:
    campaign = ready.campaign(cast, EVERYONE)
    launching.launch(ready.maya(cast), campaign, len(EVERYONE))
    db.session.commit()
    assert recall(cast, campaign) == withdraw.Withdrawn(stopped=0, unscheduled=1, partners=1)
    found = fresh(campaign)
    assert (found.status, found.scheduled_at) == (CampaignStatus.APPROVED, None)
    assert WHY in (found.paused_reason or "")
    assert launching.start_due(campaign.id) is None
    db.session.rollback()
    with pytest.raises(Refused, match="recalled"):
        launching.launch(ready.maya(cast), fresh(campaign), len(EVERYONE))


def test_a_sequence_ends_with_its_kit(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign = made.launched(cast, ["anna"])
    made.beat()
    assert fresh(campaign).status is CampaignStatus.SENDING, "between two steps"
    recall(cast, campaign)
    made.time_comes(campaign)
    made.beat()
    assert fresh(campaign).status is CampaignStatus.PAUSED
    assert made.send_of(campaign, 2).status is SendStatus.WAITING
    assert sum(sink.recipients().values()) == 1


def test_an_uncertain_message_is_not_sent_again_from_a_withdrawn_version(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, send = launched(cast)
    jobs.expand_send(send.id)
    recall(cast, campaign)
    row = people.delivery(send.id, "p0")
    row.state = DeliveryState.UNCERTAIN
    db.session.commit()
    monkeypatch.setattr(control, "RESEND_AFTER", control.RESEND_AFTER * 0)
    with pytest.raises(Refused, match="withdrew this version"):
        control.resend(ready.maya(cast), row, control.Knows.ASKED)
    assert not sink.accepted


@both
def test_a_launch_that_is_just_being_frozen_sends_nothing(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job has looked at the version and is writing; the vendor's withdrawal waits for it, and then stops what it wrote."""
    campaign = ready.campaign(cast, EVERYONE)
    launching.launch(ready.maya(cast), campaign, len(EVERYONE))
    db.session.commit()
    frozen, real = threading.Event(), launching.freeze

    def slow(*args: Any) -> Send:
        send = real(*args)
        frozen.set()
        withdrawing.wait(5)
        return send

    withdrawing = threading.Event()
    monkeypatch.setattr(launching, "freeze", slow)

    def job() -> None:
        with app.app_context():
            launching.start_due(campaign.id)
            db.session.commit()

    thread = threading.Thread(target=job)
    thread.start()
    assert frozen.wait(20)
    db.session.rollback()
    threading.Timer(0.3, withdrawing.set).start()
    done = recall(cast, campaign)
    thread.join(20)
    assert done.stopped == 1
    made.beat()
    assert fresh(campaign).status is CampaignStatus.PAUSED
    assert db.session.scalars(select(Send.status)).all() == [SendStatus.PAUSED]
    assert not sink.accepted


@both
def test_a_launch_that_comes_a_moment_after_finds_it_taken_back(app: Flask, cast: Cast, sink: Sink) -> None:
    """The withdrawal is written and not yet committed; the job waits for the campaign, and then looks again."""
    campaign = ready.campaign(cast, EVERYONE)
    launching.launch(ready.maya(cast), campaign, len(EVERYONE))
    db.session.commit()
    withdraw.withdraw(ingrid(cast), version_of(campaign), WHY)
    db.session.flush()
    began: list[object] = []

    def job() -> None:
        with app.app_context():
            began.append(launching.start_due(campaign.id))
            db.session.commit()

    thread = threading.Thread(target=job)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive(), "it waits"
    db.session.commit()
    thread.join(20)
    assert began == [None]
    assert fresh(campaign).status is CampaignStatus.APPROVED
    assert not db.session.scalars(select(Send.id)).all()


def test_partners_are_told_once_each_with_what_became_of_their_campaigns(app: Flask, cast: Cast) -> None:
    campaign, _ = launched(cast)
    draft = db.session.get_one(Campaign, campaign.id)
    other = Campaign(
        partner_id=draft.partner_id,
        vendor_id=draft.vendor_id,
        kit_version_id=draft.kit_version_id,
        name="Autumn",
        timezone="Europe/Amsterdam",
    )
    db.session.add(other)
    db.session.commit()
    recall(cast, campaign)
    newer = box.published(cast, "1.1")
    kit_news.set_quiet(ready.maya(cast), True)
    for _ in range(2):
        kit_news.tell(campaign.kit_version_id)
        db.session.commit()
    told = mails("kit_recalled")
    assert {mail.recipient for mail in told} == {cast.maya.email, cast.jonas.email}, (
        "who works on campaigns, once"
    )
    mail = next(mail for mail in told if mail.recipient == cast.maya.email)
    assert mail.subject == "Northwind Cloud withdrew “Secure the Hybrid Office” 1.0"
    assert WHY in mail.text
    stopped = mail.text.index(f"“{campaign.name}” was being sent. It is stopped for good")
    assert stopped < mail.text.index("“Autumn” is not launched.")
    assert f"Version {newer.version} is open to you." in mail.text
    row = db.session.scalars(select(KitNews).where(KitNews.kind == NewsKind.RECALLED)).one()
    assert (row.mails, row.told_at is not None) == (2, True)


def test_the_beat_rings_for_partners_nobody_told(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, _ = launched(cast)
    recall(cast, campaign)
    assert kit_news.wake(app) == 0, "the job rang a moment ago"
    monkeypatch.setattr(kit_news, "_LATE", kit_news._LATE * -1)
    assert kit_news.wake(app) == 1
    kit_news.tell(campaign.kit_version_id)
    db.session.commit()
    assert kit_news.wake(app) == 0


def test_the_vendor_sees_before_what_it_would_stop(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign, send = launched(cast)
    jobs.expand_send(send.id)
    found = withdraw.effect(cast.northwind, version_of(campaign))
    assert (found.partners, found.sending, found.scheduled, found.stops) == (1, 1, 0, 1)
    assert found.waiting == progress.of(campaign).to_go == len(EVERYONE)
    made.beat()
    found = withdraw.effect(cast.northwind, version_of(campaign))
    assert (found.sending, found.waiting, found.done) == (0, 0, 1)


def test_it_needs_a_reason_and_happens_once(app: Flask, cast: Cast) -> None:
    campaign = ready.campaign(cast, EVERYONE)
    with pytest.raises(Invalid, match="not recalled"):
        withdraw.withdraw(ingrid(cast), version_of(campaign), "  \n ")
    db.session.rollback()
    recall(cast, campaign)
    with pytest.raises(Conflict):
        recall(cast, campaign)
    db.session.rollback()
    assert len(db.session.scalars(select(KitNews.id)).all()) == 1
