"""A send that goes badly pauses by itself, says why with figures, tells whoever launched it, and forgets what a person went on after."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import parsing
from app.accounts.models import AuditEntry
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db
from app.delivery import control, health, history, watch
from app.delivery.models import OUR_OWN_DEATH, Delivery, DeliveryState, Send, SendStatus, SendTally
from app.delivery.records import Came, Source
from app.delivery.returned.evidence import Evidence
from app.delivery.returned.hear import about, hear
from app.mail.models import OutgoingMail
from app.settings import current
from tests.delivery import many, ready
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases
S = DeliveryState


def going(cast: Cast, accepted: int, **others: int) -> Send:
    """A send of 1,000 of which so many are decided."""
    send = many.sending(cast, 1_000)
    db.session.get_one(Campaign, send.campaign_id).launched_by = cast.jonas.id
    come(send, accepted=accepted, **others)
    return send


def come(send: Send, **more: int) -> None:
    """So many more rows reach these states."""
    for state, number in more.items():
        ready_rows = select(Delivery.id).where(Delivery.send_id == send.id, Delivery.state == S.READY)
        ids = list(db.session.scalars(ready_rows.order_by(Delivery.id).limit(number)))
        db.session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(state=S(state)))
    db.session.execute(update(SendTally).values(took_ms=0))
    db.session.commit()


def judged(send: Send) -> Campaign:
    """The campaign after the beat has looked."""
    watch.watch()
    db.session.commit()
    db.session.expire_all()
    return db.session.get_one(Campaign, send.campaign_id)


def test_too_many_refusals_pause_it_with_figures_and_a_mail(cast: Cast) -> None:
    send = going(cast, 380, rejected=15, failed=5)
    campaign = judged(send)
    assert campaign.status is CampaignStatus.PAUSED
    assert db.session.get_one(Send, send.id).status is SendStatus.PAUSED
    why = campaign.paused_reason or ""
    assert why.startswith("20 of 400 messages (5.0 %) were refused.")
    assert "then go on" in why
    mail = db.session.scalars(select(OutgoingMail)).one()
    assert mail.recipient == cast.jonas.email
    assert mail.subject == f"“{campaign.name}” is paused"
    assert why in mail.text
    assert f"/campaigns/{campaign.pid}" in mail.text
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "campaign.paused_by_figures")
    ).one()
    assert entry.person_id is None
    assert entry.detail["bad"] == 20
    said = history.history(cast.harbour, campaign)[0]
    assert (said.who, said.what) == (None, "Paused by itself: 20 of 400 messages were refused")


@pytest.mark.parametrize(
    ("accepted", "others"),
    [
        (381, {"rejected": 19}),
        (150, {"rejected": 49}),
        (294, {"uncertain": 5}),
        (197, {"rejected": 2, "uncertain": 2}),
    ],
)
def test_below_the_threshold_or_with_too_few_messages_it_goes_on(
    cast: Cast, accepted: int, others: dict[str, int]
) -> None:
    assert judged(going(cast, accepted, **others)).status is CampaignStatus.SENDING


def test_uncertain_messages_weigh_more(cast: Cast) -> None:
    campaign = judged(going(cast, 294, uncertain=6))
    assert campaign.status is CampaignStatus.PAUSED
    assert "6 of 300 messages (2.0 %) the mail server broke off" in (campaign.paused_reason or "")


def test_deaths_of_our_own_are_no_sign_against_the_mail_server(cast: Cast) -> None:
    send = going(cast, 294, uncertain=6)
    died = (Delivery.send_id == send.id, Delivery.state == S.UNCERTAIN)
    db.session.execute(update(Delivery).where(*died).values(reason=OUR_OWN_DEATH))
    db.session.commit()
    assert judged(send).status is CampaignStatus.SENDING


def come_back(delivery_id: int, kind: Came, key: str = "") -> None:
    """Evidence of this kind comes in about a message."""
    hear(Evidence(kind, Source.FOLDER, now(), f"{delivery_id} {key}"), about(delivery_id))
    db.session.commit()


@pytest.mark.parametrize(
    ("kind", "enough", "words"),
    [(Came.COMPLAINT, 3, "called it spam"), (Came.HARD, 40, "came back"), (Came.SOFT, 40, "came back")],
)
def test_complaints_and_bounces_count_by_the_message_they_are_about(
    cast: Cast, kind: Came, enough: int, words: str
) -> None:
    send = going(cast, 800)
    other = many.sending(cast, 1, "other")
    ids = list(db.session.scalars(select(Delivery.id).where(Delivery.send_id == send.id).limit(enough)))
    foreign = db.session.scalars(select(Delivery.id).where(Delivery.send_id == other.id)).one()

    for delivery_id in [*ids[1:], foreign]:
        come_back(delivery_id, kind)
        come_back(delivery_id, kind, "said again")
    assert judged(send).status is CampaignStatus.SENDING, "one too few"
    come_back(ids[0], kind)
    db.session.execute(update(SendTally).values(took_ms=0))
    db.session.commit()
    campaign = judged(send)
    assert campaign.status is CampaignStatus.PAUSED
    assert f"{enough} of 800" in (campaign.paused_reason or "")
    assert words in (campaign.paused_reason or "")


def test_what_comes_back_after_a_step_is_done_stops_the_steps_to_come(cast: Cast) -> None:
    send = going(cast, 1_000)
    send.status = SendStatus.FINISHED
    db.session.commit()
    assert judged(send).status is CampaignStatus.SENDING
    for delivery_id in db.session.scalars(
        select(Delivery.id).where(Delivery.send_id == send.id).limit(50)
    ).all():
        come_back(delivery_id, Came.HARD)
    assert judged(send).status is CampaignStatus.PAUSED


def test_after_going_on_only_what_is_new_counts(cast: Cast) -> None:
    send = going(cast, 380, rejected=20)
    campaign = judged(send)
    control.resume(ready.maya(cast), campaign)
    db.session.commit()
    assert judged(send).status is CampaignStatus.SENDING, "the old refusals are forgiven"
    come(send, accepted=180, rejected=19)
    assert judged(send).status is CampaignStatus.SENDING, "199 new ones are too few to judge"
    come(send, accepted=1)
    campaign = judged(send)
    assert campaign.status is CampaignStatus.PAUSED
    assert (campaign.paused_reason or "").startswith("19 of 200 messages (9.5 %) were refused.")


def test_a_threshold_of_zero_never_pauses(app: Flask) -> None:
    found = {"decided": 1_000, "refused": 900, "uncertain": 0, "bounced": 0, "complained": 0}
    assert health.judge(current(), found, {}) == health.Finding("refused", 900, 1_000)
    settings = type("Settings", (), {"pause_after": 200, "pause_at": parsing.pause_at("refused=0")})
    assert health.judge(settings(), found, {}) is None


@pytest.mark.parametrize("kind", ["refused", "bounced", "complained", "uncertain"])
def test_the_reason_fits_where_it_is_kept(kind: str) -> None:
    assert len(health.Finding(kind, 1_234_567, 9_876_543).words) <= 200
