"""The partner's side of funds: the balance, each request and each claim, and claiming with one invoice."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.accounts.access import EDITORS, actor, member
from app.assets.models import Asset
from app.assets.upload import add_file
from app.clock import today
from app.db import db, get_or_404
from app.errors import AppError, Invalid, Refused
from app.mdf import ask as asking
from app.mdf import balances, decide, present, queries, related, rules
from app.mdf import claim as claiming
from app.mdf.blueprint import bp
from app.mdf.forms import AnswerForm, claim_form, sure
from app.mdf.models import Claim, MdfRequest
from app.money import Money
from app.web.filters import money as spoken

Answer = str | Response | tuple[str, int]
PICTURES = frozenset({"application/pdf", "image/png", "image/jpeg"})


def overview() -> str:
    """The partner's funds: a wallet for each vendor, requests and claims with who has them."""
    partner = actor().organisation
    lines = queries.lines(partner)
    rows = [
        {
            "line": line,
            "state": present.status_of(line),
            "amount": present.amount_of(line),
            "holder": present.holder(line),
        }
        for line in lines
    ]
    return render_template(
        "mdf/index.html", wallets=balances.wallets(partner), rows=rows, today=today(partner.timezone)
    )


def request_page(row: MdfRequest, form: AnswerForm | None = None) -> str:
    """A request as its partner sees it."""
    partner = actor().organisation
    claims = queries.claims_of(partner, row)
    vendor = related.vendor_of(row)
    return render_template(
        "mdf/request.html",
        request_row=row,
        vendor=vendor,
        partner=partner,
        activity=related.activity_of(row),
        campaign=related.campaign_of(row),
        claims=claims,
        path=present.path(row, claims[-1] if claims else None, vendor),
        notes=queries.notes_of(partner, row),
        clock=present.request_clock(row, vendor),
        deciders=present.deciders(vendor.id),
        left=balances.reserved_for(row),
        answer=form or AnswerForm(formdata=None),
    )


@bp.post("/funds/requests/<pid>/withdraw")
@member(partner=EDITORS)
def withdraw_request(pid: str) -> Response:
    """Take a request back."""
    row = get_or_404(actor().organisation, MdfRequest, pid)
    asking.withdraw(actor(), row)
    flash(f"{row.number} is a draft again.")
    return redirect(url_for("funds.request_page", pid=pid), 303)


@bp.post("/funds/requests/<pid>/answer")
@member(partner=EDITORS)
def answer_request(pid: str) -> Answer:
    """Answer a question about a request."""
    row = get_or_404(actor().organisation, MdfRequest, pid)
    form = AnswerForm()
    if not form.validate_on_submit():
        return request_page(row, form), 422
    asking.answer(actor(), row, form.text.data or "")
    flash("Your answer is on its way; the clock runs again.")
    return redirect(url_for("funds.request_page", pid=pid), 303)


@bp.post("/funds/requests/<pid>/close")
@member(partner=EDITORS)
def close_request(pid: str) -> Response:
    """Nothing more will be claimed: what is left can be used again."""
    row = get_or_404(actor().organisation, MdfRequest, pid)
    left = decide.close(actor(), row)
    flash(f"{row.number} is closed. {spoken(Money(left, row.currency))} can be used again.")
    return redirect(url_for("funds.request_page", pid=pid), 303)


@bp.route("/funds/requests/<pid>/claim", methods=["GET", "POST"])
@member(partner=EDITORS)
def new_claim(pid: str) -> Answer:
    """Add the invoice and claim."""
    row = get_or_404(actor().organisation, MdfRequest, pid)
    form = claim_form(row.currency)
    status = 200
    if form.is_submitted():
        if form.validate():
            try:
                with db.session.begin_nested():
                    invoice = claiming.Invoice(
                        form.number.data or "",
                        form.supplier.data or "",
                        sure(form.issued_on.data),
                        sure(form.amount.data),
                        _file(form.file.data),
                    )
                    made = claiming.submit(actor(), row, invoice)
            except (Invalid, Refused) as error:
                if not form.refuse(_fields(error)):
                    raise
            else:
                flash(f"{made.number} is with {present.deciders(made.vendor_id)}.")
                return redirect(url_for("funds.claim_page", pid=made.pid), 303)
        status = 422
    vendor = related.vendor_of(row)
    left = balances.reserved_for(row)
    return render_template(
        "mdf/claim_form.html", form=form, request_row=row, vendor=vendor, left=left
    ), status


def _fields(error: AppError) -> dict[str, str]:
    fields = error.fields if isinstance(error, Invalid) else {}
    return fields or {"number": error.message}


def _file(upload: Any) -> Asset | None:
    if not upload or not upload.filename:
        return None
    try:
        return add_file(actor(), upload.filename, upload.read(), PICTURES)
    except Invalid as error:
        raise Invalid(error.message, {"file": error.message}) from error


def claim_page(row: Claim, form: AnswerForm | None = None) -> str:
    """A claim as its partner sees it."""
    partner = actor().organisation
    request_row = related.request_of(row)
    vendor = related.vendor_of(row)
    checks = rules.of_claim(request_row, row, queries.other_claims(row), vendor.name)
    return render_template(
        "mdf/claim.html",
        claim=row,
        request_row=request_row,
        vendor=vendor,
        partner=partner,
        activity=related.activity_of(request_row),
        checks=checks,
        tally=rules.tally(checks),
        pieces=present.pieces(row),
        path=present.path(request_row, row, vendor),
        notes=queries.notes_of(partner, request_row, row),
        clock=present.claim_clock(row, vendor),
        pay_by=present.pay_by(row, vendor),
        deciders=present.deciders(vendor.id),
        answer=form or AnswerForm(formdata=None),
    )


@bp.post("/funds/claims/<pid>/withdraw")
@member(partner=EDITORS)
def withdraw_claim(pid: str) -> Response:
    """Take a claim back; its money stays reserved."""
    row = get_or_404(actor().organisation, Claim, pid)
    claiming.withdraw(actor(), row)
    flash(f"{row.number} is taken back. The money stays reserved for your request.")
    return redirect(url_for("funds.claim_page", pid=pid), 303)


@bp.post("/funds/claims/<pid>/answer")
@member(partner=EDITORS)
def answer_claim(pid: str) -> Answer:
    """Answer a question about a claim."""
    row = get_or_404(actor().organisation, Claim, pid)
    form = AnswerForm()
    if not form.validate_on_submit():
        return claim_page(row, form), 422
    claiming.answer(actor(), row, form.text.data or "")
    flash("Your answer is on its way; the clock runs again.")
    return redirect(url_for("funds.claim_page", pid=pid), 303)
