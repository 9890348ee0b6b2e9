"""A fund of Northwind's with EUR 10,000, of which Harbour IT was given 5,000; and people who may act."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Organisation, Person, Role
from app.clock import today
from app.db import db
from app.mdf import ask, balances, claim, decide, give
from app.mdf.ledger import Balances
from app.mdf.models import ActivityType, Claim, Fund, MdfRequest
from app.money import Money
from tests.rig.cast import Cast

Act = Callable[[Person, Organisation, Role], Actor]
_invoices = count(1)


def euros(amount: float) -> Money:
    return Money(round(amount * 100), "EUR")


@dataclass
class Stage:
    """Who acts, and what they act on."""

    cast: Cast
    fund: Fund
    calls: ActivityType
    tomas: Actor
    vera: Actor
    maya: Actor
    jonas: Actor

    @property
    def balances(self) -> Balances:
        """Harbour IT's balances in the fund."""
        return balances.wallets(self.cast.harbour)[0].balances

    def ask(
        self, asked: float = 1200, total: float | None = None, who: Actor | None = None, **changes: object
    ) -> MdfRequest:
        start = today("Europe/Amsterdam")
        plan = ask.NewRequest(
            self.calls,
            "Follow-up calls",
            "Ring everyone who clicked",
            "Belhuis",
            euros(asked * 2 if total is None else total),
            euros(asked),
            start,
            start + timedelta(days=20),
            True,
        )
        return ask.ask(who or self.maya, replace(plan, **changes))  # type: ignore[arg-type]

    def approved(self, asked: float = 1200) -> MdfRequest:
        request = self.ask(asked)
        decide.approve(self.tomas, request, euros(asked))
        return request

    def invoice(self, total: float = 2400, **changes: object) -> claim.Invoice:
        plain = claim.Invoice(f"BR-{next(_invoices)}", "Belhuis", today("Europe/Amsterdam"), euros(total))
        return replace(plain, **changes)  # type: ignore[arg-type]

    def claimed(self, asked: float = 1200, invoice: float = 2400) -> tuple[MdfRequest, Claim]:
        request = self.approved(asked)
        return request, claim.submit(self.maya, request, self.invoice(invoice))


@pytest.fixture
def stage(cast: Cast) -> Stage:
    vera = Actor(cast.vera, cast.northwind, Role.ADMIN)
    this_year = today("Europe/Oslo").year
    calls = give.NewActivity(
        "Follow-up calls", "You or an agency ring the people who clicked", 50, euros(1500)
    )
    new = give.NewFund("Growth", euros(10_000), date(this_year, 1, 1), date(this_year + 1, 12, 31), (calls,))
    fund = give.create_fund(vera, new)
    give.allocate(vera, fund, cast.harbour, euros(5_000))
    db.session.commit()
    return Stage(
        cast,
        fund,
        db.session.query(ActivityType).one(),
        Actor(cast.tomas, cast.northwind, Role.APPROVER),
        vera,
        Actor(cast.maya, cast.harbour, Role.ADMIN),
        Actor(cast.jonas, cast.harbour, Role.MARKETER),
    )
