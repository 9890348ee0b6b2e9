"""Money goes from fund to payment through every state, and after each step the ledger is whole."""

from datetime import timedelta

import pytest

from app.clock import today
from app.db import db
from app.errors import Conflict, Invalid
from app.mail.models import OutgoingMail
from app.mdf import ask, balances, claim, decide, expire, give, packet, queries, settle
from app.mdf.models import ClaimStatus, RequestStatus
from app.mdf.verify import verify
from tests.mdf.conftest import Stage, euros

pytestmark = pytest.mark.both_databases


def whole() -> bool:
    report = verify()
    assert not report.faults, report.faults
    return True


def places(stage: Stage) -> tuple[int, ...]:
    b = stage.balances
    return tuple(minor // 100 for minor in (b.available, b.reserved, b.claimed, b.payable, b.paid, b.expired))


def test_from_request_to_payment(stage: Stage) -> None:
    request = stage.ask(1200)
    assert request.number.startswith("MDF-")
    assert request.number.endswith("-0001")
    assert places(stage) == (5000, 0, 0, 0, 0, 0)
    decide.approve(stage.tomas, request, euros(1200))
    assert places(stage) == (3800, 1200, 0, 0, 0, 0)
    assert whole()
    made = claim.submit(stage.maya, request, stage.invoice(2400))
    assert made.number.startswith("CL-")
    assert request.status is RequestStatus.CLAIMED
    assert places(stage) == (3800, 0, 1200, 0, 0, 0)
    assert whole()
    settle.approve(stage.tomas, made, euros(1200))
    assert places(stage) == (3800, 0, 0, 1200, 0, 0)
    assert whole()
    settle.pay(stage.tomas, made, "SEPA 4711")
    assert places(stage) == (3800, 0, 0, 0, 1200, 0)
    assert whole()
    assert (made.status, request.status) == (ClaimStatus.PAID, RequestStatus.CLOSED)


def test_approving_less_on_the_way_gives_the_rest_back(stage: Stage) -> None:
    request = stage.ask(1200)
    decide.approve(stage.tomas, request, euros(1000), "The limit for calls in spring")
    assert places(stage)[:2] == (4000, 1000)
    made = claim.submit(stage.maya, request, stage.invoice(1800))
    assert made.amount_minor == 90_000, "half of the invoice, which is less than what was approved"
    settle.approve(stage.tomas, made, euros(700), "Line 2 was before the yes")
    assert places(stage) == (4200, 100, 0, 700, 0, 0)
    assert whole()
    settle.pay(stage.vera, made, "SEPA 1")
    assert request.status is RequestStatus.APPROVED, "100 are still reserved, so another claim may come"
    assert decide.close(stage.maya, request) == 10_000
    assert places(stage) == (4300, 0, 0, 0, 700, 0)
    assert whole()


def test_less_needs_a_reason_and_never_more_than_asked(stage: Stage) -> None:
    request = stage.ask(1200)
    with pytest.raises(Invalid, match="Say why it is less"):
        decide.approve(stage.tomas, request, euros(1000))
    with pytest.raises(Invalid, match="1,200"):
        decide.approve(stage.tomas, request, euros(1200.01))
    assert request.status is RequestStatus.SUBMITTED
    assert whole()


def test_a_rejected_claim_is_mended_with_the_same_invoice(stage: Stage) -> None:
    request, made = stage.claimed()
    settle.reject(stage.tomas, made, "The invoice has no date of the calls on it")
    assert places(stage)[:3] == (3800, 1200, 0)
    assert whole()
    again = claim.submit(stage.maya, request, stage.invoice(2400, number=made.invoice_number))
    assert again.status is ClaimStatus.SUBMITTED
    assert again.number != made.number


def test_taken_back_and_asked_anew(stage: Stage) -> None:
    request = stage.ask(1200)
    ask.withdraw(stage.maya, request)
    assert request.status is RequestStatus.DRAFT
    assert request.answer_by is None
    _, made = stage.claimed()
    claim.withdraw(stage.maya, made)
    assert made.status is ClaimStatus.WITHDRAWN
    assert places(stage)[:3] == (3800, 1200, 0)
    assert whole()


def test_a_question_stops_the_clock_and_the_answer_starts_it(stage: Stage) -> None:
    request = stage.ask(800, 1600)
    decide.question(stage.tomas, request, "Who makes the calls?")
    assert request.answer_by is None
    assert request.status is RequestStatus.INFORMATION_REQUESTED
    ask.answer(stage.maya, request, "Belhuis Rijnmond, from Schiedam")
    assert request.answer_by is not None
    assert request.status is RequestStatus.SUBMITTED
    assert [line.note.text for line in queries.notes_of(stage.cast.northwind, request)] == [
        "Who makes the calls?",
        "Belhuis Rijnmond, from Schiedam",
    ]
    decide.approve(stage.tomas, request, euros(800))
    made = claim.submit(stage.maya, request, stage.invoice(1600))
    settle.question(stage.tomas, made, "Which days?")
    claim.answer(stage.jonas, made, "Monday to Wednesday")
    assert made.status is ClaimStatus.SUBMITTED
    assert whole()


def test_declined_is_final(stage: Stage) -> None:
    request = stage.ask()
    decide.decline(stage.tomas, request, "Outdoor is not funded")
    with pytest.raises(Conflict):
        decide.approve(stage.tomas, request, euros(1200))
    assert places(stage)[0] == 5000


def test_what_nobody_claims_expires_and_can_be_used_again(stage: Stage) -> None:
    request = stage.approved()
    assert request.claim_by is not None
    assert expire.expire(stage.fund.id, request.claim_by) == 0
    assert expire.expire(stage.fund.id, request.claim_by + timedelta(days=1)) == 1
    assert request.status is RequestStatus.EXPIRED
    assert places(stage)[:2] == (5000, 0)
    assert whole()
    assert expire.expire(stage.fund.id, request.claim_by + timedelta(days=1)) == 0, "twice does no harm"


def test_the_end_of_a_fund_takes_what_is_left_and_nothing_that_is_promised(stage: Stage) -> None:
    request = stage.approved()
    request.claim_by = stage.fund.ends_on + timedelta(days=20)
    after = stage.fund.ends_on + timedelta(days=1)
    assert expire.expire(stage.fund.id, after) == 2
    assert places(stage) == (0, 1200, 0, 0, 0, 3800)
    assert whole()
    _partners, own = balances.fund_balances(stage.fund)
    assert (own.available, own.expired) == (0, 500_000)
    with pytest.raises(Invalid):
        give.allocate(stage.vera, stage.fund, stage.cast.leuvelink, euros(1))


def test_the_packet_is_sealed(stage: Stage) -> None:
    _, made = stage.claimed()
    db.session.commit()
    db.session.refresh(made)
    assert packet.holds(made)
    assert made.packet["invoice"]["number"] == made.invoice_number
    made.packet = {**made.packet, "invoice": {**made.packet["invoice"], "amount_minor": 1}}
    assert not packet.holds(made)


def test_the_other_side_is_mailed_at_each_step(stage: Stage) -> None:
    _, made = stage.claimed()
    settle.approve(stage.tomas, made, euros(1200))
    settle.pay(stage.tomas, made, "SEPA 4711")
    mails = [
        (mail.recipient.split("@")[0], mail.subject.replace("\u00a0", " "))
        for mail in db.session.query(OutgoingMail).order_by(OutgoingMail.id)
    ]
    assert mails == [
        ("tomas", "Harbour IT asks for EUR 1,200"),
        ("vera", "Harbour IT asks for EUR 1,200"),
        ("maya", "Approved: EUR 1,200 for Follow-up calls"),
        ("tomas", "Harbour IT claims EUR 1,200"),
        ("vera", "Harbour IT claims EUR 1,200"),
        ("maya", "Approved: EUR 1,200 for Follow-up calls"),
        ("maya", "Paid: EUR 1,200 for Follow-up calls"),
    ]


def test_numbers_run_per_vendor_and_year(stage: Stage) -> None:
    year = today("Europe/Amsterdam").year
    assert [stage.ask(1).number, stage.ask(1).number] == [f"MDF-{year}-0001", f"MDF-{year}-0002"]
