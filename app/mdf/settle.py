"""The vendor settles claims: approves the whole or a part, rejects with what would mend it, asks, and notes the payment."""

from app.accounts import audit
from app.accounts.actor import MONEY, Actor
from app.clock import now
from app.errors import Invalid
from app.mdf import balances, ledger, notes, notify
from app.mdf.claim import hold
from app.mdf.errors import NotYours, OwnDecision
from app.mdf.models import Claim, Fund, MdfRequest
from app.mdf.postings import Step
from app.money import Money
from app.web.filters import money as spoken


def approve(actor: Actor, claim: Claim, amount: Money, reason: str = "") -> None:
    """Say yes to the whole or a part: that becomes payable, the rest goes back to what the partner may use.

    Less needs a reason, which the partner reads. Raises Invalid for an amount that can't be, Conflict where it is decided already.
    """
    request, fund = _decider(actor, claim)
    why = _checked(claim, amount, reason)
    rest = claim.amount_minor - amount.minor
    ledger.step(
        actor,
        Step.CLAIM_APPROVED,
        claim,
        fund=fund,
        partner_id=claim.partner_id,
        amount=amount.minor,
        why=why or claim.number,
    )
    ledger.step(
        actor,
        Step.CLAIM_CUT,
        claim,
        fund=fund,
        partner_id=claim.partner_id,
        amount=rest,
        why=why or claim.number,
    )
    claim.approved_minor = amount.minor
    _decided(actor, claim, why)
    audit.record(actor, "claim.approved", claim, approved=amount.minor, currency=amount.currency)
    notify.claim_decided(actor, claim, request)


def reject(actor: Actor, claim: Claim, mend: str) -> None:
    """Say no and what would mend it; the money stays reserved, so that the partner can claim again."""
    why = notes.words(mend, "Say what would mend it: the partner reads it.", "reason")
    request, fund = _decider(actor, claim)
    ledger.step(
        actor,
        Step.CLAIM_REJECTED,
        claim,
        fund=fund,
        partner_id=claim.partner_id,
        amount=claim.amount_minor,
        why=why,
    )
    ledger.step(actor, Step.REQUEST_REOPENED, request, fund=fund, partner_id=claim.partner_id)
    _decided(actor, claim, why)
    audit.record(actor, "claim.rejected", claim)
    notify.claim_decided(actor, claim, request)


def question(actor: Actor, claim: Claim, text: str) -> None:
    """Ask the partner something first; the clock stands still until the answer."""
    words = notes.words(text, "Write what you need to know.", "reason")
    request, fund = _decider(actor, claim)
    ledger.step(actor, Step.CLAIM_QUESTIONED, claim, fund=fund, partner_id=claim.partner_id)
    claim.answer_by = None
    notes.write(actor, request, claim, words)
    audit.record(actor, "claim.questioned", claim)
    notify.claim_questioned(actor, claim, request, words)


def pay(actor: Actor, claim: Claim, reference: str) -> None:
    """Note that an approved claim was paid, with the bank's reference. A request with nothing left is closed, else open for another claim."""
    words = notes.words(reference, "Give the reference of the payment.", "reference")[:80]
    _vendor(actor, claim)
    request, fund = hold(claim)
    amount = claim.approved_minor or 0
    ledger.step(
        actor, Step.CLAIM_PAID, claim, fund=fund, partner_id=claim.partner_id, amount=amount, why=words
    )
    claim.paid_by, claim.paid_at, claim.payment_reference = actor.person.id, now(), words
    _after_payment(actor, request, fund)
    audit.record(actor, "claim.paid", claim, amount=amount, currency=claim.currency)
    notify.claim_paid(actor, claim, request)


def _after_payment(actor: Actor, request: MdfRequest, fund: Fund) -> None:
    if balances.reserved_for(request):
        ledger.step(actor, Step.REQUEST_REOPENED, request, fund=fund, partner_id=request.partner_id)
        return
    ledger.step(actor, Step.REQUEST_CLOSED, request, fund=fund, partner_id=request.partner_id)
    request.closed_at = now()


def _checked(claim: Claim, amount: Money, reason: str) -> str:
    if amount.currency != claim.currency:
        raise Invalid(
            f"This claim is in {claim.currency}.", {"amount": f"This claim is in {claim.currency}."}
        )
    if not 0 < amount.minor <= claim.amount_minor:
        text = f"Approve between {spoken(Money(1, claim.currency))} and the {spoken(Money(claim.amount_minor, claim.currency))} claimed."
        raise Invalid(text, {"amount": text})
    why = reason.strip()[:2000]
    if amount.minor < claim.amount_minor and not why:
        raise Invalid(
            "Say why it is less: the partner reads it.",
            {"reason": "Say why it is less: the partner reads it."},
        )
    return why


def _vendor(actor: Actor, claim: Claim) -> None:
    if not (actor.is_vendor and actor.may(MONEY) and actor.organisation.id == claim.vendor_id):
        raise NotYours()


def _decider(actor: Actor, claim: Claim) -> tuple[MdfRequest, Fund]:
    _vendor(actor, claim)
    held = hold(claim)
    if actor.person.id == claim.submitted_by:
        raise OwnDecision()
    return held


def _decided(actor: Actor, claim: Claim, why: str) -> None:
    claim.decided_by, claim.decided_at = actor.person.id, now()
    claim.answer_by = None
    claim.reason = why or None
