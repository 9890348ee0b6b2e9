"""Each person's own hour, and hours in which nothing goes out: rows wait, the send waits, and both go on by themselves."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.audience.models import Contact
from app.campaigns import schedule
from app.campaigns.models import Campaign, CampaignStatus, Clock
from app.campaigns.zones import Window, meant
from app.clock import local, now
from app.db import db
from app.delivery import expand, finish, jobs, progress, sweep, timing
from app.delivery.models import Delivery, DeliveryState, Send
from app.delivery.timing import Timing
from app.errors import Invalid
from app.flows import launch as launching
from app.flows import when
from app.queue import JobName
from app.settings import current
from tests.delivery import made, ready
from tests.delivery.made import states
from tests.rig.cast import Cast
from tests.rig.sink import Sink

pytestmark = pytest.mark.both_databases

BERLIN, LISBON, AUCKLAND = "Europe/Berlin", "Europe/Lisbon", "Pacific/Auckland"
ZONES = {"ben": BERLIN, "lia": LISBON, "kiri": AUCKLAND}
COUNTRIES = {"nel": "NL", "sam": "US"}
PEOPLE = [*ZONES, *COUNTRIES, "una"]
WORK = Window(frozenset(range(5)), time(8), time(18))


def at_nine(days: int = 3) -> datetime:
    """09:00 on a wall's clock, some days ahead."""
    return datetime.combine(local(now(), BERLIN).date() + timedelta(days=days), time(9))


def placed(cast: Cast) -> Campaign:
    """A campaign to six people: three with a zone, two with a country (of which one has a single clock), one with neither."""
    campaign = ready.campaign(cast, PEOPLE)
    for name, zone in ZONES.items():
        db.session.execute(update(Contact).where(Contact.email.startswith(name)).values(time_zone=zone))
    for name, country in COUNTRIES.items():
        db.session.execute(update(Contact).where(Contact.email.startswith(name)).values(country=country))
    db.session.commit()
    return campaign


def expanded(cast: Cast, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Launched, begun at its time, its rows written."""
    launching.launch(ready.maya(cast), campaign, len(PEOPLE))
    db.session.commit()
    begins = campaign.scheduled_at
    assert begins
    set_clock(monkeypatch, begins)
    send = launching.start_due(campaign.id)
    assert send
    db.session.commit()
    jobs.expand_send(send.id)
    return send


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """What the installation and its database take for now."""
    for module in (expand, sweep, timing):
        monkeypatch.setattr(module, "database_now", lambda _connection: moment)
    monkeypatch.setattr(launching, "now", lambda: moment)
    monkeypatch.setattr(progress, "now", lambda: moment)


def not_before(send: Send) -> dict[str, datetime | None]:
    """When each row may go out, by local part."""
    db.session.rollback()
    query = select(Contact.email, Delivery.not_before).join(Contact, Contact.id == Delivery.contact_id)
    rows = db.session.execute(query.where(Delivery.send_id == send.id))
    found = {row[0].partition("@")[0]: row[1] for row in rows}
    db.session.rollback()
    return found


def test_it_begins_with_the_first_zone_and_the_others_wait_for_their_hour(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = placed(cast)
    nine = at_nine()
    schedule.set_time(ready.maya(cast), campaign, nine, BERLIN, Clock.PERSON)
    assert campaign.scheduled_at == meant(nine, AUCKLAND).moment
    send = expanded(cast, campaign, monkeypatch)
    berlin, lisbon = meant(nine, BERLIN).moment, meant(nine, LISBON).moment
    assert not_before(send) == {
        "kiri": None,
        "ben": berlin,
        "nel": berlin,  # the Netherlands have one clock, which shows what Berlin's does
        "sam": berlin,  # the United States have many: the campaign's zone
        "una": berlin,
        "lia": lisbon,
    }
    assert set(states(send.id).values()) == {DeliveryState.READY}
    assert not finish.finish(send.id), "rows that wait for their hour are open"


def test_who_comes_later_from_a_zone_that_was_not_planned_counts_as_the_campaign_s(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = placed(cast)
    nine = at_nine()
    schedule.set_time(ready.maya(cast), campaign, nine, BERLIN, Clock.PERSON)
    launching.launch(ready.maya(cast), campaign, len(PEOPLE))
    db.session.commit()
    assert campaign.scheduled_at
    set_clock(monkeypatch, campaign.scheduled_at)
    send = launching.start_due(campaign.id)
    assert send
    moved = update(Contact).where(Contact.email.startswith("una")).values(time_zone="Asia/Tokyo")
    db.session.execute(moved)
    db.session.commit()
    jobs.expand_send(send.id)
    assert not_before(send)["una"] == meant(nine, BERLIN).moment


def test_an_hour_that_has_passed_for_some_is_refused_with_their_number(app: Flask, cast: Cast) -> None:
    campaign = placed(cast)
    soon = local(now(), BERLIN).replace(tzinfo=None, second=0, microsecond=0) + timedelta(hours=2)
    with pytest.raises(Invalid) as error:
        schedule.set_time(ready.maya(cast), campaign, soon, BERLIN, Clock.PERSON)
    assert error.value.fields["time"].startswith("On one person’s clock this time has passed.")


def test_the_page_says_who_gets_it_when(app: Flask, cast: Cast) -> None:
    campaign = placed(cast)
    nine = at_nine(5)
    wish = when.Wish(nine, BERLIN, Clock.PERSON, None)
    lines = when.plan_in_words(campaign, wish, len(PEOPLE), BERLIN)
    day = f"{nine:%A} {nine.day} {nine:%B}"
    assert lines[0].startswith(f"1\u00a0person on {day} at 09:00, Auckland time (")
    assert lines[1] == f"4\u00a0people on {day} at 09:00, Berlin and Amsterdam time."
    assert lines[2] == f"1\u00a0person on {day} at 09:00, Lisbon time (10:00 yours)."
    assert lines[3] == "Of 2\u00a0people no time zone is known: they count as Berlin time."
    assert "who gets it is fixed then" in lines[4]


def windowed(cast: Cast, opens: datetime, *, starts: dict[str, datetime] | None = None) -> Send:
    """A send to the six that may go out in the hour after `opens` only, Berlin time or each person's own; its rows are written."""
    at = local(opens, BERLIN)
    window = Window(frozenset({at.weekday()}), at.time(), (at + timedelta(hours=1)).time())
    campaign = placed(cast)
    send = made.send(cast, [], of=campaign)
    send.list_id, send.expected = campaign.list_id or 0, len(PEOPLE)
    campaign.status = CampaignStatus.LAUNCHING
    send.timing = Timing(BERLIN, window, starts or {}).to_json()
    db.session.commit()
    jobs.expand_send(send.id)
    return send


NOON = datetime(2027, 6, 16, 10, 0, tzinfo=UTC)  # 12:00 in Berlin


def test_outside_its_hours_nothing_goes_out_and_it_goes_on_by_itself(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = windowed(cast, NOON)
    set_clock(monkeypatch, NOON - timedelta(minutes=30))
    jobs.send_slice(send.id)
    assert sink.accepted == []
    assert set(states(send.id).values()) == {DeliveryState.READY}
    mine = db.session.get_one(Send, send.id)
    assert mine.opens_at == NOON
    stand = progress.of(db.session.get_one(Campaign, mine.campaign_id))
    assert stand.waits_until == NOON
    db.session.rollback()
    assert (JobName.SEND_SLICE, send.id) not in rung(app)
    set_clock(monkeypatch, NOON)
    assert (JobName.SEND_SLICE, send.id) in rung(app)
    jobs.send_slice(send.id)
    assert set(states(send.id).values()) == {DeliveryState.ACCEPTED}
    assert db.session.get_one(Send, send.id).opens_at is None


def rung(app: Flask) -> list[tuple[JobName, int]]:
    """What the beat rings for."""
    with db.engine.begin() as connection:
        connection.execute(update(Send).values(rung_at=None))
    return sweep.due_sends(db.engine, current().data_dir)


def test_a_slice_that_begins_inside_the_hours_ends_with_them(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = windowed(cast, NOON)
    set_clock(monkeypatch, NOON + timedelta(minutes=59))
    policies: list[Any] = []
    real = jobs.run_slice
    monkeypatch.setattr(jobs, "run_slice", lambda *args: (policies.append(args[-1]), real(*args))[1])
    jobs.send_slice(send.id)
    assert [policy.until for policy in policies] == [NOON + timedelta(hours=1)]


def test_a_retry_that_falls_outside_waits_for_the_next_opening(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = windowed(cast, NOON)
    later = NOON + timedelta(hours=1, minutes=5)
    db.session.execute(update(Delivery).values(not_before=later, attempts=1))
    db.session.commit()
    set_clock(monkeypatch, later)
    jobs.send_slice(send.id)
    assert sink.accepted == []
    assert db.session.get_one(Send, send.id).opens_at == NOON + timedelta(days=7)


def test_hours_on_each_person_s_clock_put_off_those_whose_are_over(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "_CHUNK", 2)  # so that some chunks hold nobody of a place
    moment = NOON + timedelta(minutes=10)
    starts = {key: datetime(2026, 1, 1, tzinfo=UTC) for key in ("", BERLIN, LISBON, AUCKLAND, "NL", "US")}
    send = windowed(cast, NOON, starts=starts)
    set_clock(monkeypatch, moment)
    found = timing.gate(db.engine, send.id)
    assert found.until == NOON + timedelta(hours=1)
    rows = not_before(send)
    assert (rows["ben"], rows["nel"], rows["sam"], rows["una"]) == (None, None, None, None)
    assert rows["lia"] == NOON + timedelta(hours=1)
    assert rows["kiri"] == meant(at_local(NOON, AUCKLAND, days=7), AUCKLAND).moment
    # what was on its way when Auckland closed and came back waits like the rest
    late = select(Contact.id).where(Contact.email.startswith("kiri")).scalar_subquery()
    again = update(Delivery).where(Delivery.contact_id == late)
    db.session.execute(again.values(epoch=1, attempts=1, not_before=moment + timedelta(minutes=1)))
    db.session.commit()
    assert timing.gate(db.engine, send.id) == found
    assert not_before(send)["kiri"] == rows["kiri"]
    # an hour later it is Lisbon's turn, and what is left of Berlin's waits for next week
    set_clock(monkeypatch, NOON + timedelta(hours=1))
    found = timing.gate(db.engine, send.id)
    assert found.until == NOON + timedelta(hours=2)
    rows = not_before(send)
    assert rows["ben"] == rows["una"] == NOON + timedelta(days=7)
    assert rows["lia"] == NOON + timedelta(hours=1)
    set_clock(monkeypatch, NOON + timedelta(hours=2))
    assert timing.gate(db.engine, send.id).opens_at is not None


def at_local(moment: datetime, zone: str, days: int) -> datetime:
    """The hours' first one on that zone's clock, on the next day of theirs."""
    opens = local(moment, BERLIN)
    there = local(moment, zone).date()
    ahead = (opens.weekday() - there.weekday()) % 7
    day = there + timedelta(days=ahead or (days if local(moment, zone).time() >= opens.time() else 0))
    return datetime.combine(day, opens.time())


def test_a_send_without_hours_is_never_held(app: Flask, cast: Cast, sink: Sink) -> None:
    send = made.send(cast, PEOPLE)
    jobs.expand_send(send.id)
    assert timing.gate(db.engine, send.id) == timing.Gate()
    jobs.send_slice(send.id)
    assert set(states(send.id).values()) == {DeliveryState.ACCEPTED}
    assert set(not_before(send).values()) == {None}


@given(st.dictionaries(st.sampled_from(["", "NL", BERLIN, LISBON]), st.datetimes(timezones=st.just(UTC))))
def test_a_timing_is_stored_and_read_back(starts: dict[str, datetime]) -> None:
    one = Timing(BERLIN, WORK, starts)
    assert Timing.from_json(one.to_json()) == one
    assert Timing.from_json(None) is None
    assert one.zones[""] == BERLIN
    assert all(ZoneInfo(zone) for zone in one.zones.values())
