"""The ledger as people read it: each transfer with its accounts, who made it and why."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.accounts.models import Organisation, Person
from app.db import db
from app.mdf.models import LedgerAccount, Transfer


@dataclass(frozen=True)
class LedgerLine:
    """A transfer with the names of its accounts and of who made it."""

    transfer: Transfer
    debit: LedgerAccount
    credit: LedgerAccount
    person: str | None
    partner: str | None


def ledger_lines(
    organisation: Organisation,
    *,
    subject: tuple[str, int] | None = None,
    fund_id: int | None = None,
    limit: int = 500,
) -> list[LedgerLine]:
    """Transfers of a vendor's funds, or those that touch a partner's own accounts, newest first."""
    debit, credit = aliased_accounts()
    owner = Transfer.vendor_id if organisation.kind == "vendor" else Transfer.partner_id
    statement = (
        select(
            Transfer, debit, credit, Person.name, Organisation.name
        )  # unscoped: by `owner` below, vendor's or partner's own
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .outerjoin(Person, Person.id == Transfer.person_id)
        .outerjoin(Organisation, Organisation.id == Transfer.partner_id)
        .where(owner == organisation.id)
        .order_by(Transfer.id.desc())
        .limit(limit)
    )
    if subject:
        statement = statement.where(Transfer.subject_kind == subject[0], Transfer.subject_id == subject[1])
    if fund_id is not None:
        statement = statement.where(Transfer.fund_id == fund_id)
    return [LedgerLine(*row) for row in db.session.execute(statement).all()]


def aliased_accounts() -> tuple[Any, Any]:
    """The ledger's accounts twice, for the two sides of a transfer."""
    return aliased(LedgerAccount), aliased(LedgerAccount)
