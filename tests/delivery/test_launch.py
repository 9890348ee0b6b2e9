"""The launch: what forbids it, what it freezes, and that it happens exactly once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app import clock
from app.abtest.models import Assignment, Experiment, ExperimentStatus
from app.accounts.models import AuditEntry
from app.assets.models import BrandProfile
from app.audience import segments
from app.audience.models import Consent, Contact, SuppressionReason, SuppressionScope
from app.audience.rules import About, Condition, Group, How, Rules
from app.audience.suppress import address_hash, suppress
from app.campaigns import audience, schedule
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery import jobs, sweep
from app.delivery.models import Delivery, DeliveryState, Link, Rendering, Send
from app.errors import Conflict, Refused
from app.flows import launch as launching
from app.flows import overdue
from app.flows.check import check
from app.kits import publish
from app.kits.models import KitVersion
from app.landing.models import PublishedPage
from app.programs.models import Partnership, PartnershipStatus
from app.queue import JobName
from app.settings import current
from tests.delivery import made, ready
from tests.delivery.conftest import check_invariants
from tests.kits_web import box
from tests.rig.cast import Cast
from tests.rig.sink import Sink

pytestmark = pytest.mark.both_databases

PEOPLE = [f"p{n}" for n in range(11)]


def launch(cast: Cast, campaign: Campaign, seen: int = len(PEOPLE)) -> Send:
    """Yes, then the job at once."""
    launching.launch(ready.maya(cast), campaign, seen)
    db.session.commit()
    send = launching.start_due(campaign.id)
    db.session.commit()
    assert send is not None
    return send


def test_a_launch_sends_the_kit_s_mail_to_everyone_once(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign = ready.campaign(cast, PEOPLE, tracked=PEOPLE[:3])
    send = launch(cast, campaign)
    jobs.expand_send(send.id)
    jobs.send_slice(send.id)
    jobs.finish_send(send.id)
    assert set(check_invariants(sink, send.id).values()) == {DeliveryState.ACCEPTED}
    assert _status(campaign) is CampaignStatus.FINISHED
    mail = sink.accepted[0].content.decode()
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail
    assert "Kade 1, 3011 AA Rotterdam" in " ".join(mail.split())
    page = db.session.scalars(select(PublishedPage)).first()
    assert page is not None
    landing = db.session.scalars(select(Link).where(Link.kind == "landing")).first()
    assert landing is not None
    assert landing.url == f"http://127.0.0.1:8000/p/{page.pid}"
    actions = set(db.session.scalars(select(AuditEntry.action)))
    assert {"campaign.approved", "campaign.launched", "campaign.finished"} <= actions


def test_what_is_frozen_no_longer_changes(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    send = launch(cast, campaign)
    db.session.execute(update(BrandProfile).values(postal_address="Elsewhere 9, 1000 Oslo"))
    campaign.slot_values = {**campaign.slot_values, "person": "Somebody Else"}
    db.session.commit()
    jobs.expand_send(send.id)
    jobs.send_slice(send.id)
    mail = " ".join(sink.accepted[0].content.decode().split())
    assert "Elsewhere" not in mail
    assert "Somebody Else" not in mail
    assert "Jonas Bakker" in mail


def _status(campaign: Campaign) -> CampaignStatus:
    db.session.expire_all()
    return db.session.get_one(Campaign, campaign.id).status


def _no_consent(cast: Cast, campaign: Campaign) -> None:
    db.session.execute(update(Consent).values(withdrawn_at=clock.now()))


def _no_address(cast: Cast, campaign: Campaign) -> None:
    db.session.execute(update(BrandProfile).values(postal_address=""))


def _no_word(cast: Cast, campaign: Campaign) -> None:
    campaign.slot_values = {k: v for k, v in campaign.slot_values.items() if k != "person"}


def _recalled(cast: Cast, campaign: Campaign) -> None:
    publish.recall(
        box.ingrid(cast), db.session.get_one(KitVersion, campaign.kit_version_id), "A wrong price."
    )


def _ended(cast: Cast, campaign: Campaign) -> None:
    db.session.execute(update(Partnership).values(status=PartnershipStatus.ENDED))


def _no_list(cast: Cast, campaign: Campaign) -> None:
    campaign.list_id = None


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_no_consent, "no consent is on record"),
        (_no_address, "postal address"),
        (_no_word, "is empty"),
        (_recalled, "recalled"),
        (_ended, "no longer work with this vendor"),
        (_no_list, "Nobody is chosen"),
    ],
)
def test_a_launch_is_refused_with_the_reason(app: Flask, cast: Cast, spoil: Any, reason: str) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    spoil(cast, campaign)
    db.session.commit()
    db.session.expire_all()
    with pytest.raises(Refused, match=reason):
        launching.launch(ready.maya(cast), campaign, check(ready.maya(cast), campaign).people)
    assert db.session.scalar(select(func.count(Send.id))) == 0


def test_a_kit_without_an_unsubscribe_link_or_address_cannot_be_launched(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    from app.campaigns import prepare

    real = prepare.email

    def bare(*args: Any, **kwargs: Any) -> Any:
        from dataclasses import replace

        compiled = real(*args, **kwargs)
        return replace(compiled, text="Buy", places=())

    monkeypatch.setattr(prepare, "email", bare)
    texts = [problem.text for problem in check(ready.maya(cast), campaign).problems]
    assert texts == ["The mail has no unsubscribe link.", "Your postal address isn’t in the mail."]


def test_another_number_than_the_one_shown_is_asked_again(app: Flask, cast: Cast) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    suppress(
        SuppressionScope.PARTNER,
        cast.harbour.id,
        address_hash("p1@people.example"),
        SuppressionReason.UNSUBSCRIBE,
    )
    with pytest.raises(launching.CountChanged, match="10 people get it, not 11"):
        launching.launch(ready.maya(cast), campaign, len(PEOPLE))


def test_launching_twice_launches_once(app: Flask, cast: Cast) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    send = launch(cast, campaign)
    with pytest.raises(Conflict):
        launching.launch(ready.maya(cast), campaign, len(PEOPLE))
    assert launching.start_due(campaign.id) is None, "a second job finds nothing to begin"
    assert list(db.session.scalars(select(Send.id))) == [send.id]


def test_a_scheduled_campaign_begins_once_when_its_time_has_come(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    # 02:30 comes twice in Amsterdam on 31 October 2027; the first time counts, and only it.
    moment = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    monkeypatch.setattr(schedule, "HORIZON", timedelta(days=3000))
    schedule.set_time(ready.maya(cast), campaign, datetime.fromisoformat("2027-10-31T02:30"))
    assert campaign.scheduled_at == moment
    launching.launch(ready.maya(cast), campaign, len(PEOPLE))
    db.session.commit()
    begun = 0
    for minutes in range(-90, 180, 30):
        at = moment + timedelta(minutes=minutes)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        monkeypatch.setattr(launching, "now", lambda at=at: at)
        for _ in range(2):  # two beats at once
            db.session.rollback()
            monkeypatch.setattr(sweep, "database_now", lambda _c, at=at: at)
            due = sweep.due_launches(db.engine)
            assert (due == [(JobName.LAUNCH_CAMPAIGN, campaign.id)]) == (minutes >= 0 and not begun), at
            begun += launching.start_due(campaign.id) is not None
            db.session.commit()
    assert begun == 1
    assert db.session.scalar(select(func.count(Send.id))) == 1


def test_what_forbids_a_scheduled_launch_takes_it_back_with_the_reason(app: Flask, cast: Cast) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    launching.launch(ready.maya(cast), campaign, len(PEOPLE))
    _recalled(cast, campaign)
    db.session.commit()
    db.session.expire_all()
    assert launching.start_due(campaign.id) is None
    assert campaign.status is CampaignStatus.APPROVED
    assert campaign.paused_reason
    assert "recalled" in campaign.paused_reason


def test_what_breaks_while_freezing_leaves_nothing_behind(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    launching.launch(ready.maya(cast), campaign, len(PEOPLE))
    db.session.commit()

    def broken(*_args: Any) -> None:
        raise Refused("The page can’t be made.")

    monkeypatch.setattr(launching, "_links", broken)
    assert launching.start_due(campaign.id) is None
    db.session.commit()
    assert _status(campaign) is CampaignStatus.APPROVED
    assert db.session.scalar(select(func.count(Send.id))) == 0
    assert db.session.scalar(select(func.count(PublishedPage.id))) == 0
    assert (
        db.session.get_one(Campaign, campaign.id).paused_reason
        == "It was not launched at its time. The page can’t be made."
    )


def test_a_launch_killed_after_freezing_begins_anew(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not committed never was: the beat finds the campaign still scheduled, a few seconds after the try that died."""
    campaign = ready.campaign(cast, PEOPLE)
    launching.launch(ready.maya(cast), campaign, len(PEOPLE))
    db.session.commit()
    assert launching.start_due(campaign.id) is not None
    db.session.rollback()  # as a SIGKILL at "launch-frozen" would
    assert _status(campaign) is CampaignStatus.SCHEDULED
    db.session.rollback()
    later = clock.now() + overdue.BACK_OFF[0] + timedelta(seconds=1)
    monkeypatch.setattr(sweep, "database_now", lambda _c: later)
    monkeypatch.setattr(launching, "now", lambda: later)
    assert sweep.due_launches(db.engine) == [(JobName.LAUNCH_CAMPAIGN, campaign.id)]
    assert launching.start_due(campaign.id) is not None


def test_a_test_is_assigned_in_exact_shares_before_anything_is_sent(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    campaign = ready.campaign(cast, PEOPLE, with_test=True)
    send = launch(cast, campaign)
    assert db.session.scalar(select(func.count(Delivery.id))) == 0
    counts = Counter(db.session.scalars(select(Assignment.variant_id)))
    assert sorted(counts.values()) == [5, 6]
    test = db.session.scalars(select(Experiment)).one()
    assert test.status is ExperimentStatus.RUNNING
    assert test.started_at is not None
    assert test.ends_at == test.started_at + launching.TEST_LASTS
    assert {r.subject for r in db.session.scalars(select(Rendering))} == set(ready.SUBJECTS)
    db.session.commit()
    jobs.expand_send(send.id)
    jobs.send_slice(send.id)
    check_invariants(sink, send.id)
    sent = {row[0]: row[1] for row in db.session.execute(select(Delivery.contact_id, Delivery.variant_id))}
    drawn = {
        row[0]: row[1] for row in db.session.execute(select(Assignment.contact_id, Assignment.variant_id))
    }
    assert sent == drawn
    assert sum(b"Thirty points" in mail.content.partition(b"\r\n\r\n")[0] for mail in sink.accepted) in (5, 6)


def test_a_launch_survives_the_loss_of_redis(app: Flask, cast: Cast, sink: Sink) -> None:
    """The tests' settings point at no Redis at all: every step is found by the beat alone."""
    campaign = ready.campaign(cast, PEOPLE)
    launching.launch(ready.maya(cast), campaign, len(PEOPLE))
    db.session.commit()
    run: dict[JobName, Any] = {
        JobName.LAUNCH_CAMPAIGN: launching.start_due,
        JobName.EXPAND_SEND: jobs.expand_send,
        JobName.SEND_SLICE: jobs.send_slice,
        JobName.FINISH_SEND: jobs.finish_send,
    }
    for _ in range(4):
        db.session.execute(update(Send).values(rung_at=None))
        db.session.commit()
        for name, row_id in sweep.sweep(db.engine, current().data_dir):
            run[name](row_id)
            db.session.commit()
    assert _status(campaign) is CampaignStatus.FINISHED
    send_id = db.session.scalars(select(Send.id)).one()
    assert len(made.states(send_id)) == len(PEOPLE)
    assert sum(sink.recipients().values()) == len(PEOPLE)


def test_a_segment_is_frozen_with_the_launch(app: Flask, cast: Cast) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    for name in PEOPLE[:4]:
        mail = f"{name}@people.example"
        db.session.execute(update(Contact).where(Contact.email == mail).values(language="nl"))
    rules = Rules((Group((Condition(About.LANGUAGE, How.IS, "nl"),)),))
    segment = segments.save(ready.maya(cast), None, "Dutch", rules)
    audience.choose(ready.maya(cast), campaign, segment.pid)
    db.session.commit()
    send = launch(cast, campaign, seen=4)
    assert (send.list_id, send.expected) == (None, 4)
    other = Rules((Group((Condition(About.LANGUAGE, How.IS_NOT, "nl"),)),))
    segments.save(ready.maya(cast), segment, "Not Dutch", other)
    db.session.commit()
    jobs.expand_send(send.id)
    ids = db.session.scalars(select(Delivery.contact_id).where(Delivery.send_id == send.id)).all()
    mails = db.session.scalars(select(Contact.email).where(Contact.id.in_(ids)))
    assert sorted(mails) == [f"{name}@people.example" for name in PEOPLE[:4]]


def test_a_test_of_two_subjects_goes_to_a_segments_people_alone(app: Flask, cast: Cast) -> None:
    campaign = ready.campaign(cast, PEOPLE, with_test=True)
    for name in PEOPLE[:6]:
        mail = f"{name}@people.example"
        db.session.execute(update(Contact).where(Contact.email == mail).values(language="nl"))
    rules = Rules((Group((Condition(About.LANGUAGE, How.IS, "nl"),)),))
    audience.choose(ready.maya(cast), campaign, segments.save(ready.maya(cast), None, "Dutch", rules).pid)
    db.session.commit()
    send = launch(cast, campaign, seen=6)
    jobs.expand_send(send.id)
    assert db.session.scalar(select(func.count()).select_from(Assignment)) == 6
    assert db.session.scalar(select(func.count()).where(Delivery.send_id == send.id)) == 6
