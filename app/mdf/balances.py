"""Balances: where the money of a fund or a partner stands, each figure a sum over ledger accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from app.accounts.models import Organisation
from app.db import db, scoped
from app.mdf.ledger import FUND_ITSELF, Balances
from app.mdf.models import AccountKind, Claim, ClaimStatus, Fund, LedgerAccount, MdfRequest

_DEAD = (ClaimStatus.REJECTED, ClaimStatus.WITHDRAWN)


def available(fund_id: int, partner_id: int) -> int:
    """What a partner may ask for from a fund, in minor units."""
    return (
        db.session.scalar(
            select(LedgerAccount.balance_minor).where(  # unscoped: one account, named by fund and partner
                LedgerAccount.fund_id == fund_id,
                LedgerAccount.partner_id == partner_id,
                LedgerAccount.kind == AccountKind.AVAILABLE,
            )
        )
        or 0
    )


def reserved_for(request: MdfRequest) -> int:
    """What is still reserved for a request: approved, less what its living claims took."""
    claimed = db.session.scalar(
        select(func.coalesce(func.sum(Claim.amount_minor), 0)).where(
            Claim.request_id == request.id, Claim.status.not_in(_DEAD)
        )  # unscoped: its claims
    )
    return (request.approved_minor or 0) - int(claimed or 0)


def _summed(rows: Sequence[Any], currency: str) -> Balances:
    return Balances(currency, **{str(kind): int(total) for kind, total in rows if kind != AccountKind.SOURCE})


def fund_balances(fund: Fund) -> tuple[Balances, Balances]:
    """(the partners' together, the fund's own) balances of a fund."""
    own = LedgerAccount.partner_id == FUND_ITSELF
    held = select(
        LedgerAccount.kind, func.sum(LedgerAccount.balance_minor)
    ).where(  # unscoped: the caller's fund
        LedgerAccount.fund_id == fund.id
    )
    grouped = held.group_by(LedgerAccount.kind)
    of_partners, of_fund = (
        db.session.execute(grouped.where(~own)).all(),
        db.session.execute(grouped.where(own)).all(),
    )
    return _summed(of_partners, fund.currency), _summed(of_fund, fund.currency)


def balances(fund: Fund, partner_id: int) -> Balances:
    """One partner's balances in one fund."""
    rows = db.session.execute(
        select(
            LedgerAccount.kind, LedgerAccount.balance_minor
        ).where(  # unscoped: the caller's fund and partner
            LedgerAccount.fund_id == fund.id, LedgerAccount.partner_id == partner_id
        )
    ).all()
    return _summed(rows, fund.currency)


def totals(vendor: Organisation) -> list[Balances]:
    """What a vendor gave its partners, all funds together, one line a currency."""
    rows = db.session.execute(
        scoped(vendor, LedgerAccount)
        .where(LedgerAccount.partner_id != FUND_ITSELF)
        .with_only_columns(LedgerAccount.currency, LedgerAccount.kind, func.sum(LedgerAccount.balance_minor))
        .group_by(LedgerAccount.currency, LedgerAccount.kind)
    ).all()
    return [
        _summed([(k, total) for c, k, total in rows if c == currency], currency)
        for currency in sorted({row[0] for row in rows})
    ]


def given(fund: Fund) -> list[tuple[Organisation, Balances]]:
    """Each partner that was given something of a fund, with its balances there."""
    rows = db.session.execute(
        select(Organisation, LedgerAccount.kind, LedgerAccount.balance_minor)  # unscoped: the caller's fund
        .join(LedgerAccount, LedgerAccount.partner_id == Organisation.id)
        .where(LedgerAccount.fund_id == fund.id)
        .order_by(Organisation.name)
    ).all()
    names = {row[0].id: row[0] for row in rows}
    return [(names[i], _summed([(k, b) for o, k, b in rows if o.id == i], fund.currency)) for i in names]


@dataclass(frozen=True)
class Wallet:
    """A partner's money with one vendor in one currency. `expires` lists (day, minor units available) by fund, soonest first."""

    vendor: Organisation
    balances: Balances
    expires: tuple[tuple[date, int], ...]
    funds: tuple[Fund, ...]


def wallets(partner: Organisation) -> list[Wallet]:
    """One wallet for each vendor and currency that ever gave this partner something."""
    rows = db.session.execute(
        scoped(partner, LedgerAccount)
        .join(Fund, Fund.id == LedgerAccount.fund_id)
        .join(Organisation, Organisation.id == Fund.vendor_id)
        .with_only_columns(Organisation, Fund, LedgerAccount.kind, LedgerAccount.balance_minor)
        .order_by(Organisation.name, Fund.ends_on, Fund.id)
    ).all()
    grouped: dict[tuple[int, str], list[Any]] = {}
    for row in rows:
        grouped.setdefault((row[0].id, row[1].currency), []).append(row)
    return [_wallet(group) for group in grouped.values()]


def _wallet(rows: list[Any]) -> Wallet:
    totals: dict[str, int] = {}
    expires: dict[tuple[date, int], int] = {}
    funds: dict[int, Fund] = {}
    for _vendor, fund, kind, balance in rows:
        totals[str(kind)] = totals.get(str(kind), 0) + balance
        funds[fund.id] = fund
        if kind is AccountKind.AVAILABLE and balance:
            expires[(fund.ends_on, fund.id)] = balance
    days: dict[date, int] = {}
    for (day, _), balance in sorted(expires.items()):
        days[day] = days.get(day, 0) + balance
    return Wallet(
        rows[0][0],
        Balances(rows[0][1].currency, **{k: v for k, v in totals.items() if k != AccountKind.SOURCE}),
        tuple(days.items()),
        tuple(funds.values()),
    )
