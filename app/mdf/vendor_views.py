"""The vendor's side of funds: where the money stands, what waits for whom, and each decision with what it writes in the ledger."""

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.accounts.access import MONEY, actor, member
from app.accounts.models import Organisation
from app.clock import today
from app.db import db, get_or_404
from app.errors import Invalid, NotFound
from app.mdf import balances, decide, present, queries, related, rules, settle, statement
from app.mdf.blueprint import bp
from app.mdf.forms import (
    DecisionForm,
    PaymentForm,
    decision_form,
)
from app.mdf.ledger import Balances
from app.mdf.models import Claim, ClaimStatus, MdfRequest
from app.money import Money

Answer = str | Response | tuple[str, int]


def overview() -> str:
    """All funds with their balances, and the queues: claims, requests, payments."""
    vendor = actor().organisation
    claims = queries.claim_lines(vendor, (ClaimStatus.SUBMITTED,))
    requests = queries.waiting_requests(vendor)
    return render_template(
        "mdf/vendor.html",
        funds=[
            (fund, *balances.fund_balances(fund), queries.activities(fund)) for fund in queries.funds(vendor)
        ],
        totals=balances.totals(vendor),
        claims=[(line, present.claim_clock(line.claim, vendor), _tally(line, vendor)) for line in claims],
        requests=[
            (line, present.request_clock(line.request, vendor))
            for line in requests
            if line.request.status == "submitted"
        ],
        asked=[line for line in requests if line.request.status != "submitted"],
        asked_claims=queries.claim_lines(vendor, (ClaimStatus.INFORMATION_REQUESTED,)),
        payments=[
            (line, present.claim_clock(line.claim, vendor))
            for line in queries.claim_lines(vendor, (ClaimStatus.APPROVED,))
        ],
        decided=[
            (line, present.status_of(line), present.amount_of(line))
            for line in queries.lines(vendor, limit=12)
        ],
        today=today(vendor.timezone),
    )


def _tally(line: queries.ClaimLine, vendor: Organisation) -> tuple[int, int]:
    checks = rules.of_claim(line.request, line.claim, queries.other_claims(line.claim), vendor.name)
    return sum(check.state == rules.MET for check in checks), len(checks)


def request_page(row: MdfRequest, form: DecisionForm | None = None) -> str:
    """A request as its vendor sees it, with the decision beside it. A partner's draft isn't there."""
    vendor = actor().organisation
    if row.submitted_at is None:
        raise NotFound(kind="MdfRequest")
    fund = related.fund_of(row)
    partner = related.partner_of(row)
    claims = queries.claims_of(vendor, row)
    return render_template(
        "mdf/vendor_request.html",
        request_row=row,
        vendor=vendor,
        partner=partner,
        fund=fund,
        activity=related.activity_of(row),
        campaign=related.campaign_of(row),
        claims=claims,
        notes=queries.notes_of(vendor, row),
        clock=present.request_clock(row, vendor),
        available=balances.available(fund.id, partner.id),
        left=balances.reserved_for(row),
        path=present.path(row, claims[-1] if claims else None, vendor),
        own=actor().person.id in (row.submitted_by, row.created_by),
        form=form or decision_form(row.currency),
    )


@bp.post("/funds/requests/<pid>/decide")
@member(vendor=MONEY)
def decide_request(pid: str) -> Answer:
    """Approve a request in full or less, ask something first, or decline."""
    row = get_or_404(actor().organisation, MdfRequest, pid)
    form = decision_form(row.currency)
    if form.validate_on_submit():
        try:
            with db.session.begin_nested():
                said = _decide_request(row, form)
        except Invalid as error:
            if not form.refuse(error.fields):
                raise
        else:
            flash(said)
            return redirect(url_for("funds.request_page", pid=pid), 303)
    return request_page(row, form), 422


def _decide_request(row: MdfRequest, form: DecisionForm) -> str:
    who, reason = actor(), form.reason.data or ""
    match form.decision.data:
        case "full":
            decide.approve(who, row, Money(row.asked_minor, row.currency), reason)
            return f"{row.number} is approved and the money reserved."
        case "less":
            decide.approve(who, row, _less(form), reason)
            return f"{row.number} is approved with less; the partner reads why."
        case "question":
            decide.question(who, row, reason)
            return "Your question is on its way; the clock stands still."
    decide.decline(who, row, reason)
    return f"{row.number} is declined; the partner reads why."


def _less(form: DecisionForm) -> Money:
    if not isinstance(form.amount.data, Money):
        raise Invalid("Give the amount.", {"amount": "Give the amount."})
    return form.amount.data


@bp.post("/funds/requests/<pid>/end")
@member(vendor=MONEY)
def end_request(pid: str) -> Response:
    """Close an approved request by agreement; what is left goes back to what the partner may use."""
    row = get_or_404(actor().organisation, MdfRequest, pid)
    decide.close(actor(), row)
    flash(f"{row.number} is closed.")
    return redirect(url_for("funds.request_page", pid=pid), 303)


def claim_page(row: Claim, form: DecisionForm | None = None, payment: PaymentForm | None = None) -> str:
    """A claim as its vendor sees it: rules, packet, what a yes writes in the ledger, and the decision."""
    vendor = actor().organisation
    request_row = related.request_of(row)
    fund = related.fund_of(request_row)
    partner = related.partner_of(row)
    checks = rules.of_claim(request_row, row, queries.other_claims(row), vendor.name)
    held = balances.balances(fund, partner.id)
    return render_template(
        "mdf/vendor_claim.html",
        claim=row,
        request_row=request_row,
        vendor=vendor,
        partner=partner,
        fund=fund,
        activity=related.activity_of(request_row),
        checks=checks,
        tally=rules.tally(checks),
        pieces=present.pieces(row),
        notes=queries.notes_of(vendor, request_row, row),
        clock=present.claim_clock(row, vendor),
        pay_by=present.pay_by(row, vendor),
        path=present.path(request_row, row, vendor),
        effect=_effect(row, held),
        posted=statement.ledger_lines(vendor, subject=("claim", row.id)),
        held=held,
        own=actor().person.id == row.submitted_by,
        form=form or decision_form(row.currency),
        payment=payment or PaymentForm(formdata=None),
    )


def _effect(claim: Claim, held: Balances) -> list[tuple[str, str, int, int]]:
    """What a yes in full writes: (account, note, now, change) in minor units."""
    return [
        ("Claimed", claim.number, held.claimed, -claim.amount_minor),
        ("To pay", "", held.payable, claim.amount_minor),
    ]


@bp.post("/funds/claims/<pid>/decide")
@member(vendor=MONEY)
def decide_claim(pid: str) -> Answer:
    """Approve a claim in full or in part, ask something first, or reject it with what would mend it."""
    row = get_or_404(actor().organisation, Claim, pid)
    form = decision_form(row.currency)
    if form.validate_on_submit():
        try:
            with db.session.begin_nested():
                said = _decide_claim(row, form)
        except Invalid as error:
            if not form.refuse(error.fields):
                raise
        else:
            flash(said)
            return redirect(url_for("funds.claim_page", pid=pid), 303)
    return claim_page(row, form), 422


def _decide_claim(row: Claim, form: DecisionForm) -> str:
    who, reason = actor(), form.reason.data or ""
    match form.decision.data:
        case "full":
            settle.approve(who, row, Money(row.amount_minor, row.currency), reason)
            return f"{row.number} is approved. Pay it next."
        case "less":
            settle.approve(who, row, _less(form), reason)
            return f"{row.number} is approved in part; the partner reads why."
        case "question":
            settle.question(who, row, reason)
            return "Your question is on its way; the clock stands still."
    settle.reject(who, row, reason)
    return f"{row.number} is rejected; the partner reads what would mend it."


@bp.post("/funds/claims/<pid>/pay")
@member(vendor=MONEY)
def pay_claim(pid: str) -> Answer:
    """Note that an approved claim was paid."""
    row = get_or_404(actor().organisation, Claim, pid)
    form = PaymentForm()
    if not form.validate_on_submit():
        return claim_page(row, payment=form), 422
    settle.pay(actor(), row, form.reference.data or "")
    flash(f"{row.number} is noted as paid; the partner is told.")
    return redirect(url_for("funds.claim_page", pid=pid), 303)
