"""Who sees a kit: one rule for gallery, kit page, new campaigns and launches, in words for both sides."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from flask import Flask

from app import clock
from app.campaigns import make
from app.campaigns.ready import problems, standing
from app.db import db
from app.errors import NotFound, Refused
from app.kits.pieces import KitSource
from app.kits.queries import kit_source, open_kit, open_kits, version_for
from app.kits.visibility import Cause, language, reach, why_not
from app.programs.models import Partnership, PartnershipStatus
from tests.delivery import ready
from tests.kits_web.box import published
from tests.rig.cast import Cast

KIT = KitSource("A", "a", "1.0")
TERMS = {"tier": "gold", "region": "EMEA", "status": PartnershipStatus.ACTIVE, "languages": ["nl", "en"]}
DAY = date(2026, 6, 12)


@pytest.mark.parametrize(
    ("kit", "terms", "cause"),
    [
        ({}, {}, None),
        ({}, {"status": PartnershipStatus.ENDED}, Cause.ENDED),
        ({"tiers": ("Gold", "platinum")}, {}, None),
        ({"tiers": ("platinum",)}, {}, Cause.TIER),
        ({"tiers": ("gold",)}, {"tier": ""}, Cause.TIER),
        ({"regions": ("emea ", "Nordics")}, {}, None),
        ({"regions": ("Nordics",)}, {}, Cause.REGION),
        ({"regions": ("Nordics",)}, {"region": ""}, Cause.REGION),
        ({"languages": ("de", "nl-BE")}, {}, None),
        ({"languages": ("de",)}, {}, Cause.LANGUAGE),
        ({"languages": ("de",)}, {"languages": []}, None),
        ({"languages": ("de",)}, {"languages": None}, None),
        ({"valid_from": DAY, "valid_until": DAY}, {}, None),
        ({"valid_from": date(2026, 6, 13)}, {}, Cause.NOT_YET),
        ({"valid_until": date(2026, 6, 11)}, {}, Cause.OVER),
        ({"tiers": ("platinum",), "valid_until": date(2020, 1, 1)}, {}, Cause.TIER),
    ],
)
def test_terms_and_dates_decide(
    kit: dict[str, object], terms: dict[str, object], cause: Cause | None
) -> None:
    found = why_not(replace(KIT, **kit), Partnership(**{**TERMS, **terms}), DAY)  # type: ignore[arg-type]
    assert (found.cause if found else None) == cause
    if found:
        assert found.text.endswith(".")
        assert found.mend
        assert found.note


def test_the_reason_names_both_sides() -> None:
    found = why_not(replace(KIT, tiers=("gold", "platinum")), Partnership(**{**TERMS, "tier": "silver"}), DAY)
    assert found is not None
    assert found.text == "This kit is for Gold or Platinum partners, and you have Silver tier."
    assert found.note == "Silver tier; the kit is for Gold or Platinum"
    spoken = why_not(replace(KIT, languages=("de", "fr-CH")), Partnership(**TERMS), DAY)
    assert spoken is not None
    assert spoken.text == "This kit is in German or French (Switzerland), and you market in Dutch or English."
    assert language("xx") == "xx"


def test_days_are_those_of_the_partner_s_own_calendar(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.harbour.timezone, cast.leuvelink.timezone = "Pacific/Auckland", "America/Los_Angeles"
    published(cast, goal='"Checks"\nvalid_from = 2026-06-12\nvalid_until = 2026-06-12')
    seen = []
    for hour in (datetime(2026, 6, 11, 11, 59, tzinfo=UTC), datetime(2026, 6, 11, 12, 1, tzinfo=UTC),
                 datetime(2026, 6, 12, 12, 1, tzinfo=UTC), datetime(2026, 6, 13, 7, 1, tzinfo=UTC)):  # fmt: skip
        monkeypatch.setattr(clock, "now", lambda hour=hour: hour)
        seen.append((len(open_kits(cast.harbour)), len(open_kits(cast.leuvelink))))
    assert seen == [(0, 0), (1, 0), (0, 1), (0, 0)]


def test_a_kit_that_is_not_for_a_partner_is_nowhere_and_says_why_at_the_launch(
    app: Flask, cast: Cast
) -> None:
    mine = ready.campaign(cast, ["anna"])
    version = published(cast, "1.1", goal='"Checks"\nregions = ["Nordics"]')
    assert open_kits(cast.harbour) == []
    with pytest.raises(NotFound):
        version_for(cast.harbour, version.pid)
    with pytest.raises(Refused):
        make.create(ready.maya(cast), version)
    assert problems(mine) == [], "what was made from 1.0 keeps it"
    cast.northwind_harbour.region = "Nordics"
    db.session.commit()
    assert open_kits(cast.harbour)[0].version.id == version.id
    made = make.create(ready.maya(cast), version)
    cast.northwind_harbour.region = "Benelux"
    db.session.commit()
    found = problems(made)[0]
    assert found.text == "This kit is for partners in Nordics, and you are listed under Benelux."
    assert standing(made) == [], "what is launched already goes on: its terms were met"
    cast.northwind_harbour.status = PartnershipStatus.ENDED
    db.session.commit()
    assert "no longer work with this vendor" in standing(made)[0].text


def test_the_vendor_sees_how_many_see_it_and_why_not_the_others(app: Flask, cast: Cast) -> None:
    version = published(cast, tiers='["gold"]')
    found = reach(cast.northwind, kit_source(version))
    assert [partner.name for partner in found.sees] == ["Harbour IT"]
    assert [(partner.name, reason.cause) for partner, reason in found.hidden] == [("Leuvelink", Cause.TIER)]
    assert open_kit(cast.harbour, open_kits(cast.harbour)[0].kit.pid).version.id == version.id
