"""What time takes back: approved requests nobody claimed, and what is left of a fund when it has ended."""

from datetime import date

from sqlalchemy import select

from app.accounts import audit
from app.accounts.models import Organisation
from app.clock import today
from app.db import db
from app.mdf import balances, ledger, notify
from app.mdf.models import AccountKind, Fund, LedgerAccount, MdfRequest, RequestStatus
from app.mdf.postings import Step
from app.money import Money


def due_funds() -> list[int]:
    """Funds in which something may be due: an approved request with a deadline, or money left after the end."""
    requests = select(MdfRequest.fund_id).where(
        MdfRequest.status == RequestStatus.APPROVED
    )  # unscoped: the beat looks after all vendors
    left = (
        select(Fund.id)  # unscoped: as above
        .join(LedgerAccount, LedgerAccount.fund_id == Fund.id)
        .where(LedgerAccount.kind == AccountKind.AVAILABLE, LedgerAccount.balance_minor > 0)
    )
    return sorted(set(db.session.scalars(requests.union(left))))


def expire(fund_id: int, day: date | None = None) -> int:
    """Expire what is due in one fund on `day` (default: today at the vendor's). Returns how many requests and balances it was.

    Safe to run twice: what is expired is no longer due.
    """
    fund = ledger.lock(fund_id)
    vendor = db.session.get_one(Organisation, fund.vendor_id)
    here = day or today(vendor.timezone)
    done = sum(_expire_request(fund, request) for request in _overdue(fund, here))
    if here > fund.ends_on:
        done += sum(_expire_balance(fund, account) for account in _left(fund))
    return done


def _overdue(fund: Fund, here: date) -> list[MdfRequest]:
    return list(
        db.session.scalars(
            select(MdfRequest)  # unscoped: one fund's requests
            .where(
                MdfRequest.fund_id == fund.id,
                MdfRequest.status == RequestStatus.APPROVED,
                MdfRequest.claim_by < here,
            )
            .order_by(MdfRequest.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _expire_request(fund: Fund, request: MdfRequest) -> int:
    left = balances.reserved_for(request)
    ledger.step(
        None,
        Step.REQUEST_EXPIRED,
        request,
        fund=fund,
        partner_id=request.partner_id,
        amount=left,
        why=f"No claim by {request.claim_by}",
    )
    audit.record(None, "request.expired", request, organisation_id=request.vendor_id, released=left)
    notify.request_expired(request, Money(left, request.currency))
    return 1


def _left(fund: Fund) -> list[LedgerAccount]:
    return list(
        db.session.scalars(
            select(LedgerAccount)  # unscoped: one fund's accounts
            .where(
                LedgerAccount.fund_id == fund.id,
                LedgerAccount.kind == AccountKind.AVAILABLE,
                LedgerAccount.balance_minor > 0,
            )
            .order_by(LedgerAccount.id)
        )
    )


def _expire_balance(fund: Fund, account: LedgerAccount) -> int:
    own = account.partner_id == ledger.FUND_ITSELF
    what = Step.FUND_EXPIRED if own else Step.ALLOCATION_EXPIRED
    ledger.step(
        None,
        what,
        fund,
        fund=fund,
        partner_id=account.partner_id,
        amount=account.balance_minor,
        why=f"{fund.name} ended on {fund.ends_on}",
    )
    return 1
