"""The pages around a launch, as the people at Harbour IT, their viewer and their vendor see them."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app import clock
from app.accounts.models import AuditEntry
from app.audience.models import SuppressionReason, SuppressionScope
from app.audience.suppress import address_hash, suppress
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery import jobs
from app.delivery.control import Knows, resend
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus
from app.errors import Conflict, Refused
from app.flows import launch as launching
from app.mdf.models import ActivityType, Fund, MdfRequest, RequestStatus
from tests.delivery import made, ready
from tests.delivery.conftest import check_invariants
from tests.delivery.worker import start
from tests.rig.cast import Cast
from tests.rig.sink import Sink

Browser = Callable[..., FlaskClient]
PEOPLE = ["anna", "bram", "=cmd", "chris"]


def text_of(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode()).replace("\u00a0", " ").split())


def launched(cast: Cast, people: list[str] | None = None) -> Send:
    campaign = ready.campaign(cast, people or PEOPLE)
    launching.launch(ready.maya(cast), campaign, len(people or PEOPLE))
    db.session.commit()
    send = launching.start_due(campaign.id)
    db.session.commit()
    assert send is not None
    jobs.expand_send(send.id)
    return send


def pid_of(send: Send) -> str:
    return db.session.get_one(Campaign, send.campaign_id).pid


def status_of(send: Send) -> CampaignStatus:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Campaign, send.campaign_id).status


def test_the_launch_page_says_who_gets_it_and_who_does_not(cast: Cast, as_person: Browser) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    suppress(
        SuppressionScope.VENDOR,
        cast.northwind.id,
        address_hash("bram@people.example"),
        SuppressionReason.UNSUBSCRIBE,
    )
    db.session.commit()
    page = as_person(cast.maya).get(f"/campaigns/{campaign.pid}/launch")
    words = text_of(page.data)
    assert page.status_code == 200
    assert "3 people get “Email 1: the invitation”" in words
    assert "Said no to the vendor 1" in words
    assert "Launch to 3 people" in words
    assert "One-click unsubscribe and your postal address are in it" in words


def funded(cast: Cast, campaign: Campaign, shares_leads: bool) -> None:
    """Northwind has granted half of the follow-up calls of this campaign."""
    day = clock.today("Europe/Amsterdam")
    owners = {"vendor_id": cast.northwind.id}
    fund = Fund(name="Autumn", currency="EUR", starts_on=day, ends_on=day, **owners)
    db.session.add(fund)
    db.session.flush()
    activity = ActivityType(
        name="Follow-up calls", fund_id=fund.id, cap_minor=500_000, currency="EUR", **owners
    )
    db.session.add(activity)
    db.session.flush()
    db.session.add(
        MdfRequest(
            number="MDF-2026-0001", partner_id=cast.harbour.id, fund_id=fund.id, campaign_id=campaign.id, activity_type_id=activity.id,
            status=RequestStatus.APPROVED, title="Calls", currency="EUR", rate=50, cap_minor=500_000, cost_minor=240_000, asked_minor=120_000, approved_minor=120_000,
            starts_on=day, ends_on=day, claim_by=day, decided_at=clock.now(), shares_leads=shares_leads, **owners,
        )
    )  # fmt: skip
    db.session.commit()


@pytest.mark.parametrize(
    ("agreed_before", "ticked", "shares"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_leads_are_shared_only_as_the_terms_of_the_money_were_accepted(
    cast: Cast, as_person: Browser, agreed_before: bool, ticked: bool, shares: bool
) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    funded(cast, campaign, agreed_before)
    browser = as_person(cast.maya)
    words = text_of(browser.get(f"/campaigns/{campaign.pid}/launch").data)
    assert "EUR 1,200 is reserved for you" in words
    assert f"Money: {2 if agreed_before else 1} of 3 rules met" in words
    assert ("Share this campaign’s leads with Northwind Cloud" in words) is not agreed_before
    data = {"when": "now", "people": "4", **({"share_leads": "y"} if ticked else {})}
    assert browser.post(f"/campaigns/{campaign.pid}/launch", data=data).status_code == 302
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(Campaign, campaign.id).shares_leads is shares


def test_the_button_launches_to_the_number_it_names(cast: Cast, as_person: Browser) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    answer = as_person(cast.jonas).post(
        f"/campaigns/{campaign.pid}/launch", data={"when": "now", "people": "4"}
    )
    assert answer.status_code == 302
    db.session.rollback()
    db.session.expire_all()
    mine = db.session.get_one(Campaign, campaign.id)
    assert mine.status is CampaignStatus.SCHEDULED
    assert mine.launched_by == cast.jonas.id


def test_another_number_is_shown_again_and_nothing_launched(cast: Cast, as_person: Browser) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    answer = as_person(cast.maya).post(
        f"/campaigns/{campaign.pid}/launch", data={"when": "now", "people": "9"}
    )
    assert answer.status_code == 409
    assert "The number changed while you looked: 4 people get it, not 9." in text_of(answer.data)
    assert "Launch to 4 people" in text_of(answer.data)
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(Campaign, campaign.id).status is CampaignStatus.DRAFT


def test_a_day_and_time_on_the_campaign_s_clock(cast: Cast, as_person: Browser) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    day = (clock.now() + timedelta(days=200)).replace(month=7, day=1)
    day = day if day > clock.now() + timedelta(days=1) else day.replace(year=day.year + 1)
    browser = as_person(cast.maya)
    data = {"when": "later", "day": f"{day:%Y-%m-%d}", "time": "09:30", "people": "4"}
    assert browser.post(f"/campaigns/{campaign.pid}/launch", data=data).status_code == 302
    db.session.rollback()
    db.session.expire_all()
    mine = db.session.get_one(Campaign, campaign.id)
    assert mine.scheduled_at is not None
    assert f"{mine.scheduled_at:%H:%M}" == "07:30", "Amsterdam is two hours ahead in July"
    words = text_of(browser.get(f"/campaigns/{campaign.pid}").data)
    assert "It goes out on" in words
    assert "1 July" in words
    assert "at 09:30, Amsterdam time" in words
    assert browser.post(f"/campaigns/{campaign.pid}/unschedule").status_code == 302
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(Campaign, campaign.id).status is CampaignStatus.APPROVED


@pytest.mark.parametrize(
    "data",
    [
        {"when": "later", "day": "", "time": "09:30"},
        {"when": "later", "day": "2001-01-01", "time": "09:30"},
        {"when": "x"},
    ],
)
def test_a_time_that_cannot_be_stands_beside_its_field(
    cast: Cast, as_person: Browser, data: dict[str, str]
) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    answer = as_person(cast.maya).post(f"/campaigns/{campaign.pid}/launch", data={"people": "4", **data})
    assert answer.status_code == 422
    assert "to mend" in text_of(answer.data)


def test_what_stands_in_the_way_is_listed_and_there_is_no_button(cast: Cast, as_person: Browser) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    campaign.slot_values = {}
    db.session.commit()
    words = text_of(as_person(cast.maya).get(f"/campaigns/{campaign.pid}/launch").data)
    assert "3 things stand in the way." in words
    assert "Launch to" not in words


def test_a_viewer_sees_no_button(cast: Cast, as_person: Browser) -> None:
    send = launched(cast)
    browser = as_person(cast.noor)
    page = browser.get(f"/campaigns/{pid_of(send)}")
    assert page.status_code == 200
    assert "Pause sending" not in text_of(page.data)
    assert browser.post(f"/campaigns/{pid_of(send)}/pause").status_code == 403


def test_the_vendor_sees_counts_and_no_person(cast: Cast, as_person: Browser, sink: Sink) -> None:
    send = launched(cast)
    jobs.send_slice(send.id)
    jobs.finish_send(send.id)
    browser = as_person(cast.ingrid)
    page = browser.get(f"/campaigns/{pid_of(send)}")
    words = text_of(page.data)
    assert "4 reached of 4 sent" in words
    assert "people.example" not in page.text
    assert "Pause sending" not in words
    for part in ("messages", "messages.csv", "uncertain", "history", "launch"):
        assert browser.get(f"/campaigns/{pid_of(send)}/{part}").status_code == 404, part


def test_a_draft_is_nothing_to_the_vendor_and_leads_the_partner_to_its_words(
    cast: Cast, as_person: Browser
) -> None:
    campaign = ready.campaign(cast, PEOPLE)
    assert as_person(cast.ingrid).get(f"/campaigns/{campaign.pid}").status_code == 404
    answer = as_person(cast.maya).get(f"/campaigns/{campaign.pid}")
    assert answer.headers["Location"] == f"/campaigns/{campaign.pid}/words"


def test_progress_moves_while_it_runs_and_reloads_the_page_at_the_end(
    cast: Cast, as_person: Browser, sink: Sink
) -> None:
    send = launched(cast)
    browser = as_person(cast.maya)
    moving = browser.get(f"/campaigns/{pid_of(send)}/live")
    assert 'hx-trigger="every 2s"' in moving.text
    assert "0 of 4 messages decided" in text_of(moving.data)
    jobs.send_slice(send.id)
    jobs.finish_send(send.id)
    ended = browser.get(f"/campaigns/{pid_of(send)}/live")
    assert ended.headers["HX-Refresh"] == "true"
    assert "4 of 4 messages decided (100 %)" in text_of(ended.data)


def test_pause_resume_and_cancel(cast: Cast, as_person: Browser, sink: Sink) -> None:
    send = launched(cast)
    browser = as_person(cast.maya)
    pid = pid_of(send)
    browser.post(f"/campaigns/{pid}/pause")
    assert status_of(send) is CampaignStatus.PAUSED
    jobs.send_slice(send.id)
    assert not sink.recipients()
    browser.post(f"/campaigns/{pid}/resume")
    assert status_of(send) is CampaignStatus.SENDING
    browser.post(f"/campaigns/{pid}/pause")
    browser.post(f"/campaigns/{pid}/cancel")
    assert status_of(send) is CampaignStatus.CANCELLED
    assert set(made.states(send.id).values()) == {DeliveryState.CANCELLED}
    jobs.send_slice(send.id)
    assert not sink.recipients()
    assert db.session.get_one(Send, send.id).status is SendStatus.CANCELLED
    answer = browser.post(f"/campaigns/{pid}/resume", follow_redirects=True)
    assert "can’t become sending" in text_of(answer.data)


def test_messages_by_state_and_as_a_spreadsheet_that_runs_nothing(
    cast: Cast, as_person: Browser, sink: Sink
) -> None:
    send = launched(cast)
    db.session.execute(
        update(Delivery).values(
            state=DeliveryState.REJECTED,
            reason="The mail server refuses the address",
            reply="550 5.1.1 unknown",
        )
    )
    db.session.commit()
    browser = as_person(cast.noor)
    words = text_of(browser.get(f"/campaigns/{pid_of(send)}/messages?state=refused").data)
    assert "The address doesn’t exist. Correct it in your contacts." in words
    assert "None here" in text_of(browser.get(f"/campaigns/{pid_of(send)}/messages?state=accepted").data)
    sheet = browser.get(f"/campaigns/{pid_of(send)}/messages.csv").data.decode("utf-8-sig").splitlines()
    assert len(sheet) == 5
    assert any(line.startswith("'=cmd@people.example") for line in sheet)


def test_history_names_who_did_what(cast: Cast, as_person: Browser) -> None:
    send = launched(cast)
    words = text_of(as_person(cast.noor).get(f"/campaigns/{pid_of(send)}/history").data)
    assert "Maya de Vries launched it to 4 people" in words
    assert "Maya de Vries checked it" in words


def uncertain(cast: Cast, sink: Sink) -> tuple[Send, Delivery]:
    """A message whose server broke off after the dot, half an hour ago."""
    send = made.send(cast, ["rst-dot", "anna"])
    assert start(send).wait() == 0
    jobs.finish_send(send.id)
    db.session.execute(update(Delivery).values(committed_at=clock.now() - timedelta(minutes=30)))
    db.session.commit()
    return send, made.delivery(send.id, "rst-dot")


def test_an_uncertain_message_is_sent_again_only_in_somebody_s_name(
    cast: Cast, as_person: Browser, sink: Sink
) -> None:
    send, row = uncertain(cast, sink)
    browser = as_person(cast.jonas)
    page = f"/campaigns/{pid_of(send)}/uncertain"
    assert "1 message is uncertain" in text_of(browser.get(page).data)
    assert "Send again, as Jonas Bakker" in text_of(browser.get(page).data)
    assert browser.post(f"{page}/{row.pid}", data={"knows": "perhaps"}).status_code == 422
    assert browser.post(f"{page}/{row.pid}", data={"knows": "asked"}).status_code == 302
    assert made.delivery(send.id, "rst-dot").state is DeliveryState.READY
    assert status_of(send) is CampaignStatus.SENDING
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "delivery.resent")).one()
    assert (entry.person_id, entry.subject_id) == (cast.jonas.id, row.id)
    again = browser.post(f"{page}/{row.pid}", data={"knows": "asked"})
    assert again.status_code == 409


def test_nobody_sends_again_while_the_server_may_still_take_it(app: Flask, cast: Cast, sink: Sink) -> None:
    send, row = uncertain(cast, sink)
    row.committed_at = clock.now() - timedelta(minutes=9)
    with pytest.raises(Refused, match="ten minutes"):
        resend(ready.maya(cast), row, Knows.ASKED)
    db.session.rollback()
    row = made.delivery(send.id, "rst-dot")
    row.state = DeliveryState.ACCEPTED
    db.session.flush()
    with pytest.raises(Conflict):
        resend(ready.maya(cast), row, Knows.ASKED)
    db.session.rollback()
    check_invariants(sink, send.id)
