"""A campaign goes out at the time its place's clock shows, also when that clock jumps."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.campaigns import schedule
from app.campaigns.models import CampaignStatus
from app.clock import now
from app.errors import Conflict, Invalid, Refused
from tests.campaigns.made import draft, maya, ready
from tests.rig.cast import Cast

AMSTERDAM = "Europe/Amsterdam"


def local(*parts: int) -> datetime:
    """A time on a wall clock, of no zone yet."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def test_an_ordinary_time_is_what_the_clock_shows() -> None:
    found = schedule.resolve(local(2026, 6, 18, 9, 30), AMSTERDAM)
    assert (found.moment, found.note) == (datetime(2026, 6, 18, 7, 30, tzinfo=UTC), "")


def test_an_hour_that_does_not_exist_comes_when_the_clocks_have_been_put_forward_and_it_is_said() -> None:
    found = schedule.resolve(local(2026, 3, 29, 2, 30), AMSTERDAM)
    assert found.moment == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert found.shown.strftime("%H:%M") == "03:00"
    assert found.note == "02:30 doesn’t exist that day: clocks go forward. It goes out at 03:00."


def test_of_an_hour_that_comes_twice_the_first_is_taken_and_said() -> None:
    found = schedule.resolve(local(2026, 10, 25, 2, 30), AMSTERDAM)
    assert found.moment == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert "comes twice that day" in found.note


def test_a_gap_of_half_an_hour_is_half_an_hour() -> None:
    found = schedule.resolve(local(2026, 10, 4, 2, 15), "Australia/Lord_Howe")
    assert found.shown.strftime("%H:%M") == "02:30"


@given(
    st.datetimes(local(2024, 1, 1), local(2030, 1, 1)),
    st.sampled_from([AMSTERDAM, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_what_is_shown_is_what_was_asked_for_or_later_and_said(wanted: datetime, zone: str) -> None:
    found = schedule.resolve(wanted, zone)
    shown = found.shown.replace(tzinfo=None)
    assert shown >= wanted
    assert (shown == wanted) or found.note
    assert found.moment.astimezone(found.shown.tzinfo) == found.shown


def test_the_time_is_kept_in_utc_with_its_zone(cast: Cast) -> None:
    campaign = draft(cast)
    planned = (now() + timedelta(days=3)).replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=None)
    found = schedule.set_time(maya(cast), campaign, planned, "America/New_York")
    assert found
    assert campaign.scheduled_at == found.moment
    assert campaign.timezone == "America/New_York"
    assert schedule.set_time(maya(cast), campaign, None) is None
    assert campaign.scheduled_at is None


@pytest.mark.parametrize(
    ("away", "zone", "field", "said"),
    [
        (timedelta(minutes=-1), "UTC", "time", "has passed"),
        (timedelta(days=400), "UTC", "time", "within a year"),
        (timedelta(days=1), "Mars/Olympus", "zone", "time zone"),
        (timedelta(days=1), "../../etc/passwd", "zone", "time zone"),
    ],
)
def test_a_time_that_can_t_be_is_refused(
    cast: Cast, away: timedelta, zone: str, field: str, said: str
) -> None:
    campaign = draft(cast)
    with pytest.raises(Invalid) as error:
        schedule.set_time(maya(cast), campaign, (now() + away).replace(tzinfo=None), zone)
    assert said in error.value.fields[field]
    assert (campaign.scheduled_at, campaign.timezone) == (None, AMSTERDAM)


def test_a_scheduled_campaign_keeps_its_time(cast: Cast) -> None:
    campaign: Any = draft(cast)
    campaign.status = CampaignStatus.SCHEDULED
    with pytest.raises(Refused):
        schedule.set_time(maya(cast), campaign, None)
    schedule.reopen(maya(cast), campaign)
    assert campaign.status is CampaignStatus.DRAFT


def test_nothing_is_approved_that_can_t_be_launched(cast: Cast) -> None:
    campaign = draft(cast)
    with pytest.raises(Refused, match="can’t be launched yet"):
        schedule.approve(maya(cast), campaign)
    assert campaign.status is CampaignStatus.DRAFT


def test_what_is_ready_is_approved_once(cast: Cast) -> None:
    campaign = ready(cast)
    schedule.approve(maya(cast), campaign)
    assert campaign.status is CampaignStatus.APPROVED
    with pytest.raises(Conflict):
        schedule.approve(maya(cast), campaign)
