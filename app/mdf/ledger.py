"""The double-entry ledger of funds: transfers are only ever added, each with who, when, why and the step that made it.

Everything happens in the caller's transaction, one transaction at a time per fund, so that the last euro is spent once.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.actor import Actor
from app.db import db, is_sqlite, new_pid
from app.errors import Refused
from app.mdf.models import CLAIM, REQUEST, AccountKind, Claim, Fund, LedgerAccount, MdfRequest, Transfer
from app.mdf.postings import RULES, Posting, Step
from app.money import Money
from app.web.filters import money as spoken

FUND_ITSELF = 0
"""`partner_id` of the accounts that belong to the fund and to no partner."""


@dataclass(frozen=True)
class Balances:
    """Where the money of one fund, one partner or all together stands, in minor units of one currency."""

    currency: str
    available: int = 0
    reserved: int = 0
    claimed: int = 0
    payable: int = 0
    paid: int = 0
    expired: int = 0

    @property
    def given(self) -> int:
        """All that was ever given: the sum of the places it can be in."""
        return self.available + self.reserved + self.claimed + self.payable + self.paid + self.expired

    @property
    def open(self) -> int:
        """In claims that are undecided or unpaid."""
        return self.claimed + self.payable

    def money(self, kind: str) -> Money:
        """One of the figures with its currency."""
        return Money(int(getattr(self, kind)), self.currency)


def lock(fund_id: int) -> Fund:
    """Hold the fund until the transaction ends. Call before reading what a decision about its money rests on.

    PostgreSQL locks the row; SQLite's transactions are already one writer at a time.
    """
    return db.session.scalars(
        select(Fund)
        .where(Fund.id == fund_id)
        .with_for_update()
        .execution_options(populate_existing=True)  # unscoped: the caller's row names its fund
    ).one()


def step(
    actor: Actor | None,
    what: Step,
    subject: Fund | MdfRequest | Claim,
    *,
    fund: Fund,
    partner_id: int = FUND_ITSELF,
    amount: int = 0,
    why: str = "",
) -> Transfer | None:
    """Do one step: move the subject's state and post its transfer, both by the table. The only way money or a state moves.

    `amount` in minor units; 0 posts nothing (a fully claimed request closes without a rest). `actor` None is the beat.
    Raises Conflict where the state doesn't allow the step, Refused where an account would be overdrawn.
    """
    rule = RULES[what]
    machine = REQUEST if isinstance(subject, MdfRequest) else CLAIM
    if rule.to is not None and not machine.allows(subject.status, rule.to):  # type: ignore[union-attr,arg-type]
        machine.move(subject, rule.to)  # type: ignore[arg-type]  # raises Conflict with its words
    transfer = None
    if amount and rule.posting is None:
        raise ValueError(f"{what} moves no money")
    if amount and rule.posting is not None:
        transfer = _post(actor, what, rule.posting, subject, fund, partner_id, amount, why)
    if rule.to is not None:
        machine.move(subject, rule.to)  # type: ignore[arg-type]
    return transfer


def _post(
    actor: Actor | None,
    what: Step,
    posting: Posting,
    subject: Fund | MdfRequest | Claim,
    fund: Fund,
    partner_id: int,
    amount: int,
    why: str,
) -> Transfer:
    if amount < 0:
        raise ValueError("a transfer is above zero; what went wrong is reversed by a new one")
    lock(fund.id)
    db.session.flush()
    debit = account(fund, FUND_ITSELF if posting.debit_of_fund else partner_id, posting.debit)
    credit = account(fund, FUND_ITSELF if posting.credit_of_fund else partner_id, posting.credit)
    if credit.kind is not AccountKind.SOURCE and credit.balance_minor < amount:
        raise Overdrawn(Money(credit.balance_minor, fund.currency), credit.kind)
    credit.balance_minor -= amount
    debit.balance_minor += amount
    transfer = Transfer(
        vendor_id=fund.vendor_id,
        fund_id=fund.id,
        partner_id=partner_id,
        debit_id=debit.id,
        credit_id=credit.id,
        amount_minor=amount,
        currency=fund.currency,
        transition=str(what),
        subject_kind=subject.__tablename__,
        subject_id=subject.id,
        person_id=actor.person.id if actor else None,
        why=why[:200],
    )
    db.session.add(transfer)
    db.session.flush()
    return transfer


class Overdrawn(Refused):
    """More was asked of an account than it holds; `left` is what it holds."""

    def __init__(self, left: Money, kind: AccountKind) -> None:
        super().__init__(f"{spoken(left)} is {kind}, no more.", left=left.minor, kind=str(kind))
        self.left = left


def account(fund: Fund, partner_id: int, kind: AccountKind) -> LedgerAccount:
    """The account, locked and read afresh; opened empty where it doesn't exist yet."""
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    db.session.execute(
        insert(LedgerAccount)
        .values(
            pid=new_pid(),
            vendor_id=fund.vendor_id,
            fund_id=fund.id,
            partner_id=partner_id,
            kind=kind,
            currency=fund.currency,
            balance_minor=0,
        )
        .on_conflict_do_nothing(index_elements=["fund_id", "partner_id", "kind"])
    )
    return db.session.scalars(
        select(LedgerAccount)  # unscoped: one fund's account, the fund is the caller's
        .where(
            LedgerAccount.fund_id == fund.id,
            LedgerAccount.partner_id == partner_id,
            LedgerAccount.kind == kind,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
