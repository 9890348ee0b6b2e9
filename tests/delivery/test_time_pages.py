"""Choosing a time: the launch page says who gets it when, and what is scheduled can be given another time."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts.models import AuditEntry
from app.audience.models import Contact
from app.campaigns import schedule
from app.campaigns.models import Campaign, CampaignStatus, Clock
from app.campaigns.zones import meant
from app.clock import local, now
from app.db import db
from app.errors import Refused
from app.flows import launch as launching
from tests.delivery import ready
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
PEOPLE = ["a", "b", "c"]
AMSTERDAM, LISBON = "Europe/Amsterdam", "Europe/Lisbon"


def nine(days: int = 4) -> datetime:
    """09:00 on a wall's clock, some days ahead."""
    return datetime.combine(local(now(), AMSTERDAM).date() + timedelta(days=days), time(9))


def typed(at: datetime, **more: str) -> dict[str, str]:
    """The form as a browser sends it."""
    base = {"when": "later", "day": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M}", "zone": AMSTERDAM, "people": "3"}
    return {**base, "clock": "campaign", "hours": "any", **more}


def campaign_with_lisbon(cast: Cast) -> Campaign:
    """A campaign to three people, one of them in Lisbon."""
    campaign = ready.campaign(cast, PEOPLE)
    db.session.execute(update(Contact).where(Contact.email.startswith("a@")).values(time_zone=LISBON))
    db.session.commit()
    return campaign


def scheduled(cast: Cast) -> Campaign:
    """Scheduled for 09:00 in four days."""
    campaign = campaign_with_lisbon(cast)
    schedule.set_time(ready.maya(cast), campaign, nine())
    launching.launch(ready.maya(cast), campaign, len(PEOPLE))
    db.session.commit()
    return campaign


def fresh(campaign: Campaign) -> Campaign:
    """The row as it is now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Campaign, campaign.id)


def test_while_choosing_the_page_says_who_gets_it_when_and_changes_nothing(
    cast: Cast, as_person: Browser
) -> None:
    campaign = campaign_with_lisbon(cast)
    browser = as_person(cast.maya, cast.harbour)
    form = typed(nine(), clock="person", then="show")
    part = browser.post(f"/campaigns/{campaign.pid}/launch", data=form, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "at 09:00, Amsterdam time." in part.text
    assert "at 09:00, Lisbon time (10:00 yours)." in part.text
    whole = browser.post(f"/campaigns/{campaign.pid}/launch", data=form).text
    assert "at 09:00, Lisbon time (10:00 yours)." in whole
    assert fresh(campaign).status is CampaignStatus.DRAFT
    assert fresh(campaign).scheduled_at is None


def test_each_person_s_clock_and_hours_are_kept_with_the_launch(cast: Cast, as_person: Browser) -> None:
    campaign = campaign_with_lisbon(cast)
    browser = as_person(cast.maya, cast.harbour)
    hours = {"hours": "within", "days": "all", "opens": "08:00", "closes": "18:00"}
    answer = browser.post(
        f"/campaigns/{campaign.pid}/launch",
        data=typed(nine(), clock="person", **hours),
        follow_redirects=True,
    )
    assert "on each person’s own clock" in answer.text
    assert "Only within these hours: every day, 08:00 to 18:00." in answer.text
    row = fresh(campaign)
    assert (row.clock, row.planned_for, row.status) == (Clock.PERSON, nine(), CampaignStatus.SCHEDULED)
    assert row.send_window == {"days": list(range(7)), "opens": "08:00", "closes": "18:00"}
    assert row.scheduled_at == meant(nine(), AMSTERDAM).moment  # Lisbon is an hour behind


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"hours": "within", "opens": "18:00", "closes": "08:00"}, "Choose an hour after the first one."),
        ({"zone": "Mars/Olympus"}, "Choose a time zone from the list."),
        ({"clock": "moon"}, "Choose one of these."),
        ({"days": "never", "hours": "within"}, "Choose one of these."),
    ],
)
def test_what_can_t_be_is_refused_beside_its_field(
    cast: Cast, as_person: Browser, more: dict[str, str], said: str
) -> None:
    campaign = campaign_with_lisbon(cast)
    answer = as_person(cast.maya, cast.harbour).post(
        f"/campaigns/{campaign.pid}/launch", data=typed(nine(), **more)
    )
    assert answer.status_code == 422
    assert said in answer.text
    assert fresh(campaign).status is CampaignStatus.DRAFT


def test_what_is_scheduled_can_be_given_another_time(cast: Cast, as_person: Browser) -> None:
    campaign = scheduled(cast)
    browser = as_person(cast.maya, cast.harbour)
    assert f"/campaigns/{campaign.pid}/time" in browser.get(f"/campaigns/{campaign.pid}").text
    page = browser.get(f"/campaigns/{campaign.pid}/time")
    assert "Who gets it when" in page.text
    other = nine(6)
    answer = browser.post(
        f"/campaigns/{campaign.pid}/time",
        data=typed(other, zone="America/New_York"),
        follow_redirects=True,
    )
    assert "at 09:00, New York time (15:00 yours)" in answer.text
    row = fresh(campaign)
    assert (row.status, row.timezone) == (CampaignStatus.SCHEDULED, "America/New_York")
    assert row.scheduled_at == meant(other, "America/New_York").moment
    assert "campaign.rescheduled" in set(db.session.scalars(select(AuditEntry.action)))


def test_a_time_that_has_passed_is_refused_and_the_old_one_stays(cast: Cast, as_person: Browser) -> None:
    campaign = scheduled(cast)
    before = campaign.scheduled_at
    browser = as_person(cast.maya, cast.harbour)
    answer = browser.post(f"/campaigns/{campaign.pid}/time", data=typed(nine(-1)))
    assert answer.status_code == 422
    assert "has passed" in answer.text
    assert fresh(campaign).scheduled_at == before


def test_what_has_begun_keeps_its_time(cast: Cast, as_person: Browser) -> None:
    campaign = scheduled(cast)
    changed: Any = fresh(campaign)
    changed.status = CampaignStatus.SENDING
    db.session.commit()
    with pytest.raises(Refused, match="isn’t waiting for its time"):
        schedule.reschedule(ready.maya(cast), campaign, nine(6), AMSTERDAM)
    answer = as_person(cast.maya, cast.harbour).get(f"/campaigns/{campaign.pid}/time")
    assert answer.status_code == 302
