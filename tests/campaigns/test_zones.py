"""A local time means one moment, in every zone and over every change of its clocks; hours of the week open and close by the same rule."""

from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.campaigns.zones import Comes, Window, meant

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
AMSTERDAM, LORD_HOWE, TROLL = "Europe/Amsterdam", "Australia/Lord_Howe", "Antarctica/Troll"
MINUTE = timedelta(minutes=1)
WORK = Window(frozenset(range(5)), time(8), time(18))


def wall(*parts: int) -> datetime:
    """A time on a clock, of no zone yet."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def shown(moment: datetime, zone: str) -> datetime:
    """What a clock in the zone shows."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """The moments, to the minute, at which the clocks of a zone change from 2024 to 2032."""
    place, found = ZoneInfo(zone), []
    day, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC)
    while day < end:
        after = day + timedelta(days=1)
        if day.astimezone(place).utcoffset() != after.astimezone(place).utcoffset():
            moment = day
            while moment.astimezone(place).utcoffset() == day.astimezone(place).utcoffset():
                moment += MINUTE
            found.append(moment)
        day = after
    return tuple(found)


ANY_TIME = st.datetimes(wall(2024, 1, 1), wall(2032, 12, 31)).map(
    lambda local: local.replace(second=0, microsecond=0)
)


@st.composite
def near_a_change(draw: st.DrawFn) -> tuple[datetime, str]:
    """A local time within three hours of a change of the clocks, where the zone has any; else any."""
    zone = draw(st.sampled_from(ZONES))
    if not changes(zone):
        return draw(ANY_TIME), zone
    moment = draw(st.sampled_from(changes(zone)))
    return shown(moment, zone) + MINUTE * draw(st.integers(-180, 180)), zone


ANYWHERE = st.one_of(near_a_change(), st.tuples(ANY_TIME, st.sampled_from(ZONES)))


def first_look(local: datetime, zone: str) -> datetime:
    """The same by looking at the clock every minute, from well before: the first time it shows `local` or later."""
    moment = local.replace(tzinfo=UTC) - timedelta(hours=15)  # no zone is further ahead than 14 hours
    while shown(moment, zone) < local:
        moment += MINUTE
    return moment


@given(ANYWHERE)
@example((wall(2026, 3, 29, 2, 30), AMSTERDAM))
@example((wall(2026, 10, 25, 2, 30), AMSTERDAM))
@example((wall(2026, 10, 25, 3, 0), AMSTERDAM))
@example((wall(2026, 10, 4, 2, 15), LORD_HOWE))
@example((wall(2026, 3, 29, 2, 0), TROLL))
def test_it_is_the_first_moment_at_which_the_clock_shows_it_or_later(case: tuple[datetime, str]) -> None:
    local, zone = case
    assert meant(local, zone).moment == first_look(local, zone)


@given(ANYWHERE, st.integers(0, 400))
def test_what_is_planned_later_never_comes_earlier(case: tuple[datetime, str], minutes: int) -> None:
    local, zone = case
    assert meant(local, zone).moment <= meant(local + MINUTE * minutes, zone).moment


@given(ANYWHERE)
def test_it_says_how_often_the_clock_shows_it_and_takes_the_first(case: tuple[datetime, str]) -> None:
    local, zone = case
    found = meant(local, zone)
    begun = found.moment - timedelta(hours=12)
    seen = [begun + MINUTE * n for n in range(24 * 60) if shown(begun + MINUTE * n, zone) == local]
    assert {0: Comes.NEVER, 1: Comes.ONCE, 2: Comes.TWICE}[len(seen)] is found.comes
    assert not seen or seen[0] == found.moment


@pytest.mark.parametrize(
    ("local", "zone", "moment", "comes"),
    [
        (wall(2026, 6, 18, 9, 30), AMSTERDAM, datetime(2026, 6, 18, 7, 30, tzinfo=UTC), Comes.ONCE),
        (wall(2026, 3, 29, 2, 30), AMSTERDAM, datetime(2026, 3, 29, 1, 0, tzinfo=UTC), Comes.NEVER),
        (wall(2026, 10, 25, 2, 30), AMSTERDAM, datetime(2026, 10, 25, 0, 30, tzinfo=UTC), Comes.TWICE),
        (wall(2026, 10, 4, 2, 15), LORD_HOWE, datetime(2026, 10, 3, 15, 30, tzinfo=UTC), Comes.NEVER),
        (wall(2026, 3, 29, 2, 10), TROLL, datetime(2026, 3, 29, 1, 0, tzinfo=UTC), Comes.NEVER),
        (wall(2026, 11, 1, 1, 30), "America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), Comes.TWICE),
    ],
)
def test_known_changes_of_the_clocks(local: datetime, zone: str, moment: datetime, comes: Comes) -> None:
    assert (meant(local, zone).moment, meant(local, zone).comes) == (moment, comes)


WINDOWS = st.builds(
    lambda days, first, second: Window(frozenset(days), min(first, second), max(first, second)),
    st.sets(st.integers(0, 6), min_size=1),
    st.times(max_value=time(23, 0)).map(lambda t: t.replace(second=0, microsecond=0, minute=0)),
    st.times().map(lambda t: t.replace(second=0, microsecond=0, minute=45)),
)


@given(ANYWHERE, WINDOWS)
def test_hours_open_when_the_clock_says_so_and_not_before(case: tuple[datetime, str], window: Window) -> None:
    moment, zone = meant(*case).moment, case[1]
    opens = window.opening(moment, zone)
    assert moment <= opens <= moment + timedelta(days=9)
    closes = window.closing(opens, zone)
    assert closes is not None
    assert opens < closes
    assert window.closing(closes, zone) is None  # nothing opens on the same day again
    # at the opening a clock there shows a time within the hours, on one of the days
    clock = shown(opens, zone)
    assert clock.weekday() in window.days
    assert window.opens <= clock.time() < window.closes
    if opens > moment:
        assert window.closing(opens - timedelta(seconds=1), zone) is None


def test_a_friday_evening_waits_for_monday_morning() -> None:
    friday = datetime(2026, 11, 13, 17, 30, tzinfo=UTC)  # 18:30 in Amsterdam
    assert WORK.closing(friday, AMSTERDAM) is None
    assert WORK.opening(friday, AMSTERDAM) == datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
    monday = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
    assert WORK.opening(monday, AMSTERDAM) == monday
    assert WORK.closing(monday, AMSTERDAM) == datetime(2026, 11, 16, 17, 0, tzinfo=UTC)


def test_hours_that_the_clocks_skip_wholly_are_no_hours() -> None:
    night = Window(frozenset({6}), time(2, 10), time(2, 50))
    assert night.opening(datetime(2026, 3, 28, 12, tzinfo=UTC), AMSTERDAM) == datetime(
        2026, 4, 5, 0, 10, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("days", "opens", "closes"),
    [(set(), time(8), time(18)), ({0}, time(18), time(8)), ({0}, time(8), time(8)), ({7}, time(8), time(18))],
)
def test_hours_that_never_open_can_t_be_made(days: set[int], opens: time, closes: time) -> None:
    with pytest.raises(ValueError, match="window"):
        Window(frozenset(days), opens, closes)


def test_hours_are_stored_and_read_back() -> None:
    assert Window.from_json(WORK.to_json()) == WORK
    assert Window.from_json(None) is None
