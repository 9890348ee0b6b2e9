"""What came back: won deals credited to a campaign, beside what was paid for it. Always named with its model.

No margin is known here, so nothing is called a return on investment: it is what was *won* for each euro paid.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select

from app.accounts.models import Organisation
from app.attribution.models import MODEL_WORDS, Model
from app.attribution.records import Credit
from app.campaigns.models import Campaign
from app.db import db, scoped
from app.mdf.models import Claim, ClaimStatus, MdfRequest
from app.money import Money
from app.web.filters import money as spoken

FEW = 5
"""Below this many deals a figure for each euro says more about luck than about the campaign."""


@dataclass(frozen=True)
class Return:
    """One campaign's figures in one currency, in minor units. `own` is the part of the invoices that the partner bore."""

    campaign_id: int
    campaign: str
    partner_id: int
    currency: str
    won: int
    deals: int
    paid: int
    own: int
    model: Model = Model.LAST

    @property
    def cost(self) -> int:
        """Paid funds and the partner's own part together."""
        return self.paid + self.own

    @property
    def per_paid(self) -> Decimal | None:
        """Won for each euro of funds paid; None where nothing was paid."""
        return _ratio(self.won, self.paid)

    @property
    def per_cost(self) -> Decimal | None:
        """Won for each euro of all cost; None where there was none."""
        return _ratio(self.won, self.cost)

    @property
    def few(self) -> bool:
        """Whether there are too few deals to say anything by a ratio."""
        return self.deals < FEW

    @property
    def words(self) -> str:
        """The sentence that pages show, with its model and its doubt."""
        by = f"by {MODEL_WORDS[self.model]}"
        won = spoken(Money(self.won, self.currency))
        if not self.deals:
            return "Nothing won yet."
        if self.per_paid is None:
            return f"{won} won, {by}; no funds were paid."
        count = f"{self.deals} deal{'' if self.deals == 1 else 's'}"
        doubt = f" ({count}: too few to say)" if self.few else f" ({count})"
        return f"{self.currency} {self.per_paid:,.2f} won for each {_unit(self.currency)} paid, {by}{doubt}."


def _ratio(won: int, cost: int) -> Decimal | None:
    return (Decimal(won) / cost).quantize(Decimal("0.01")) if cost > 0 else None


def _unit(currency: str) -> str:
    return "euro" if currency == "EUR" else currency


def ropi(margin: int, paid: int, own: int) -> Decimal | None:
    """(attributed margin − paid − own cost) / (paid + own cost), all in the same minor units; None when the cost is 0."""
    return _ratio(margin - paid - own, paid + own)


def by_campaign(
    organisation: Organisation, campaign_id: int | None = None, model: Model = Model.LAST
) -> list[Return]:
    """Figures of an organisation's campaigns that won something or were paid for, best paid first."""
    won = _won(organisation, campaign_id, model)
    paid = _paid(organisation, campaign_id)
    names = _names(organisation, {key[0] for key in won} | {key[0] for key in paid})
    found = []
    for key in set(won) | set(paid):
        number, currency = key
        if number in names:
            name, partner_id = names[number]
            (amount, deals), (spent, own) = won[key], paid[key]
            found.append(Return(number, name, partner_id, currency, amount, deals, spent, own, model))
    return sorted(found, key=lambda r: (-r.paid, -r.won, r.campaign_id))


def _won(
    organisation: Organisation, campaign_id: int | None, model: Model
) -> dict[tuple[int, str], tuple[int, int]]:
    statement = (
        scoped(organisation, Credit)
        .where(Credit.model == str(model), Credit.campaign_id.is_not(None))
        .with_only_columns(
            Credit.campaign_id,
            Credit.currency,
            func.sum(Credit.amount_minor),
            func.count(Credit.deal_id.distinct()),
        )
        .group_by(Credit.campaign_id, Credit.currency)
    )
    if campaign_id is not None:
        statement = statement.where(Credit.campaign_id == campaign_id)
    rows = db.session.execute(statement).all()
    return defaultdict(
        lambda: (0, 0),
        {(int(number or 0), currency): (int(amount), deals) for number, currency, amount, deals in rows},
    )


def _paid(organisation: Organisation, campaign_id: int | None) -> dict[tuple[int, str], tuple[int, int]]:
    own = Claim.invoice_minor - Claim.approved_minor
    statement = (
        scoped(organisation, Claim)
        .join(MdfRequest, MdfRequest.id == Claim.request_id)
        .where(Claim.status == ClaimStatus.PAID, MdfRequest.campaign_id.is_not(None))
        .with_only_columns(
            MdfRequest.campaign_id, Claim.currency, func.sum(Claim.approved_minor), func.sum(own)
        )
        .group_by(MdfRequest.campaign_id, Claim.currency)
    )
    if campaign_id is not None:
        statement = statement.where(MdfRequest.campaign_id == campaign_id)
    rows = db.session.execute(statement).all()
    return defaultdict(
        lambda: (0, 0),
        {
            (int(number or 0), currency): (int(paid or 0), int(rest or 0))
            for number, currency, paid, rest in rows
        },
    )


def _names(organisation: Organisation, ids: set[int]) -> dict[int, tuple[str, int]]:
    rows = db.session.execute(
        scoped(organisation, Campaign)
        .where(Campaign.id.in_(ids))
        .with_only_columns(Campaign.id, Campaign.name, Campaign.partner_id)
    )
    return {number: (name, partner_id) for number, name, partner_id in rows}


def unattributed(organisation: Organisation, model: Model = Model.LAST) -> list[Money]:
    """What was won without a touch on record, one amount for each currency."""
    rows = db.session.execute(
        select(Credit.currency, func.sum(Credit.amount_minor))  # unscoped: scoped by the subquery
        .where(
            Credit.id.in_(scoped(organisation, Credit).with_only_columns(Credit.id)),
            Credit.campaign_id.is_(None),
            Credit.model == str(model),
        )
        .group_by(Credit.currency)
        .order_by(Credit.currency)
    )
    return [Money(int(minor), currency) for currency, minor in rows]
