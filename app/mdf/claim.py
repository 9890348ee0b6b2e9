"""A partner claims: one invoice and the packet that wrote itself go to the vendor, and the money moves from reserved to claimed."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from app.accounts import audit
from app.accounts.actor import EDITORS, Actor
from app.accounts.models import Organisation
from app.assets.models import Asset
from app.clock import now, today
from app.db import db, scoped
from app.errors import Invalid
from app.mdf import balances, deadlines, ledger, notes, notify, numbering, packet
from app.mdf.errors import NotYours, TooLate
from app.mdf.models import REQUEST, Claim, ClaimStatus, Fund, MdfRequest, RequestStatus
from app.mdf.postings import Step
from app.money import Money

DEAD = (ClaimStatus.REJECTED, ClaimStatus.WITHDRAWN)


@dataclass(frozen=True)
class Invoice:
    """The one thing a partner adds to a claim. `amount` is without VAT; `file` the stored document, if there is one."""

    number: str
    supplier: str
    issued_on: date
    amount: Money
    file: Asset | None = None


def submit(actor: Actor, request: MdfRequest, invoice: Invoice) -> Claim:
    """Claim what the invoice brings by the request's share, at most what is reserved for it.

    Raises Invalid for an invoice that can't be (its number used already, a wrong currency, a date to come), TooLate after
    the deadline, Conflict where the request isn't approved.
    """
    _partner(actor, request)
    fund = ledger.lock(request.fund_id)
    db.session.refresh(request, with_for_update=True)
    if not REQUEST.allows(request.status, RequestStatus.CLAIMED):
        REQUEST.move(request, RequestStatus.CLAIMED)  # raises Conflict with its words
    left = balances.reserved_for(request)
    _check(actor, request, invoice, left)
    claim = Claim(
        number=numbering.take(request.vendor_id, "CL", today(actor.organisation.timezone).year),
        vendor_id=request.vendor_id,
        partner_id=request.partner_id,
        request_id=request.id,
        status=ClaimStatus.DRAFT,
        currency=request.currency,
        supplier=invoice.supplier,
        invoice_number=invoice.number,
        invoice_on=invoice.issued_on,
        invoice_minor=invoice.amount.minor,
        invoice_asset_id=invoice.file.id if invoice.file else None,
        amount_minor=min(invoice.amount.minor * request.rate // 100, left),
    )
    db.session.add(claim)
    db.session.flush()
    _start(actor, claim)
    packet.seal(claim, request)
    _claim_money(actor, claim, request, fund)
    audit.record(actor, "claim.submitted", claim, amount=claim.amount_minor, currency=claim.currency)
    notify.claim_submitted(actor, claim, request)
    return claim


def withdraw(actor: Actor, claim: Claim) -> None:
    """Take a claim back before it is decided; its money stays reserved for the request."""
    request, fund = _locked(actor, claim)
    ledger.step(
        actor,
        Step.CLAIM_WITHDRAWN,
        claim,
        fund=fund,
        partner_id=claim.partner_id,
        amount=claim.amount_minor,
        why=claim.number,
    )
    ledger.step(actor, Step.REQUEST_REOPENED, request, fund=fund, partner_id=claim.partner_id)
    claim.answer_by = None
    audit.record(actor, "claim.withdrawn", claim)


def answer(actor: Actor, claim: Claim, text: str) -> None:
    """Answer the vendor's question about a claim; the clock starts again."""
    words = notes.words(text, "Write your answer.")
    request, fund = _locked(actor, claim)
    if claim.status is not ClaimStatus.INFORMATION_REQUESTED:
        raise Invalid("Nothing was asked.")
    ledger.step(actor, Step.CLAIM_ANSWERED, claim, fund=fund, partner_id=claim.partner_id)
    notes.write(actor, request, claim, words)
    _start(actor, claim)
    audit.record(actor, "claim.answered", claim)
    notify.claim_answered(actor, claim, request, words)


def _claim_money(actor: Actor, claim: Claim, request: MdfRequest, fund: Fund) -> None:
    ledger.step(
        actor,
        Step.CLAIM_SUBMITTED,
        claim,
        fund=fund,
        partner_id=claim.partner_id,
        amount=claim.amount_minor,
        why=claim.number,
    )
    ledger.step(actor, Step.REQUEST_CLAIMED, request, fund=fund, partner_id=claim.partner_id)


def _start(actor: Actor, claim: Claim) -> None:
    vendor = db.session.get_one(Organisation, claim.vendor_id)
    claim.submitted_by = actor.person.id
    claim.submitted_at = now()
    claim.answer_by = deadlines.answer_by(claim.submitted_at, deadlines.ANSWER_CLAIM, vendor.timezone)


def _check(actor: Actor, request: MdfRequest, invoice: Invoice, left: int) -> None:
    here = today(actor.organisation.timezone)
    if request.claim_by is not None and here > request.claim_by:
        raise TooLate(f"Claims for {request.number} were due by {request.claim_by:%d %B %Y}.")
    if left <= 0:
        raise Invalid(f"All of {request.number} is claimed already.")
    wrong = {}
    if invoice.amount.currency != request.currency:
        wrong["amount"] = f"The request is in {request.currency}: give the amount in {request.currency}."
    elif invoice.amount.minor * request.rate // 100 <= 0:
        wrong["amount"] = "Give an amount above 0."
    if invoice.issued_on > here:
        wrong["issued_on"] = "An invoice can’t be of a day to come."
    wrong |= _used(actor.organisation, invoice)
    if wrong:
        raise Invalid("The claim can’t go out yet.", wrong)


def _used(partner: Organisation, invoice: Invoice) -> dict[str, str]:
    """What says that this invoice was claimed before: its number, or the very bytes of its file."""
    same = [Claim.invoice_number == invoice.number]
    if invoice.file is not None:
        same.append(Claim.invoice_asset_id == invoice.file.id)
    found = db.session.scalars(scoped(partner, Claim).where(or_(*same), Claim.status.not_in(DEAD))).first()
    if found is None:
        return {}
    field = "number" if found.invoice_number == invoice.number else "file"
    return {
        field: f"{'Invoice' if field == 'number' else 'This file'} is in claim {found.number} already. An invoice is paid once."
    }


def _partner(actor: Actor, row: MdfRequest | Claim) -> None:
    if not (actor.is_partner and actor.may(EDITORS) and row.partner_id == actor.organisation.id):
        raise NotYours()


def _locked(actor: Actor, claim: Claim) -> tuple[MdfRequest, Fund]:
    _partner(actor, claim)
    return hold(claim)


def hold(claim: Claim) -> tuple[MdfRequest, Fund]:
    """Hold a claim's fund, then the claim and its request, read afresh: the order every decision keeps."""
    request = db.session.scalars(
        select(MdfRequest).where(MdfRequest.id == claim.request_id)
    ).one()  # unscoped: the claim names it
    fund = ledger.lock(request.fund_id)
    db.session.refresh(request, with_for_update=True)
    db.session.refresh(claim, with_for_update=True)
    return request, fund
