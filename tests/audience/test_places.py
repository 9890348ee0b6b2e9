"""Countries and time zones as people write them; the zone of a country with one clock; both brought in with a list."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.core import get_global
from sqlalchemy import select

from app.audience import places
from app.audience.columns import Becomes, guess
from app.audience.models import Contact
from app.clock import now
from app.db import db
from app.flows import person_erase
from app.flows.person_data import about_contact
from tests.audience.files import imported, maya
from tests.rig.cast import Cast


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NL", "NL"),
        ("nld", "NL"),
        ("Netherlands", "NL"),
        ("the netherlands", "NL"),
        ("Nederland", "NL"),
        ("Österreich", "AT"),
        ("Osterreich", "AT"),
        ("U.S.A.", "US"),
        ("UK", "GB"),
        ("Turkey", "TR"),
        ("Zuid-Holland", None),
        ("EU", None),
        ("", None),
    ],
)
def test_a_country_is_known_by_its_names_and_codes(text: str, code: str | None) -> None:
    assert places.country_code(text) == code


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Amsterdam", "Europe/Amsterdam"),
        ("america/new york", "America/New_York"),
        ("UTC", "UTC"),
        ("localtime", None),
        ("../../etc/passwd", None),
        ("Mars/Olympus", None),
    ],
)
def test_a_zone_is_known_by_its_name(text: str, zone: str | None) -> None:
    assert places.zone_name(text) == zone


@pytest.mark.parametrize(
    ("code", "zone"),
    [("NL", "Europe/Amsterdam"), ("DE", "Europe/Berlin"), ("CY", "Asia/Nicosia")]
    + [(code, None) for code in ("US", "PT", "ES", "AU", "BR", "RU", "XX")],
)
def test_only_a_country_with_one_clock_has_a_zone(code: str, zone: str | None) -> None:
    assert places.zone_of_country(code) == zone


def test_all_clocks_of_a_country_with_a_zone_show_the_same_time_every_day_of_two_years() -> None:
    names = get_global("territory_zones")
    days = [now().astimezone(UTC) + timedelta(days=n) for n in range(730)]
    for code in ("DE", "AR", "MY", "KZ", "CY", "UZ", "PS", "MH"):
        zone = places.zone_of_country(code)
        assert zone in names[code]
        for other in names[code]:
            if places.zone_name(other):
                assert all(_offset(day, other) == _offset(day, zone or "") for day in days), (code, other)


def _offset(moment: datetime, zone: str) -> timedelta | None:
    return moment.astimezone(ZoneInfo(zone)).utcoffset()


def test_their_zone_counts_then_their_country_then_the_default() -> None:
    assert places.zone_of("Europe/Lisbon", "UTC") == "Europe/Lisbon"
    assert places.zone_of("NL", "UTC") == "Europe/Amsterdam"
    assert places.zone_of("US", "UTC") == "UTC"
    assert places.zone_of("", "UTC") == "UTC"


def test_headings_of_countries_and_zones_are_known() -> None:
    assert guess(["Land", "Tijdzone"]) == [Becomes.COUNTRY, Becomes.TIME_ZONE]
    assert guess(["Country", "Time Zone", "Region"]) == [Becomes.COUNTRY, Becomes.TIME_ZONE, Becomes.REGION]


@pytest.mark.both_databases
def test_a_list_brings_country_and_zone(cast: Cast) -> None:
    imp = imported(
        cast,
        "Email;Country;Time zone\n"
        "a@x.example;Portugal;europe/lisbon\n"
        "b@x.example;Nederland;\n"
        "c@x.example;Middle Earth;\n"
        "d@x.example;;Mars/Olympus\n",
    )
    found = {row.email[0]: row for row in db.session.scalars(select(Contact))}
    assert {key: (row.country, row.time_zone) for key, row in found.items()} == {
        "a": ("PT", "Europe/Lisbon"),
        "b": ("NL", ""),
        "c": ("", ""),
    }
    assert found["c"].fields == {"Country": "Middle Earth"}  # what isn't understood is kept as it was written
    assert [finding["reason"] for finding in imp.findings] == ["The time zone isn’t one we know"]
    key = {row[0]: row[1] for row in db.session.execute(select(Contact.email, places.place_key()))}
    assert key == {"a@x.example": "Europe/Lisbon", "b@x.example": "NL", "c@x.example": ""}


def test_a_later_list_brings_them_up_to_date_and_erasing_takes_them_away(cast: Cast) -> None:
    imported(cast, "Email;Country;Time zone\na@x.example;PT;Europe/Lisbon\n")
    imported(cast, "Email;Country;Time zone\na@x.example;ES;\n")
    person = db.session.scalars(select(Contact)).one()
    assert (person.country, person.time_zone) == ("ES", "Europe/Lisbon")
    person_erase.erase(maya(cast), about_contact(cast.harbour, person))
    assert (person.country, person.time_zone) == ("", "")
