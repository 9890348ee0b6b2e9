"""The one table that says what each step of a fund, a request or a claim does to its state and to the ledger.

Nothing moves money or changes a state but by a row of this table; docs/funds.md shows the same table, and a test compares them.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.mdf.models import AccountKind, ClaimStatus, RequestStatus


class Step(StrEnum):
    """Everything that can happen. The part before the dot names what it happens to."""

    FUND_CREATED = "fund.created"
    FUND_EXPIRED = "fund.expired"
    ALLOCATION_MADE = "allocation.made"
    ALLOCATION_EXPIRED = "allocation.expired"
    REQUEST_SUBMITTED = "request.submitted"
    REQUEST_WITHDRAWN = "request.withdrawn"
    REQUEST_QUESTIONED = "request.questioned"
    REQUEST_ANSWERED = "request.answered"
    REQUEST_APPROVED = "request.approved"
    REQUEST_DECLINED = "request.declined"
    REQUEST_CLAIMED = "request.claimed"
    REQUEST_REOPENED = "request.reopened"
    REQUEST_CLOSED = "request.closed"
    REQUEST_EXPIRED = "request.expired"
    CLAIM_SUBMITTED = "claim.submitted"
    CLAIM_WITHDRAWN = "claim.withdrawn"
    CLAIM_QUESTIONED = "claim.questioned"
    CLAIM_ANSWERED = "claim.answered"
    CLAIM_APPROVED = "claim.approved"
    CLAIM_CUT = "claim.cut"
    CLAIM_REJECTED = "claim.rejected"
    CLAIM_PAID = "claim.paid"


@dataclass(frozen=True)
class Posting:
    """`amount` leaves `credit` and enters `debit`. `*_of_fund`: the account is the fund's own, not the partner's."""

    debit: AccountKind
    credit: AccountKind
    debit_of_fund: bool = False
    credit_of_fund: bool = False

    def words(self) -> tuple[str, str]:
        """Debit and credit as the documentation writes them."""
        return _words(self.debit, self.debit_of_fund), _words(self.credit, self.credit_of_fund)


@dataclass(frozen=True)
class Rule:
    """The state a step leads to (None: it changes none) and the posting it makes (None: it moves no money)."""

    to: RequestStatus | ClaimStatus | None
    posting: Posting | None


def _words(kind: AccountKind, of_fund: bool) -> str:
    return f"fund: {kind}" if of_fund else f"partner: {kind}"


_A, _R, _C = AccountKind, RequestStatus, ClaimStatus

RULES: dict[Step, Rule] = {
    Step.FUND_CREATED: Rule(None, Posting(_A.AVAILABLE, _A.SOURCE, debit_of_fund=True, credit_of_fund=True)),
    Step.FUND_EXPIRED: Rule(None, Posting(_A.EXPIRED, _A.AVAILABLE, debit_of_fund=True, credit_of_fund=True)),
    Step.ALLOCATION_MADE: Rule(None, Posting(_A.AVAILABLE, _A.AVAILABLE, credit_of_fund=True)),
    Step.ALLOCATION_EXPIRED: Rule(None, Posting(_A.EXPIRED, _A.AVAILABLE)),
    Step.REQUEST_SUBMITTED: Rule(_R.SUBMITTED, None),
    Step.REQUEST_WITHDRAWN: Rule(_R.DRAFT, None),
    Step.REQUEST_QUESTIONED: Rule(_R.INFORMATION_REQUESTED, None),
    Step.REQUEST_ANSWERED: Rule(_R.SUBMITTED, None),
    Step.REQUEST_APPROVED: Rule(_R.APPROVED, Posting(_A.RESERVED, _A.AVAILABLE)),
    Step.REQUEST_DECLINED: Rule(_R.DECLINED, None),
    Step.REQUEST_CLAIMED: Rule(_R.CLAIMED, None),
    Step.REQUEST_REOPENED: Rule(_R.APPROVED, None),
    Step.REQUEST_CLOSED: Rule(_R.CLOSED, Posting(_A.AVAILABLE, _A.RESERVED)),
    Step.REQUEST_EXPIRED: Rule(_R.EXPIRED, Posting(_A.AVAILABLE, _A.RESERVED)),
    Step.CLAIM_SUBMITTED: Rule(_C.SUBMITTED, Posting(_A.CLAIMED, _A.RESERVED)),
    Step.CLAIM_WITHDRAWN: Rule(_C.WITHDRAWN, Posting(_A.RESERVED, _A.CLAIMED)),
    Step.CLAIM_QUESTIONED: Rule(_C.INFORMATION_REQUESTED, None),
    Step.CLAIM_ANSWERED: Rule(_C.SUBMITTED, None),
    Step.CLAIM_APPROVED: Rule(_C.APPROVED, Posting(_A.PAYABLE, _A.CLAIMED)),
    Step.CLAIM_CUT: Rule(None, Posting(_A.AVAILABLE, _A.CLAIMED)),
    Step.CLAIM_REJECTED: Rule(_C.REJECTED, Posting(_A.RESERVED, _A.CLAIMED)),
    Step.CLAIM_PAID: Rule(_C.PAID, Posting(_A.PAID, _A.PAYABLE)),
}
