"""The vendor decides on requests: yes in whole or in part, no with a reason, or a question first. And what was reserved is let go.

Each decision holds the fund, reads the request afresh and checks who decides: no one on what they asked for themselves.
"""

from app.accounts import audit
from app.accounts.actor import EDITORS, MONEY, Actor
from app.clock import now
from app.db import db
from app.errors import Invalid
from app.mdf import balances, ledger, notes, notify
from app.mdf.deadlines import CLAIM_WITHIN
from app.mdf.errors import NotYours, OwnDecision
from app.mdf.models import Fund, MdfRequest
from app.mdf.postings import Step
from app.money import Money
from app.web.filters import money as spoken


def approve(actor: Actor, request: MdfRequest, amount: Money, reason: str = "") -> None:
    """Say yes to the whole or less; the amount is reserved at once. Less needs a reason, which the partner reads.

    Raises Invalid for an amount that can't be, Conflict where somebody has decided already.
    """
    fund = _decider(actor, request)
    why = _checked(request, amount, reason)
    try:
        ledger.step(
            actor,
            Step.REQUEST_APPROVED,
            request,
            fund=fund,
            partner_id=request.partner_id,
            amount=amount.minor,
            why=why or request.number,
        )
    except ledger.Overdrawn as error:
        text = f"{spoken(error.left)} is available to this partner. Approve that or less, or give more first."
        raise Invalid(text, {"amount": text}) from error
    request.approved_minor = amount.minor
    request.claim_by = request.ends_on + CLAIM_WITHIN
    _decided(actor, request, why)
    audit.record(actor, "request.approved", request, approved=amount.minor, currency=amount.currency)
    notify.request_decided(actor, request)


def decline(actor: Actor, request: MdfRequest, reason: str) -> None:
    """Say no for good, with a reason that the partner reads."""
    why = notes.words(reason, "Say why: the partner reads it.", "reason")
    fund = _decider(actor, request)
    ledger.step(actor, Step.REQUEST_DECLINED, request, fund=fund, partner_id=request.partner_id)
    _decided(actor, request, why)
    audit.record(actor, "request.declined", request)
    notify.request_decided(actor, request)


def question(actor: Actor, request: MdfRequest, text: str) -> None:
    """Ask the partner something first; the clock stands still until the answer."""
    words = notes.words(text, "Write what you need to know.", "reason")
    fund = _decider(actor, request)
    ledger.step(actor, Step.REQUEST_QUESTIONED, request, fund=fund, partner_id=request.partner_id)
    request.answer_by = None
    notes.write(actor, request, None, words)
    audit.record(actor, "request.questioned", request)
    notify.request_questioned(actor, request, words)


def close(actor: Actor, request: MdfRequest) -> int:
    """End an approved request; what is left of it goes back to what the partner may use. Returns that, in minor units.

    Either side may: the partner because nothing more will be claimed, the vendor's funds people by agreement.
    """
    if not (actor.may(EDITORS) if actor.is_partner else actor.may(MONEY)):
        raise NotYours()
    fund = ledger.lock(request.fund_id)
    db.session.refresh(request, with_for_update=True)
    left = balances.reserved_for(request)
    ledger.step(
        actor,
        Step.REQUEST_CLOSED,
        request,
        fund=fund,
        partner_id=request.partner_id,
        amount=left,
        why=f"Rest of {request.number}",
    )
    request.closed_at = now()
    audit.record(actor, "request.closed", request, released=left)
    notify.request_closed(actor, request, Money(left, request.currency))
    return left


def _checked(request: MdfRequest, amount: Money, reason: str) -> str:
    if amount.currency != request.currency:
        raise Invalid(
            f"This request is in {request.currency}.", {"amount": f"This request is in {request.currency}."}
        )
    if not 0 < amount.minor <= request.asked_minor:
        text = f"Approve between {spoken(Money(1, request.currency))} and the {spoken(Money(request.asked_minor, request.currency))} asked for."
        raise Invalid(text, {"amount": text})
    why = reason.strip()[:2000]
    if amount.minor < request.asked_minor and not why:
        raise Invalid(
            "Say why it is less: the partner reads it.",
            {"reason": "Say why it is less: the partner reads it."},
        )
    return why


def _decider(actor: Actor, request: MdfRequest) -> Fund:
    if not (actor.is_vendor and actor.may(MONEY) and actor.organisation.id == request.vendor_id):
        raise NotYours()
    fund = ledger.lock(request.fund_id)
    db.session.refresh(request, with_for_update=True)
    if actor.person.id in (request.submitted_by, request.created_by):
        raise OwnDecision()
    return fund


def _decided(actor: Actor, request: MdfRequest, why: str) -> None:
    request.decided_by = actor.person.id
    request.decided_at = now()
    request.answer_by = None
    request.reason = why or None
