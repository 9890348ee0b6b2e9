"""A campaign is made from what is open to the partner; drafts can be copied and deleted, what happened stays."""

from datetime import date

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.audience.lists import list_named
from app.campaigns import audience, make, subject_test
from app.campaigns.chosen import chosen
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.queries import campaign_for, campaigns_of, latest_by_kit, rows_of_kit, used_by
from app.db import db, scoped
from app.errors import Conflict, Invalid, NotFound, Refused
from app.kits import publish
from app.kits.queries import kit_by_id
from app.mdf.models import ActivityType, Fund, MdfRequest
from tests.campaigns.made import FILLED, draft, maya, ready
from tests.kits_web.box import ingrid, published, zipped
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


def test_a_draft_or_recalled_version_makes_no_campaign(cast: Cast) -> None:
    version = publish.import_version(ingrid(cast), zipped())
    with pytest.raises(Refused, match="isn’t open to you"):
        make.create(maya(cast), version)
    publish.publish(ingrid(cast), version, "New.")
    make.create(maya(cast), version)
    publish.recall(ingrid(cast), version, "Wrong")
    with pytest.raises(Refused):
        make.create(maya(cast), version)


def test_a_vendors_kit_makes_no_campaign_for_who_does_not_work_with_it(cast: Cast) -> None:
    simon = Actor(cast.simon, cast.southgate, Role.ADMIN)
    version = publish.import_version(simon, zipped())
    publish.publish(simon, version, "New.")
    with pytest.raises(Refused):
        make.create(maya(cast), version)


def test_a_second_campaign_of_a_kit_has_a_name_of_its_own(cast: Cast) -> None:
    version = published(cast)
    assert [make.create(maya(cast), version).name for _ in range(3)] == [
        "Secure the Hybrid Office",
        "Secure the Hybrid Office 2",
        "Secure the Hybrid Office 3",
    ]


def test_a_rival_finds_nothing_and_the_vendor_sees_its_kits_use(cast: Cast) -> None:
    version = published(cast)
    campaign = draft(cast, version)
    with pytest.raises(NotFound):
        campaign_for(cast.leuvelink, campaign.pid)
    with pytest.raises(NotFound):
        campaign_for(cast.southgate, campaign.pid)
    assert campaigns_of(cast.leuvelink) == []
    assert used_by(cast.northwind) == {version.id: 1}
    assert used_by(cast.southgate) == {}
    row = rows_of_kit(cast.northwind, kit_by_id(version.kit_id))[0]
    assert (row.partner.id, row.campaign.id, row.version.id) == (cast.harbour.id, campaign.id, version.id)
    assert latest_by_kit(cast.harbour) == {version.kit_id: campaign}


def test_a_copy_takes_words_and_test_but_not_people_and_time(cast: Cast) -> None:
    campaign = ready(cast)
    subject_test.plan_own(maya(cast), campaign, "invitation", ["One", "Two"])
    made = make.copy(maya(cast), campaign)
    assert (made.name, made.status) == ("Secure the Hybrid Office (copy)", CampaignStatus.DRAFT)
    assert made.slot_values == FILLED
    assert (made.list_id, made.scheduled_at) == (None, None)
    planned = subject_test.of(made)
    assert planned
    assert [subject.text for subject in planned.subjects] == ["One", "Two"]
    published(cast, "2.0")
    with pytest.raises(Refused, match=r"Start from 2\.0 instead"):
        make.copy(maya(cast), campaign)


def test_a_draft_is_deleted_with_its_test_and_nothing_else_is(cast: Cast) -> None:
    campaign = draft(cast)
    subject_test.plan_own(maya(cast), campaign, "invitation", ["One", "Two"])
    make.delete(maya(cast), campaign)
    db.session.commit()
    assert not list(db.session.scalars(scoped(cast.harbour, Campaign)))
    other = draft(cast, published(cast, "1.1"))
    make.cancel(maya(cast), other)
    with pytest.raises(Refused, match="Only drafts"):
        make.delete(maya(cast), other)


def test_a_draft_that_funding_was_asked_for_stays(cast: Cast) -> None:
    campaign = draft(cast)
    fund = Fund(
        vendor_id=cast.northwind.id,
        name="Spring",
        currency="EUR",
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
    )
    db.session.add(fund)
    db.session.flush()
    kind = ActivityType(
        vendor_id=cast.northwind.id, fund_id=fund.id, name="Email", cap_minor=100_00, currency="EUR"
    )
    db.session.add(kind)
    db.session.flush()
    owners = {
        "vendor_id": cast.northwind.id,
        "partner_id": cast.harbour.id,
        "fund_id": fund.id,
        "activity_type_id": kind.id,
    }
    money = {"currency": "EUR", "rate": 50, "cap_minor": 100_00, "cost_minor": 100_00, "asked_minor": 50_00}
    dates = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 2, 1)}
    db.session.add(
        MdfRequest(number="MDF-1", campaign_id=campaign.id, title="Calls", **owners, **money, **dates)
    )
    db.session.commit()
    with pytest.raises(Refused, match="stays on record"):
        make.delete(maya(cast), campaign)
    db.session.commit()
    assert campaign_for(cast.harbour, campaign.pid)


def test_what_is_being_sent_is_not_cancelled_here(cast: Cast) -> None:
    campaign = draft(cast)
    campaign.status = CampaignStatus.SENDING
    with pytest.raises(Refused, match="on its own page"):
        make.cancel(maya(cast), campaign)
    campaign.status = CampaignStatus.FINISHED
    with pytest.raises(Conflict):
        make.cancel(maya(cast), campaign)


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\u202eb"])
def test_a_name_is_short_and_seen(cast: Cast, name: str) -> None:
    campaign = draft(cast)
    with pytest.raises(Invalid):
        make.rename(maya(cast), campaign, name)
    make.rename(maya(cast), campaign, " Spring  offer ")
    assert campaign.name == "Spring offer"


def test_people_come_from_the_partners_own_lists(cast: Cast) -> None:
    campaign = draft(cast)
    theirs = list_named(cast.leuvelink, "Theirs")
    with pytest.raises(Invalid):
        audience.choose(maya(cast), campaign, theirs.pid)
    mine = list_named(cast.harbour, "Customers")
    assert audience.choose(maya(cast), campaign, mine.pid).people.list_id == campaign.list_id
    found = chosen(cast.harbour, campaign)
    assert found
    assert (found.pid, found.name) == (mine.pid, "Customers")
