"""Proof that the ledger is whole: sums to zero, balances equal transfers, transfers follow the table, states equal postings."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select

from app.db import db
from app.mdf.ledger import FUND_ITSELF
from app.mdf.models import (
    AccountKind,
    Allocation,
    Claim,
    ClaimStatus,
    Fund,
    LedgerAccount,
    MdfRequest,
    RequestStatus,
    Transfer,
)
from app.mdf.postings import RULES, Step


@dataclass(frozen=True)
class Fault:
    """Something that does not add up, and where: a sentence with ids for the operator."""

    fund: int
    text: str


@dataclass(frozen=True)
class Report:
    """What was looked at, and what was found wrong."""

    funds: int
    accounts: int
    transfers: int
    faults: tuple[Fault, ...]


def verify() -> Report:
    """Check every fund. Reads only; run it in a transaction of its own for a steady picture."""
    funds = list(
        db.session.scalars(select(Fund).order_by(Fund.id))
    )  # unscoped: the operator's check of all vendors
    faults: list[Fault] = []
    accounts = transfers = 0
    for fund in funds:
        rows = list(
            db.session.scalars(select(LedgerAccount).where(LedgerAccount.fund_id == fund.id))
        )  # unscoped: as above
        moves = list(
            db.session.scalars(select(Transfer).where(Transfer.fund_id == fund.id))
        )  # unscoped: as above
        accounts, transfers = accounts + len(rows), transfers + len(moves)
        by_id = {row.id: row for row in rows}
        texts = [
            *_balances(rows, moves),
            *_rules(fund, by_id, moves),
            *_states(fund, rows),
            *_allocations(fund, moves),
        ]
        faults += [Fault(fund.id, text) for text in texts]
    return Report(len(funds), accounts, transfers, tuple(faults))


def _balances(accounts: list[LedgerAccount], transfers: list[Transfer]) -> list[str]:
    sums: dict[int, int] = defaultdict(int)
    for move in transfers:
        sums[move.debit_id] += move.amount_minor
        sums[move.credit_id] -= move.amount_minor
    faults = [
        f"account {a.id} ({a.kind}) holds {a.balance_minor}, its transfers say {sums[a.id]}"
        for a in accounts
        if a.balance_minor != sums[a.id]
    ]
    faults += [
        f"account {a.id} ({a.kind}) is below zero: {a.balance_minor}"
        for a in accounts
        if a.kind is not AccountKind.SOURCE and a.balance_minor < 0
    ]
    if total := sum(a.balance_minor for a in accounts):
        faults.append(f"the balances sum to {total}, not to zero")
    return faults


def _rules(fund: Fund, accounts: dict[int, LedgerAccount], transfers: list[Transfer]) -> list[str]:
    faults = []
    for move in transfers:
        debit, credit = accounts.get(move.debit_id), accounts.get(move.credit_id)
        posting = RULES[Step(move.transition)].posting if move.transition in set(Step) else None
        if debit is None or credit is None:
            faults.append(f"transfer {move.id} names an account of another fund")
        elif posting is None or (debit.kind, credit.kind) != (posting.debit, posting.credit):
            faults.append(f"transfer {move.id} does not follow the table for {move.transition}")
        elif {move.currency, debit.currency, credit.currency} != {fund.currency}:
            faults.append(f"transfer {move.id} mixes currencies")
        elif _owners(move, debit, credit) != (posting.debit_of_fund, posting.credit_of_fund):
            faults.append(f"transfer {move.id} stands on another owner's account")
    return faults


def _owners(move: Transfer, debit: LedgerAccount, credit: LedgerAccount) -> tuple[bool, bool] | None:
    """Whether each side is the fund's own; None where it is some other partner's."""
    if {debit.partner_id, credit.partner_id} - {FUND_ITSELF, move.partner_id}:
        return None
    return debit.partner_id == FUND_ITSELF, credit.partner_id == FUND_ITSELF


def _states(fund: Fund, accounts: list[LedgerAccount]) -> list[str]:
    """What requests and claims say is reserved, claimed, payable and paid must stand on those accounts."""
    held: dict[tuple[int, AccountKind], int] = {(a.partner_id, a.kind): a.balance_minor for a in accounts}
    said = _said(fund)
    kinds = (AccountKind.RESERVED, AccountKind.CLAIMED, AccountKind.PAYABLE, AccountKind.PAID)
    keys = set(said) | {key for key in held if key[1] in kinds}
    return _out_of_step(fund) + [
        f"partner {partner}: {kind} holds {held.get((partner, kind), 0)}, requests and claims say {said[(partner, kind)]}"
        for partner, kind in sorted(keys)
        if held.get((partner, kind), 0) != said[(partner, kind)]
    ]


def _out_of_step(fund: Fund) -> list[str]:
    """A request is claimed exactly while one of its claims is undecided or unpaid."""
    living = (ClaimStatus.SUBMITTED, ClaimStatus.INFORMATION_REQUESTED, ClaimStatus.APPROVED)
    rows = db.session.execute(
        select(MdfRequest.number, MdfRequest.status, func.count(Claim.id))  # unscoped: as above
        .outerjoin(Claim, (Claim.request_id == MdfRequest.id) & Claim.status.in_(living))
        .where(MdfRequest.fund_id == fund.id)
        .group_by(MdfRequest.id, MdfRequest.number, MdfRequest.status)
        .order_by(MdfRequest.number)
    )
    return [
        f"{number} is {status} with {count} open claims"
        for number, status, count in rows
        if count != (1 if status is RequestStatus.CLAIMED else 0)
    ]


def _said(fund: Fund) -> dict[tuple[int, AccountKind], int]:
    said: dict[tuple[int, AccountKind], int] = defaultdict(int)
    requests = list(
        db.session.scalars(select(MdfRequest).where(MdfRequest.fund_id == fund.id))
    )  # unscoped: as above
    claims = db.session.scalars(
        select(Claim).join(MdfRequest, MdfRequest.id == Claim.request_id).where(MdfRequest.fund_id == fund.id)
    )  # unscoped: as above
    taken: dict[int, int] = defaultdict(int)
    places = {
        ClaimStatus.SUBMITTED: AccountKind.CLAIMED,
        ClaimStatus.INFORMATION_REQUESTED: AccountKind.CLAIMED,
        ClaimStatus.APPROVED: AccountKind.PAYABLE,
        ClaimStatus.PAID: AccountKind.PAID,
    }
    for claim in claims:
        if place := places.get(claim.status):
            taken[claim.request_id] += claim.amount_minor
            amount = claim.amount_minor if place is AccountKind.CLAIMED else claim.approved_minor or 0
            said[(claim.partner_id, place)] += amount
    for request in requests:
        if request.status in (RequestStatus.APPROVED, RequestStatus.CLAIMED):
            said[(request.partner_id, AccountKind.RESERVED)] += (request.approved_minor or 0) - taken[
                request.id
            ]
    return said


def _allocations(fund: Fund, transfers: list[Transfer]) -> list[str]:
    rows = db.session.execute(
        select(Allocation.partner_id, func.sum(Allocation.amount_minor))
        .where(Allocation.fund_id == fund.id)
        .group_by(Allocation.partner_id)  # unscoped: as above
    )
    given = {partner: int(total) for partner, total in rows}
    posted: dict[int, int] = defaultdict(int)
    for move in transfers:
        if move.transition == Step.ALLOCATION_MADE:
            posted[move.partner_id] += move.amount_minor
    return [
        f"partner {partner} was given {given.get(partner, 0)}, the ledger says {posted[partner]}"
        for partner in sorted(set(given) | set(posted))
        if given.get(partner, 0) != posted[partner]
    ]
