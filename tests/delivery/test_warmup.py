"""A new sender's domain sends so many messages a day, more from day to day; what doesn't fit waits, and the pages say until when."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import insert, update

from app import clock
from app.db import db
from app.delivery import warmup
from app.delivery.limits import SharedLimits, limits_for
from app.delivery.models import DeliveryState, Send, SendingWorker, WarmUp, WarmUpDay
from app.delivery.wire import Wait
from app.settings import current
from tests.delivery import made, many, ready
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases
DOMAIN = "throughline.example"
PLATFORM = "throughline.example"
Browser = Callable[..., FlaskClient]


def today() -> date:
    return clock.now().date()


def begun(plan: tuple[int, ...], days_ago: int = 0) -> None:
    warmup.start(DOMAIN, today() - timedelta(days=days_ago), plan)
    db.session.commit()


def quota() -> warmup.Quota | None:
    db.session.rollback()
    return warmup.quota_for(db.engine, current(), DOMAIN)


def taken(mine: warmup.Quota) -> int:
    """Everything that may go today."""
    count = 0
    while mine.refill():
        count += mine.left
        mine.left = 0
    return count


def day_before(days: int, number: int) -> None:
    row = {"domain": DOMAIN, "day": today() - timedelta(days=days), "quota": 50, "taken": number}
    db.session.execute(insert(WarmUpDay).values(**row))
    db.session.commit()


def another_worker() -> None:
    moment = clock.now()
    row = {"id": "w", "host": "x", "os_pid": 1, "detail": {}, "started_at": moment, "heartbeat_at": moment}
    db.session.execute(insert(SendingWorker), [row, {**row, "id": "v"}])
    db.session.commit()


def test_a_domain_without_a_plan_is_not_held_back(cast: Cast) -> None:
    assert quota() is None
    begun((50, 100))
    db.session.execute(update(WarmUp).values(starts_on=today() + timedelta(days=1)))
    db.session.commit()
    assert quota() is None, "it begins tomorrow"


def test_two_workers_together_take_the_day_s_volume_and_no_more(cast: Cast) -> None:
    begun((50, 100))
    another_worker()
    first, second = quota(), quota()
    assert first is not None
    assert second is not None
    assert first.refill()
    held = first.left
    assert 0 < held < 50
    assert taken(second) == 50 - held
    assert second.used_up is not None
    assert second.seconds() > 60
    first.give_back()
    third = quota()
    assert third is not None
    assert taken(third) == held, "what one did not need is another's"


def test_each_day_that_sends_is_a_step_and_a_day_without_mail_is_none(cast: Cast) -> None:
    begun((50, 100, 200), days_ago=9)
    day_before(9, 50)
    day_before(4, 80)
    day_before(3, 0)
    mine = quota()
    assert mine is not None
    assert taken(mine) == 200, "the third day that sends"
    db.session.rollback()
    db.session.execute(
        update(WarmUpDay).where(WarmUpDay.day == today()).values(day=today() - timedelta(days=1))
    )
    db.session.commit()
    assert quota() is None, "the plan is through"


def test_what_a_dead_worker_took_with_it_is_counted_again_from_the_deliveries(cast: Cast) -> None:
    begun((50, 100))
    send = many.sending(cast, 40)
    many.decide(send, 20, state=DeliveryState.ACCEPTED, committed_at=clock.now())
    many.decide(send, 2, state=DeliveryState.UNCERTAIN)
    lost = quota()
    assert lost is not None
    taken(lost)
    db.session.rollback()
    fresh = quota()
    assert fresh is not None
    assert taken(fresh) == 50 - 20


def test_yesterday_s_messages_are_not_today_s(cast: Cast) -> None:
    begun((50, 100))
    send = many.sending(cast, 40)
    many.decide(send, 20, state=DeliveryState.ACCEPTED, committed_at=clock.now() - timedelta(days=1))
    mine = quota()
    assert mine is not None
    taken(mine)
    fresh = quota()
    assert fresh is not None
    assert taken(fresh) == 50


def test_the_limits_of_a_slice_hold_the_day_s_volume(cast: Cast) -> None:
    begun((5, 10))
    send = made.send(cast, ["anna"])
    limits = limits_for(current(), send, db.engine)
    assert isinstance(limits, SharedLimits)
    assert [limits.take("a.example") for _ in range(5)] == [None] * 5
    wait = limits.take("a.example")
    assert isinstance(wait, Wait)
    assert wait.everyone
    limits.give_back("b.example")
    assert limits.take("c.example") is None
    send.sender_domain = "partner.example"
    assert not isinstance(limits_for(current(), send, db.engine), SharedLimits), "another domain has no plan"


@pytest.mark.parametrize(
    ("people", "now", "days"), [(300, 50, 2), (150, 50, 1), (50, None, None), (351, 50, 3)]
)
def test_the_forecast_spreads_a_send_over_the_days_to_come(
    cast: Cast, people: int, now: int | None, days: int | None
) -> None:
    begun((50, 100, 200))
    found = warmup.forecast(DOMAIN, PLATFORM, people)
    assert (found and found.today) == now
    assert (found and (found.last_day - today()).days) == days


def test_what_waits_already_goes_first(cast: Cast) -> None:
    begun((50, 100, 200))
    many.sending(cast, 40)
    found = warmup.forecast(DOMAIN, PLATFORM, 100)
    assert found is not None
    assert (found.today, (found.last_day - today()).days) == (10, 1)


def test_the_words_name_the_weekday_or_the_date() -> None:
    day = date(2026, 5, 19)
    assert warmup.Forecast(3_000, 400, day, date(2026, 5, 21)).words.endswith(
        "400 of 3,000 go today, the rest until Thursday."
    )
    assert warmup.Forecast(500, 400, day, date(2026, 5, 20)).words.endswith(
        "400 of 500 go today, the rest tomorrow."
    )
    assert warmup.Forecast(90_000, 0, day, date(2026, 5, 29)).words.endswith(
        "90,000 go from tomorrow on, the last on 29 May."
    )


def test_the_launch_page_says_how_many_go_today(cast: Cast, as_person: Browser) -> None:
    begun((2, 4, 8))
    campaign = ready.campaign(cast, ["anna", "bram", "chris", "dirk"])
    page = as_person(cast.maya).get(f"/campaigns/{campaign.pid}/launch")
    words = " ".join(re.sub(r"<[^>]+>", " ", page.text).split())
    assert (
        "Your new address is being introduced to mail providers: 2 of 4 go today, the rest tomorrow." in words
    )
    warmup.stop(DOMAIN)
    db.session.commit()
    assert "introduced" not in as_person(cast.maya).get(f"/campaigns/{campaign.pid}/launch").text


def test_stopping_a_plan_lets_what_waits_go_at_once(cast: Cast) -> None:
    begun((2, 4))
    send = made.send(cast, ["anna"])
    send.waits_until, send.waits_for = clock.now() + timedelta(hours=5), "words"
    db.session.commit()
    assert warmup.stop(DOMAIN)
    db.session.commit()
    db.session.expire_all()
    assert db.session.get_one(Send, send.id).waits_until is None
    assert not warmup.stop(DOMAIN), "it has ended already"
    assert quota() is None


def test_the_default_plan_never_more_than_doubles() -> None:
    assert warmup.PLAN[0] == 50
    assert warmup.PLAN[-1] >= 25_000
    assert all(after <= 2 * before for before, after in zip(warmup.PLAN, warmup.PLAN[1:], strict=False))


def test_an_operator_starts_and_stops_it(tmp_path: Path) -> None:
    from cli import throughline

    environ = {"DATA_DIR": str(tmp_path), "ENVIRONMENT": "development", "PATH": "/usr/bin"}

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(throughline, list(arguments), obj=environ)
        return result.output + (getattr(result.exception, "message", "") if result.exception else "")

    assert "newest" in run("db", "upgrade")
    assert "no plan" in run("delivery", "warm-up", "partner.example")
    assert "50 messages on the first day" in run("delivery", "warm-up", "Partner.example", "--start", "today")
    assert "0 of today’s 50 messages have gone; 9 days" in run("delivery", "warm-up", "partner.example")
    assert "has ended" in run("delivery", "warm-up", "partner.example", "--stop")
    assert "no plan" in run("delivery", "warm-up", "partner.example", "--stop")
    assert "2026-05-19" in run("delivery", "warm-up", "partner.example", "--start", "soon")
    assert "domain such as" in run("delivery", "warm-up", "a@partner.example")
