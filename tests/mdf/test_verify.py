"""The proof finds what was tampered with, and passes what was not."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.db import db
from app.mdf.models import CLAIM, REQUEST, AccountKind, LedgerAccount
from app.mdf.postings import RULES
from app.mdf.verify import verify
from app.states import Transitions
from tests.mdf.conftest import Stage


def faults() -> str:
    db.session.flush()
    db.session.expire_all()
    return " | ".join(fault.text for fault in verify().faults)


def test_an_honest_ledger_passes(stage: Stage) -> None:
    stage.claimed()
    report = verify()
    assert (report.funds, report.faults) == (1, ())
    assert report.transfers == 4


@pytest.mark.parametrize(
    ("tampering", "words"),
    [
        (
            "UPDATE ledger_account SET balance_minor = balance_minor + 1 WHERE kind = 'claimed'",
            "its transfers say",
        ),
        (
            "UPDATE transfer SET amount_minor = amount_minor - 1 WHERE transition = 'request.approved'",
            "its transfers say",
        ),
        (
            "UPDATE transfer SET transition = 'claim.paid' WHERE transition = 'request.approved'",
            "does not follow the table",
        ),
        (
            "UPDATE transfer SET transition = 'a gift' WHERE transition = 'request.approved'",
            "does not follow the table",
        ),
        ("UPDATE transfer SET currency = 'SEK' WHERE transition = 'request.approved'", "mixes currencies"),
        ("UPDATE mdf_request SET status = 'closed'", "is closed with 1 open claims"),
        ("UPDATE claim SET amount_minor = 1", "requests and claims say"),
        ("UPDATE allocation SET amount_minor = 1", "was given 1, the ledger says 500000"),
    ],
)
def test_tampering_is_found(stage: Stage, tampering: str, words: str) -> None:
    stage.claimed()
    db.session.flush()
    db.session.execute(text(tampering))
    assert words in faults()


def test_the_database_itself_refuses_an_overdrawn_account(stage: Stage) -> None:
    account = (
        db.session.query(LedgerAccount)
        .filter_by(kind=AccountKind.AVAILABLE, partner_id=stage.cast.harbour.id)
        .one()
    )
    account.balance_minor = -1
    with pytest.raises(IntegrityError):
        db.session.flush()


@pytest.mark.parametrize(("machine", "noun"), [(REQUEST, "request"), (CLAIM, "claim")])
def test_every_state_can_be_reached_by_a_step_and_only_by_one(machine: Transitions[Any], noun: str) -> None:
    reached = {str(rule.to) for step, rule in RULES.items() if step.startswith(f"{noun}.") and rule.to}
    allowed = {str(state) for after in machine.table.values() for state in after}
    assert reached == allowed
