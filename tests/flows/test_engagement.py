"""What segments know of people's engagement follows from what happened, whatever is done twice, late or judged otherwise."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.audience import segments
from app.audience.models import ANY_CAMPAIGN, Contact, Deed, Engagement, EngagementDue, EngagementTurn
from app.audience.rules import About, Condition, Group, How, Rules
from app.clock import now
from app.db import db
from app.delivery import expand
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus
from app.flows import engagement
from app.flows.win import win
from app.leads.models import Deal, DealStatus
from app.tracking.jobs import replay
from app.tracking.models import EventKind, TrackedEvent
from tests.delivery import made
from tests.rig import story as stories
from tests.rig.cast import Cast
from tests.rig.story import Story

pytestmark = pytest.mark.both_databases
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def story(app: Flask, cast: Cast) -> Story:
    found = stories.campaign(cast.northwind, cast.harbour)
    found.delivery.decided_at = now() - timedelta(days=2)
    db.session.commit()
    return found


def event(story: Story, **values: object) -> TrackedEvent:
    row = TrackedEvent(
        **{
            "partner_id": story.campaign.partner_id,
            "campaign_id": story.campaign.id,
            "send_id": story.send.id,
            "delivery_id": story.delivery.id,
            "contact_id": story.contact.id,
            "kind": EventKind.CLICK,
            "number": 1,
            "method": "GET",
            "agent": FIREFOX,
            "at": now() - timedelta(days=1),
            **values,
        }
    )
    db.session.add(row)
    db.session.commit()
    return row


def known(story: Story) -> dict[tuple[Deed, int], int]:
    """How often by deed and campaign, of the story's person."""
    db.session.rollback()
    rows = db.session.execute(
        select(Engagement.deed, Engagement.campaign_id, Engagement.times).where(
            Engagement.contact_id == story.contact.id
        )
    )
    return {(row.deed, row.campaign_id): row.times for row in rows}


def test_messages_clicks_forms_and_deals_become_facts_and_a_rebuild_finds_the_same(
    cast: Cast, story: Story
) -> None:
    event(story)
    event(story, at=now())
    event(story, kind=EventKind.OPEN, number=None, is_machine=True)
    event(story, contact_id=None, delivery_id=None)
    stories.submission(story)
    deal = Deal(
        partner_id=cast.harbour.id, vendor_id=cast.northwind.id, campaign_id=story.campaign.id, contact_id=story.contact.id,
        account="Van Dijk", title="Office", amount_minor=100_00, currency="EUR", status=DealStatus.REGISTERED,
    )  # fmt: skip
    db.session.add(deal)
    db.session.flush()
    deal.status = DealStatus.APPROVED
    win(Actor(cast.maya, cast.harbour, Role.ADMIN), deal)
    db.session.commit()
    assert engagement.tend() > 0
    one, every = story.campaign.id, ANY_CAMPAIGN
    times = {Deed.SENT: 1, Deed.CLICKED: 2, Deed.SUBMITTED: 1, Deed.BOUGHT: 1}
    expected = {(deed, where): n for deed, n in times.items() for where in (one, every)}
    assert known(story) == expected
    assert db.session.scalars(select(EngagementDue)).all() == []
    assert engagement.tend() == 0, "there is nothing left to do"
    db.session.execute(delete(Engagement))
    assert engagement.rebuild(cast.harbour.id) == 1
    assert known(story) == expected


def test_a_click_that_is_judged_a_machines_later_is_no_click_any_more(cast: Cast, story: Story) -> None:
    event(story, agent="curl/8")
    engagement.rebuild()
    assert (Deed.CLICKED, ANY_CAMPAIGN) in known(story)
    clicked = Rules((Group((Condition(About.CLICKED, How.WITHIN, 90.0),)),))
    assert segments.count(cast.harbour, clicked) == 1
    replay()
    engagement.tend()
    assert (Deed.CLICKED, ANY_CAMPAIGN) not in known(story)
    assert segments.count(cast.harbour, clicked) == 0


def test_a_send_under_way_is_looked_at_again_and_one_that_ended_once_more(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = made.send(cast, [f"p{n}" for n in range(7)])

    monkeypatch.setattr(engagement, "WINDOW", 3)
    send_id = send.id
    expand.expand(db.engine, send_id)
    db.session.rollback()
    accept(send_id, 4)
    engagement.tend()
    assert sent() == 4
    accept(send_id, 7)
    engagement.tend()
    assert sent() == 4, "it was looked at a moment ago"
    ended = {"status": SendStatus.FINISHED, "finished_at": now()}
    db.session.execute(update(Send).where(Send.id == send_id).values(**ended))
    db.session.commit()
    engagement.tend()
    assert sent() == 7
    turn = db.session.scalars(select(EngagementTurn)).one()
    assert turn.cursor == 0
    assert engagement.tend() == 0


def accept(send_id: int, upto: int) -> None:
    """The first messages of a send are accepted."""
    ids = db.session.scalars(
        select(Delivery.id).where(Delivery.send_id == send_id).order_by(Delivery.id)
    ).all()
    decided = {"state": DeliveryState.ACCEPTED, "decided_at": now()}
    db.session.execute(update(Delivery).where(Delivery.id.in_(ids[:upto])).values(**decided))
    db.session.commit()


def sent() -> int:
    """How many are known to have got a mail."""
    db.session.rollback()
    query = select(Engagement).where(Engagement.deed == Deed.SENT, Engagement.campaign_id == ANY_CAMPAIGN)
    return len(db.session.scalars(query).all())


def test_nothing_is_known_any_more_of_an_erased_person(cast: Cast, story: Story) -> None:
    engagement.rebuild()
    assert known(story)
    db.session.execute(update(Contact).where(Contact.id == story.contact.id).values(erased_at=now()))
    engagement.rebuild()
    assert known(story) == {}
