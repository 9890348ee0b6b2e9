"""A partner's mail rules: its admin sets how often and whether a yes is confirmed, and names topics; a campaign is about one of them."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.audience.models import MailRules, Topic, TopicOff
from app.audience.preferences import rules_of
from app.campaigns import make
from app.campaigns.models import CampaignStatus
from app.db import db
from app.errors import NotFound, Refused
from tests.campaigns.made import draft
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases
Browser = Callable[..., FlaskClient]


def test_the_limits_are_changed_and_shown(cast: Cast, as_person: Browser) -> None:
    maya = as_person(cast.maya)
    assert "3 mails" in maya.get("/contacts/rules").text.replace("\xa0", " ")
    answer = maya.post("/contacts/rules", data={"rules-a_week": "2", "rules-double_opt_in": "y"})
    assert answer.status_code == 303
    db.session.expire_all()
    rules = rules_of(cast.harbour.id)
    assert (rules.a_week, rules.double_opt_in) == (2, True)
    assert rules_of(cast.leuvelink.id).a_week == 3, "the rival’s are its own"


@pytest.mark.parametrize("number", ["0", "15", "many", ""])
def test_a_limit_that_makes_no_sense_is_refused_beside_its_field(
    cast: Cast, as_person: Browser, number: str
) -> None:
    answer = as_person(cast.maya).post("/contacts/rules", data={"rules-a_week": number})
    assert answer.status_code == 422
    assert "number" in answer.text
    assert db.session.scalars(select(MailRules)).all() == []


def test_topics_come_and_go_and_what_people_said_of_them_stays(cast: Cast, as_person: Browser) -> None:
    maya = as_person(cast.maya)
    assert (
        maya.post("/contacts/rules/topics", data={"topic-name": "Cloud", "topic-note": ""}).status_code == 303
    )
    again = maya.post("/contacts/rules/topics", data={"topic-name": "cloud"})
    assert again.status_code == 422
    assert "There is a topic of this name." in again.text
    topic = db.session.scalars(select(Topic)).one()
    db.session.add(TopicOff(partner_id=cast.harbour.id, address_hash="h", topic_id=topic.id))
    db.session.commit()
    assert maya.post(f"/contacts/rules/topics/{topic.pid}/retire").status_code == 303
    assert "Take out Cloud" not in maya.get("/contacts/rules").text
    assert maya.post("/contacts/rules/topics", data={"topic-name": "CLOUD"}).status_code == 303
    assert db.session.scalars(select(Topic.pid)).all() == [topic.pid], "the same topic, offered again"
    assert len(db.session.scalars(select(TopicOff)).all()) == 1


def test_a_campaign_is_about_a_topic_of_its_own_partner_while_it_is_a_draft(cast: Cast) -> None:
    maya = Actor(cast.maya, cast.harbour, Role.ADMIN)
    mine = Topic(partner_id=cast.harbour.id, name="Cloud")
    theirs = Topic(partner_id=cast.leuvelink.id, name="Cloud")
    db.session.add_all([mine, theirs])
    db.session.flush()
    campaign = draft(cast)
    make.set_topic(maya, campaign, mine.pid)
    assert campaign.topic_id == mine.id
    with pytest.raises(NotFound):
        make.set_topic(maya, campaign, theirs.pid)
    campaign.status = CampaignStatus.SENDING
    with pytest.raises(Refused):
        make.set_topic(maya, campaign, "")
    assert campaign.topic_id == mine.id
