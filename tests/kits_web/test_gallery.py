"""A partner's gallery: found by words, filters and order; pictures from the real rendering; what others run, and never who."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count as count_from

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.actor import Actor
from app.accounts.models import Organisation, OrganisationKind, Role
from app.assets import brand
from app.assets.brand import BrandInput
from app.campaigns import make
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now, today
from app.db import db
from app.flows import kit_thumb
from app.flows.kit_gallery import Wish, gallery, run_by_others
from app.kits import publish
from app.kits.models import KitVersion
from app.mdf import give
from app.money import Money
from app.programs.models import Partnership, PartnershipStatus
from app.settings import current
from tests.delivery.ready import maya
from tests.kits_web.box import ingrid, published, zipped
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
_NUMBER = count_from(1)


@pytest.fixture
def three(app: Flask, cast: Cast) -> dict[str, KitVersion]:
    """Three kits open to Harbour IT, of two vendors."""
    db.session.add(Partnership(vendor_id=cast.southgate.id, partner_id=cast.harbour.id, tier="", region=""))
    simon = Actor(cast.simon, cast.southgate, Role.ADMIN)
    made = {"hybrid": published(cast)}
    for key, actor, name, goal in (
        ("costs", ingrid(cast), "Cloud Costs", "Fewer wasted euros"),
        ("cafe", simon, "Café Security", "Booked security checks"),
    ):
        toml = {"name": f'"{name}"', "slug": f'"{key}"', "goal": f'"{goal}"', "languages": '["en", "nl"]'}
        changed = {"playbook.md": b"# Say\n\nMention the **xylophone** clause.\n"} if key == "cafe" else None
        made[key] = publish.import_version(actor, zipped(changed, **toml))
        publish.publish(actor, made[key], "New.")
    db.session.commit()
    return made


def names(cast: Cast, **wish: str) -> list[str]:
    return [tile.item.source.name for tile in gallery(cast.harbour, Wish(**wish)).tiles]


def test_kits_are_found_by_words_of_their_pieces_and_by_filters(
    cast: Cast, three: dict[str, KitVersion]
) -> None:
    everything = ["Café Security", "Cloud Costs", "Secure the Hybrid Office"]
    assert names(cast, sort="name") == everything
    assert names(cast, words="xylophone CLAUSE") == ["Café Security"]
    assert names(cast, words="cafe southgate") == ["Café Security"], "accents and vendors count too"
    assert names(cast, words="mj-section") == [], "markup is no word"
    assert names(cast, words="xylophone nowhere") == []
    assert names(cast, vendor=cast.southgate.pid) == ["Café Security"]
    assert set(names(cast, language="nl")) == {"Café Security", "Cloud Costs"}
    assert names(cast, goal="fewer wasted EUROS") == ["Cloud Costs"]
    assert set(names(cast, has="page")) == set(everything)
    assert names(cast, has="sequence") == []
    assert names(cast, vendor="nobody") == []


def test_new_and_never_used_and_the_order(cast: Cast, three: dict[str, KitVersion]) -> None:
    make.create(maya(cast), three["costs"])
    db.session.execute(
        KitVersion.__table__.update().where(KitVersion.id == three["hybrid"].id).values(published_at=now() - timedelta(days=40))
    )  # fmt: skip
    db.session.commit()
    db.session.expire_all()
    assert names(cast)[-1] == "Secure the Hybrid Office", "the newest first"
    assert set(names(cast, show="unused")) == {"Café Security", "Secure the Hybrid Office"}
    assert set(names(cast, show="new")) == {"Café Security", "Cloud Costs"}
    found = gallery(cast.harbour, Wish())
    assert (found.new, found.unused, found.paid, len(found.everything)) == (2, 2, 0, 3)
    assert (found.languages, found.goals) == (["en", "nl"], ["Booked security checks", "Fewer wasted euros"])


def test_money_that_is_there_is_shown_with_the_most_it_pays(cast: Cast, three: dict[str, KitVersion]) -> None:
    assert names(cast, show="money") == []
    vera = Actor(cast.vera, cast.northwind, Role.ADMIN)
    first = today("Europe/Oslo")
    calls = give.NewActivity("Calls", "", 50, Money(150_000, "EUR"))
    spring = give.NewFund("Spring", Money(900_000, "EUR"), first, first + timedelta(days=90), (calls,))
    fund = give.create_fund(vera, spring)
    give.allocate(vera, fund, cast.harbour, Money(90_000, "EUR"), "Spring")
    db.session.commit()
    assert set(names(cast, show="money")) == {"Cloud Costs", "Secure the Hybrid Office"}
    tile = next(tile for tile in gallery(cast.harbour, Wish()).tiles if tile.money)
    assert tile.money == Money(90_000, "EUR"), "no more than there is"


def others(cast: Cast, version: KitVersion, count: int, tier: str = "Gold", **columns: object) -> None:
    """So many other partners at this tier who launched the version."""
    for _ in range(count):
        slug = f"other-{tier.lower()}-{next(_NUMBER)}"
        row = Organisation(kind=OrganisationKind.PARTNER, name=slug, slug=slug)
        db.session.add(row)
        db.session.flush()
        db.session.add(Partnership(vendor_id=version.vendor_id, partner_id=row.id, tier=tier))
        facts = {"status": CampaignStatus.FINISHED, "launched_at": now(), **columns}
        for name in ("One", "Two"):
            db.session.add(
                Campaign(partner_id=row.id, vendor_id=version.vendor_id, kit_version_id=version.id, name=name, timezone="Europe/Oslo", **facts)
            )  # fmt: skip
    db.session.commit()


def test_what_others_run_is_told_from_five_up_in_fives_and_without_oneself(cast: Cast) -> None:
    version = published(cast)
    others(cast, version, 4)
    others(cast, version, 9, tier="silver")
    others(cast, version, 3, status=CampaignStatus.CANCELLED)
    db.session.add(
        Campaign(partner_id=cast.harbour.id, vendor_id=version.vendor_id, kit_version_id=version.id, name="Own", timezone="Europe/Oslo", status=CampaignStatus.FINISHED, launched_at=now())
    )  # fmt: skip
    db.session.commit()
    assert run_by_others(cast.harbour) == {}, "four and oneself are not five others"
    others(cast, version, 1, tier="GOLD")
    assert run_by_others(cast.harbour) == {version.kit_id: 5}
    others(cast, version, 3, tier="gold", clock="campaign")
    assert run_by_others(cast.harbour) == {version.kit_id: 5}, (
        "eight are told as five: nobody’s coming is seen"
    )
    assert run_by_others(cast.leuvelink) == {version.kit_id: 5}, "Leuvelink is silver: nine"
    cast.northwind_harbour.status = PartnershipStatus.ENDED
    db.session.commit()
    assert run_by_others(cast.harbour) == {}


def test_nobody_s_name_or_exact_number_is_on_the_page(as_person: Browser, cast: Cast) -> None:
    version = published(cast)
    others(cast, version, 7)
    browser = as_person(cast.maya)
    page = browser.get("/kits").get_data(as_text=True)
    assert "5 or more others run it" in page
    assert "other-gold" not in page
    kit = re.search(r'href="(/kits/[\w-]{22})"', page)
    assert kit is not None
    own = browser.get(kit[1]).get_data(as_text=True)
    assert "5 or more other partners at your tier" in own
    assert "other-gold" not in own


def test_the_picture_is_the_real_mail_in_the_partner_s_brand_without_a_session(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    version = published(cast)
    brand.save(
        maya(cast),
        BrandInput(
            "#15324b", "#b9431a", postal_address="Kade 1, 3011 AA Rotterdam", sender_name="Harbour IT"
        ),
    )
    db.session.commit()
    page = as_person(cast.maya).get("/kits").get_data(as_text=True)
    frame = re.search(r"<div class=\"tl-thumb\"[^>]*inert[^>]*>(<iframe[^>]*>)", page)
    assert frame is not None
    assert " sandbox" in frame[1]
    assert 'loading="lazy"' in frame[1]
    address = re.findall(r'src="([^"]+)"', frame[1])[0]
    assert address.startswith(current().public_url)
    assert address == kit_thumb.address(version, cast.harbour), (
        "the same all day, so that it is asked for once"
    )
    shown = client.get(address)
    html = shown.get_data(as_text=True)
    assert "Harbour IT" in html
    assert "Kade 1, 3011 AA Rotterdam" in html
    assert "is missing" not in html
    policy = shown.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "private" in shown.headers["Cache-Control"]
    assert "Set-Cookie" not in shown.headers
    token = address.partition("/thumb/")[2].partition("?")[0]
    forged = token[:-4] + ("abcd" if token[-4:] != "abcd" else "dcba")
    assert client.get(address.replace(token, forged)).status_code == 404, "a forged one shows nothing"


def test_yesterday_s_picture_is_still_there_and_last_week_s_isn_t(
    client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = kit_thumb.address(published(cast), cast.harbour)
    day = kit_thumb._day()
    monkeypatch.setattr(kit_thumb, "_day", lambda: day + 1)
    assert client.get(address).status_code == 200
    monkeypatch.setattr(kit_thumb, "_day", lambda: day + 2)
    assert client.get(address).status_code == 404


def test_the_page_works_without_script_and_says_what_to_do_where_nothing_fits(
    as_person: Browser, cast: Cast, three: dict[str, KitVersion]
) -> None:
    browser = as_person(cast.noor)
    page = browser.get(f"/kits?vendor={cast.southgate.pid}&sort=name").get_data(as_text=True)
    assert ("Café Security" in page, "Cloud Costs" in page) == (True, False)
    assert '<details class="tl-data tl-kit-filters" open>' in page
    none = browser.get("/kits?q=blockchain&show=<script>").get_data(as_text=True)
    assert "No kit fits" in none
    assert "<script>" not in none.partition("<main")[2]
