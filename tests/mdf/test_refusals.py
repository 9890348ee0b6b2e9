"""What may not be is refused with the rule, and nothing is posted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Membership, Role
from app.clock import today
from app.db import db
from app.errors import Conflict, Forbidden, Invalid, Refused
from app.mdf import ask, claim, decide, give, settle
from app.mdf.models import Fund, MdfRequest, Transfer
from app.money import Money
from tests.mdf.conftest import Stage, euros


def transfers() -> int:
    return db.session.query(Transfer).count()


@pytest.mark.parametrize(
    ("asked", "cost", "field", "words"),
    [
        (1200, 2000, "asked", "50 % of the cost is EUR 1,000"),
        (1600, 4000, "asked", "The limit for Follow-up calls is EUR 1,500"),
        (0, 100, "asked", "above 0"),
        (10, 0, "cost", "above 0"),
    ],
)
def test_amounts_over_share_or_limit(stage: Stage, asked: float, cost: float, field: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        stage.ask(asked, cost)
    assert words in caught.value.fields[field].replace("\u00a0", " ")
    assert db.session.query(MdfRequest).count() == 0


def test_more_than_is_available(stage: Stage) -> None:
    for _ in range(3):
        stage.approved(1500)
    with pytest.raises(Invalid) as caught:
        stage.ask(600, 1200)
    assert (
        caught.value.fields["asked"].replace("\u00a0", " ") == "EUR 500 is available. Ask for that or less."
    )


def test_dates_that_can_not_be(stage: Stage) -> None:
    here = today("Europe/Amsterdam")
    for changes, field in (
        ({"starts_on": here - timedelta(days=1)}, "starts_on"),
        ({"ends_on": here - timedelta(days=1)}, "ends_on"),
        ({"ends_on": stage.fund.ends_on + timedelta(days=1)}, "ends_on"),
        ({"shares_leads": False}, "shares_leads"),
    ):
        with pytest.raises(Invalid) as caught:
            stage.ask(100, 200, **changes)
        assert field in caught.value.fields


def test_a_foreign_currency(stage: Stage) -> None:
    with pytest.raises(Invalid, match="can’t go out"):
        stage.ask(100, 200, cost=Money(20_000, "SEK"))
    request = stage.approved()
    with pytest.raises(Invalid) as caught:
        claim.submit(stage.maya, request, stage.invoice(amount=Money(2400_00, "SEK")))
    assert "amount" in caught.value.fields
    with pytest.raises(Invalid):
        decide.approve(stage.tomas, stage.ask(100, 200), Money(100_00, "SEK"))


def test_the_same_invoice_twice(stage: Stage) -> None:
    request, made = stage.claimed(600, 400)
    settle.approve(stage.tomas, made, euros(200))
    settle.pay(stage.tomas, made, "SEPA")
    before = transfers()
    with pytest.raises(Invalid) as caught:
        claim.submit(stage.maya, request, stage.invoice(400, number=made.invoice_number))
    assert made.number in caught.value.fields["number"]
    assert transfers() == before


def test_an_invoice_of_a_day_to_come_and_a_claim_after_its_deadline(stage: Stage) -> None:
    request = stage.approved()
    with pytest.raises(Invalid):
        claim.submit(
            stage.maya, request, stage.invoice(issued_on=today("Europe/Amsterdam") + timedelta(days=1))
        )
    request.claim_by = today("Europe/Amsterdam") - timedelta(days=1)
    with pytest.raises(Refused, match="were due by"):
        claim.submit(stage.maya, request, stage.invoice())


def test_two_claims_at_once_for_one_request(stage: Stage) -> None:
    request, _ = stage.claimed()
    with pytest.raises(Conflict):
        claim.submit(stage.maya, request, stage.invoice())


def test_no_one_decides_on_their_own(stage: Stage) -> None:
    """Maya works for the vendor too: still she can't approve what she asked for."""
    db.session.add(
        Membership(person_id=stage.cast.maya.id, organisation_id=stage.cast.northwind.id, role=Role.APPROVER)
    )
    both = Actor(stage.cast.maya, stage.cast.northwind, Role.APPROVER)
    request = stage.ask()
    with pytest.raises(Forbidden, match="asked for themselves"):
        decide.approve(both, request, euros(1200))
    decide.approve(stage.tomas, request, euros(1200))
    made = claim.submit(stage.maya, request, stage.invoice())
    with pytest.raises(Forbidden, match="asked for themselves"):
        settle.approve(both, made, euros(1200))


def test_only_money_roles_of_that_vendor_decide(stage: Stage) -> None:
    request = stage.ask()
    rivals = (
        Actor(stage.cast.ingrid, stage.cast.northwind, Role.MARKETER),
        Actor(stage.cast.walter, stage.cast.northwind, Role.VIEWER),
        Actor(stage.cast.simon, stage.cast.southgate, Role.ADMIN),
        stage.maya,
    )
    for rival in rivals:
        with pytest.raises(Forbidden):
            decide.approve(rival, request, euros(1200))
    with pytest.raises(Forbidden):
        stage.ask(who=Actor(stage.cast.noor, stage.cast.harbour, Role.VIEWER))
    with pytest.raises(Forbidden):
        claim.submit(
            Actor(stage.cast.lieve, stage.cast.leuvelink, Role.ADMIN), stage.approved(), stage.invoice()
        )


def test_a_partner_is_given_no_more_than_the_fund_has(stage: Stage) -> None:
    with pytest.raises(Invalid) as caught:
        give.allocate(stage.vera, stage.fund, stage.cast.leuvelink, euros(5000.01))
    assert "EUR 5,000 is left in Growth" in caught.value.fields["amount"].replace("\u00a0", " ")
    with pytest.raises(Invalid, match="one of your partners"):
        give.allocate(
            Actor(stage.cast.simon, stage.cast.southgate, Role.ADMIN),
            _southgate_fund(stage),
            stage.cast.harbour,
            euros(1),
        )


def test_a_fund_that_can_not_be(stage: Stage) -> None:
    activity = give.NewActivity("Calls", "", 50, euros(1))
    good = give.NewFund("Next", euros(1), today("Europe/Oslo"), today("Europe/Oslo"), (activity,))
    for bad in (
        replace(good, amount=euros(0)),
        replace(good, ends_on=good.starts_on - timedelta(days=1)),
        replace(good, activities=()),
        replace(good, activities=(replace(activity, rate=101),)),
    ):
        savepoint = db.session.begin_nested()
        with pytest.raises(Invalid):
            give.create_fund(stage.vera, bad)
        savepoint.rollback()
    assert db.session.query(Fund).count() == 1


def test_approval_of_what_is_no_longer_there(stage: Stage) -> None:
    """Both requests were within the balance when asked; the second approval finds less."""
    for _ in range(2):
        stage.approved(1500)
    first, second = stage.ask(1500, 3000), stage.ask(1500, 3000)
    decide.approve(stage.tomas, first, euros(1500))
    with pytest.raises(Invalid) as caught:
        decide.approve(stage.tomas, second, euros(1500))
    assert "EUR 500 is available" in caught.value.message.replace("\u00a0", " ")


def test_a_paid_claim_is_paid_once(stage: Stage) -> None:
    _, made = stage.claimed()
    with pytest.raises(Conflict):
        settle.pay(stage.tomas, made, "too early")
    settle.approve(stage.tomas, made, euros(1200))
    settle.pay(stage.tomas, made, "SEPA 1")
    before = transfers()
    with pytest.raises(Conflict):
        settle.pay(stage.tomas, made, "SEPA 2")
    assert transfers() == before
    assert made.payment_reference == "SEPA 1"


def test_answering_what_nobody_asked(stage: Stage) -> None:
    with pytest.raises(Invalid, match="Nothing was asked"):
        ask.answer(stage.maya, stage.ask(), "So it is")


def _southgate_fund(stage: Stage) -> Fund:
    simon = Actor(stage.cast.simon, stage.cast.southgate, Role.ADMIN)
    day = today("Europe/Dublin")
    return give.create_fund(
        simon, give.NewFund("Own", euros(10), day, day, (give.NewActivity("Calls", "", 50, euros(5)),))
    )
