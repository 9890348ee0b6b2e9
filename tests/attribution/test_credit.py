"""A won deal's credit goes to the campaigns that led to it, adds up exactly, and can be rebuilt."""

from datetime import timedelta

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.attribution import credit, returns, touch
from app.attribution.models import Model
from app.attribution.records import Credit, TouchKind, Touchpoint
from app.audience.models import Contact
from app.campaigns.models import Campaign
from app.clock import now
from app.db import db
from app.errors import Conflict
from app.flows.win import win
from app.kits.models import Kit, KitVersion
from app.leads.models import Deal, DealStatus
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


def contact(cast: Cast, email: str, company: str = "Dok 9") -> Contact:
    row = Contact(partner_id=cast.harbour.id, email=email, address_hash=email, company=company)
    db.session.add(row)
    db.session.flush()
    return row


@pytest.fixture
def campaigns(cast: Cast) -> list[Campaign]:
    kit = Kit(vendor_id=cast.northwind.id, slug="office", name="Secure the Hybrid Office")
    db.session.add(kit)
    db.session.flush()
    version = KitVersion(
        kit_id=kit.id,
        vendor_id=cast.northwind.id,
        version="1.0",
        manifest={},
        archive_key="kits/office",
        sha256="0" * 64,
    )
    db.session.add(version)
    db.session.flush()
    rows = [
        Campaign(
            partner_id=cast.harbour.id,
            vendor_id=cast.northwind.id,
            kit_version_id=version.id,
            name=name,
            timezone="Europe/Amsterdam",
        )
        for name in ("Spring", "Summer")
    ]
    db.session.add_all(rows)
    db.session.flush()
    return rows


@pytest.fixture
def maya(cast: Cast) -> Actor:
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def deal(cast: Cast, person: Contact | None, amount: int = 1_250_000, account: str = "Dok 9") -> Deal:
    row = Deal(
        partner_id=cast.harbour.id,
        vendor_id=cast.northwind.id,
        contact_id=person.id if person else None,
        account=account,
        title="40 seats",
        amount_minor=amount,
        currency="EUR",
        status=DealStatus.APPROVED,
    )
    db.session.add(row)
    db.session.flush()
    return row


def touched(campaign: Campaign, person: Contact, kind: TouchKind, days: int, source: int) -> bool:
    return touch.record(
        kind,
        campaign.partner_id,
        campaign.vendor_id,
        person.id,
        campaign.id,
        now() - timedelta(days=days),
        source,
    )


def test_the_last_act_before_the_win_gets_it_all(cast: Cast, campaigns: list[Campaign], maya: Actor) -> None:
    person = contact(cast, "anna@dok9.example")
    touched(campaigns[0], person, TouchKind.SUBMITTED, 20, 1)
    touched(campaigns[1], person, TouchKind.CLICKED, 5, 2)
    touched(campaigns[0], person, TouchKind.DELIVERED, 1, 3)
    won = deal(cast, person)
    win(maya, won)
    assert won.status is DealStatus.WON
    assert [(line.campaign, line.credit.amount_minor) for line in credit.lines(won)] == [
        ("Summer", 1_250_000)
    ]


def test_people_of_one_account_are_merged(cast: Cast, campaigns: list[Campaign], maya: Actor) -> None:
    """A colleague clicked last; another firm's click is none of this deal's."""
    asked, colleague, other = (
        contact(cast, "a@dok9.example"),
        contact(cast, "b@dok9.example", " DOK 9 "),
        contact(cast, "c@kade.example", "Kade"),
    )
    touched(campaigns[0], asked, TouchKind.SUBMITTED, 9, 1)
    touched(campaigns[1], colleague, TouchKind.CLICKED, 3, 2)
    touched(campaigns[0], other, TouchKind.CLICKED, 1, 3)
    won = deal(cast, asked)
    win(maya, won)
    assert [line.campaign for line in credit.lines(won)] == ["Summer"]


def test_without_a_touch_it_is_unattributed_and_says_so(
    cast: Cast, campaigns: list[Campaign], maya: Actor
) -> None:
    won = deal(cast, None, account="Nobody we know")
    win(maya, won)
    assert [(line.campaign, line.credit.amount_minor) for line in credit.lines(won)] == [(None, 1_250_000)]
    assert [money.minor for money in returns.unattributed(cast.northwind)] == [1_250_000]


def test_rebuilding_changes_nothing_and_models_stand_side_by_side(
    cast: Cast, campaigns: list[Campaign], maya: Actor
) -> None:
    person = contact(cast, "anna@dok9.example")
    for i, campaign in enumerate((*campaigns, campaigns[0])):
        touched(campaign, person, TouchKind.CLICKED, 9 - i, i + 1)
    won = deal(cast, person, 10_000)
    win(maya, won)
    assert credit.rebuild() == 1
    assert credit.rebuild(Model.LINEAR) == 1
    assert credit.rebuild(Model.LINEAR) == 1
    rows = db.session.query(Credit).order_by(Credit.id).all()
    assert [(row.model, row.amount_minor) for row in rows] == [
        ("last", 10_000),
        ("linear", 3334),
        ("linear", 3333),
        ("linear", 3333),
    ]


def test_a_touch_told_twice_is_one(cast: Cast, campaigns: list[Campaign]) -> None:
    person = contact(cast, "anna@dok9.example")
    assert [touched(campaigns[0], person, TouchKind.CLICKED, 1, 7) for _ in range(2)] == [True, False]
    assert db.session.query(Touchpoint).count() == 1


def test_a_deal_is_won_once(cast: Cast, campaigns: list[Campaign], maya: Actor) -> None:
    won = deal(cast, None)
    win(maya, won)
    with pytest.raises(Conflict):
        win(maya, won)
    assert db.session.query(Credit).count() == 1
    with pytest.raises(ValueError, match="not won"):
        credit.write(deal(cast, None))
