"""What the pages of funds show beside the rows themselves: who has it until when, the path so far, the packet as pieces."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from app.accounts.models import Organisation, Person
from app.clock import local, now
from app.db import db
from app.mdf import deadlines, queries
from app.mdf.deadlines import Clock
from app.mdf.models import Claim, ClaimStatus, MdfRequest, RequestStatus
from app.mdf.queries import Line
from app.money import Money
from app.web.filters import amount, count, day, moment
from app.web.filters import money as spoken

Item = dict[str, Any]


@dataclass(frozen=True)
class Holder:
    """Who has it, and until when: a sentence, and the clock where one runs."""

    text: str
    clock: Clock | None = None


def deciders(vendor_id: int) -> str:
    """The people who may decide, by name: `Tomás Rey`, or `Tomás Rey or Vera Lund`."""
    names = [person.name for person in queries.deciders(vendor_id)]
    return " or ".join(names[:2]) if names else "the vendor"


def request_clock(request: MdfRequest, vendor: Organisation) -> Clock | None:
    """The clock of an undecided request; None while none runs."""
    if request.status is not RequestStatus.SUBMITTED or request.submitted_at is None:
        return None
    return deadlines.clock(request.submitted_at, deadlines.ANSWER_REQUEST, now(), vendor.timezone)


def claim_clock(claim: Claim, vendor: Organisation) -> Clock | None:
    """The clock of an undecided claim, or of a payment to be made; None while none runs."""
    if claim.status is ClaimStatus.SUBMITTED:
        return deadlines.clock(claim.submitted_at, deadlines.ANSWER_CLAIM, now(), vendor.timezone)
    if claim.status is ClaimStatus.APPROVED and claim.decided_at is not None:
        return deadlines.clock(claim.decided_at, deadlines.PAY, now(), vendor.timezone)
    return None


def pay_by(claim: Claim, vendor: Organisation) -> Any:
    """The day by which an approved claim is promised to be paid."""
    if claim.decided_at is None:
        return None
    return deadlines.add_working_days(local(claim.decided_at, vendor.timezone).date(), deadlines.PAY)


def status_of(line: Line) -> tuple[str, str]:
    """The state a list shows for a request: its living claim's where it has one. (kind, status)"""
    request, claim = line.request, line.claim
    if (
        claim is not None
        and claim.status not in (ClaimStatus.WITHDRAWN, ClaimStatus.REJECTED)
        and request.status in (RequestStatus.CLAIMED, RequestStatus.CLOSED)
    ):
        return "claim", str(claim.status)
    return "request", str(request.status)


def amount_of(line: Line) -> int:
    """The amount a list shows: paid, approved, or asked for, whichever is furthest."""
    request, claim = line.request, line.claim
    if request.status is RequestStatus.DECLINED:
        return 0
    if claim is not None and status_of(line)[0] == "claim":
        return claim.approved_minor if claim.approved_minor is not None else claim.amount_minor
    return request.approved_minor if request.approved_minor is not None else request.asked_minor


def holder(line: Line) -> Holder:
    """Who has a request or its claim, as the partner reads it."""
    request, claim = line.request, line.claim
    kind, status = status_of(line)
    if kind == "claim" and claim is not None:
        return _claim_holder(claim, line.vendor)
    match request.status:
        case RequestStatus.SUBMITTED:
            clock = request_clock(request, line.vendor)
            return Holder(f"{deciders(request.vendor_id)}, {clock.text if clock else ''}", clock)
        case RequestStatus.INFORMATION_REQUESTED:
            return Holder("You: answer the question")
        case RequestStatus.APPROVED:
            return Holder(f"You, claim by {day(request.claim_by)}")
        case RequestStatus.DRAFT:
            return Holder("You: ask, or leave it")
        case RequestStatus.DECLINED:
            return Holder(request.reason or "")
        case RequestStatus.CLOSED:
            return Holder(f"Closed {day(request.closed_at)}")
    return Holder(f"No claim came by {day(request.claim_by)}" if status == "expired" else "")


def _claim_holder(claim: Claim, vendor: Organisation) -> Holder:
    clock = claim_clock(claim, vendor)
    match claim.status:
        case ClaimStatus.SUBMITTED:
            return Holder(f"{deciders(claim.vendor_id)}, {clock.text if clock else ''}", clock)
        case ClaimStatus.INFORMATION_REQUESTED:
            return Holder("You: answer the question")
        case ClaimStatus.APPROVED:
            return Holder(f"{vendor.name} pays by {day(pay_by(claim, vendor))}", clock)
    return Holder(f"{day(claim.paid_at)}, {claim.payment_reference}")


def person_name(person_id: int | None) -> str:
    """A person's name; “somebody” where it isn't known."""
    person = db.session.get(Person, person_id) if person_id else None
    return person.name if person else "somebody"


def path(request: MdfRequest, claim: Claim | None, vendor: Organisation) -> list[Item]:
    """The thread from asking to being paid: what is done, what is now, what comes."""
    items = [
        _step(
            "Asked for",
            request.submitted_at,
            request.submitted_by,
            spoken(Money(request.asked_minor, request.currency)),
        )
    ]
    if request.status in (RequestStatus.DECLINED,):
        return [*items, _step("Declined", request.decided_at, request.decided_by, request.reason or "")]
    if request.decided_at is None:
        items.append(
            {
                "title": f"{vendor.name} answers",
                "when": f"by {day(request.answer_by)}, {deciders(vendor.id)}"
                if request.answer_by
                else "after your answer",
                "state": "now",
            }
        )
        return [*items, {"title": "You add one invoice"}, {"title": "You are paid"}]
    items.append(
        _step(
            "Approved",
            request.decided_at,
            request.decided_by,
            f"{spoken(Money(request.approved_minor or 0, request.currency))} reserved",
        )
    )
    if request.status is RequestStatus.EXPIRED:
        return [
            *items,
            {"title": "Expired", "when": f"no claim came by {day(request.claim_by)}", "state": "done"},
        ]
    return items + (_claim_path(claim, vendor) if claim else _before_claim(request))


def _before_claim(request: MdfRequest) -> list[Item]:
    if request.status is RequestStatus.CLOSED:
        return [{"title": "Closed", "when": day(request.closed_at), "state": "done"}]
    return [
        {"title": "You add one invoice", "when": f"by {day(request.claim_by)}", "state": "now"},
        {"title": "You are paid"},
    ]


def _claim_path(claim: Claim, vendor: Organisation) -> list[Item]:
    items = [_step("Invoice added, claim submitted", claim.submitted_at, claim.submitted_by, claim.number)]
    match claim.status:
        case ClaimStatus.WITHDRAWN:
            return [*items, {"title": "Taken back", "state": "done"}]
        case ClaimStatus.REJECTED:
            return [*items, _step("Rejected", claim.decided_at, claim.decided_by, claim.reason or "")]
        case ClaimStatus.SUBMITTED | ClaimStatus.INFORMATION_REQUESTED:
            when = (
                f"by {day(claim.answer_by)}, {deciders(vendor.id)}" if claim.answer_by else "after the answer"
            )
            return [
                *items,
                {"title": f"{vendor.name} decides", "when": when, "state": "now"},
                {"title": "Paid"},
            ]
    items.append(
        _step(
            "Claim approved",
            claim.decided_at,
            claim.decided_by,
            spoken(Money(claim.approved_minor or 0, claim.currency)),
        )
    )
    if claim.paid_at is None:
        return [*items, {"title": "Paid", "when": f"by {day(pay_by(claim, vendor))}", "state": "now"}]
    return [*items, _step("Paid", claim.paid_at, claim.paid_by, f"Reference {claim.payment_reference}")]


def _step(title: str, at: datetime | None, person_id: int | None, text: str) -> Item:
    return {"title": title, "when": f"{moment(at)}, {person_name(person_id)}", "text": text, "state": "done"}


def pieces(claim: Claim) -> list[Item]:
    """The sealed packet as a list of pieces of proof."""
    facts = claim.packet
    items: list[Item] = []
    if mails := facts.get("mails"):
        subjects = ", ".join(f"“{mail['subject']}”" for mail in mails[:3])
        items.append(
            {
                "icon": "mail",
                "title": f"{len(mails)} mail{'s' if len(mails) > 1 else ''} as sent",
                "note": subjects,
            }
        )
    if (deliveries := facts.get("deliveries")) is not None:
        items.append(
            {"icon": "send", "title": "Delivery log", "note": _deliveries(deliveries, facts.get("people"))}
        )
    for page in facts.get("pages", []):
        end = day(_moment(page["to"])) if page["to"] else "today"
        items.append(
            {
                "icon": "world",
                "title": "Landing page as published",
                "note": f"{day(_moment(page['from']))} to {end}",
            }
        )
    if leads := facts.get("leads"):
        shared = "all shared" if leads["shared"] == leads["total"] else f"{count(leads['shared'])} shared"
        items.append(
            {
                "icon": "users",
                "title": f"{count(leads['total'])} lead{'' if leads['total'] == 1 else 's'}",
                "note": f"{shared}, as agreed",
            }
        )
    return [*items, _invoice_piece(claim)]


def _invoice_piece(claim: Claim) -> Item:
    note = f"{claim.currency} {amount(Money(claim.invoice_minor, claim.currency))} without VAT, {day(claim.invoice_on)}"
    title = f"Invoice {claim.invoice_number}" + (f", {claim.supplier}" if claim.supplier else "")
    item: Item = {"icon": "receipt", "title": title, "note": note}
    if claim.invoice_asset_id:
        item |= {"href": url_for("funds.claim_invoice", pid=claim.pid), "action": "View"}
    return item


def _deliveries(states: dict[str, int], people: int | None) -> str:
    words = {
        "accepted": "accepted",
        "rejected": "refused",
        "uncertain": "uncertain",
        "failed": "failed",
        "suppressed": "left out",
    }
    sent = sum(states.get(state, 0) for state in ("accepted", "rejected", "uncertain"))
    return ", ".join(
        [
            f"{count(sent)} sent",
            *(f"{count(states[state])} {word}" for state, word in words.items() if states.get(state)),
            *([f"{count(people)} people reached"] if people and people < states.get("accepted", 0) else []),
        ]
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
