"""The other side hears of each step at once, by mail, with a link that leads straight to what is to be done.

Partners' mails go to whoever asked, vendors' to everybody who may decide on money; never to the one who just acted.
"""

from dataclasses import dataclass
from typing import Literal

from app.accounts.actor import Actor
from app.accounts.models import Organisation, Person
from app.db import db
from app.mail import post
from app.mdf import queries
from app.mdf.models import Claim, ClaimStatus, MdfRequest, RequestStatus
from app.money import Money
from app.web.filters import day
from app.web.filters import money as spoken
from app.web.hosts import app_url_for

Side = Literal["vendor", "partner"]


@dataclass(frozen=True)
class _News:
    """What a mail says: `text` in one or two sentences, `quote` somebody's own words."""

    subject: str
    text: str
    button: str
    link: str
    quote: str = ""


def request_submitted(actor: Actor, request: MdfRequest) -> None:
    """To the vendor: a request waits for a decision."""
    until = day(request.answer_by)
    text = f"{actor.organisation.name} asks for {_money(request, request.asked_minor)} for “{request.title}”. You promise an answer by {until}."
    news = _News(
        f"{actor.organisation.name} asks for {_money(request, request.asked_minor)}",
        text,
        "Decide",
        _request_link(request),
    )
    _tell(actor, "vendor", request, news)


def request_answered(actor: Actor, request: MdfRequest, words: str) -> None:
    """To the vendor: the question is answered."""
    text = f"{actor.organisation.name} answered your question about “{request.title}”. You promise a decision by {day(request.answer_by)}."
    _tell(
        actor,
        "vendor",
        request,
        _News(f"{request.number}: your question is answered", text, "Decide", _request_link(request), words),
    )


def request_questioned(actor: Actor, request: MdfRequest, words: str) -> None:
    """To the partner: something is asked."""
    text = f"{actor.person.name} at {actor.organisation.name} needs to know something before deciding on “{request.title}”. The clock stands still until you answer."
    _tell(
        actor,
        "partner",
        request,
        _News(f"{request.number}: a question", text, "Answer", _request_link(request), words),
    )


def request_decided(actor: Actor, request: MdfRequest) -> None:
    """To the partner: yes, less, or no."""
    yes = request.status is RequestStatus.APPROVED
    if yes:
        amount = _money(request, request.approved_minor)
        text = f"{actor.organisation.name} approved {amount} for “{request.title}”; it is reserved for you. Add your invoice by {day(request.claim_by)}."
        subject = f"Approved: {amount} for {request.title}"
    else:
        text = f"{actor.organisation.name} declined {_money(request, request.asked_minor)} for “{request.title}”."
        subject = f"Declined: {request.title}"
    _tell(
        actor,
        "partner",
        request,
        _News(subject, text, "See the request", _request_link(request), request.reason or ""),
    )


def request_closed(actor: Actor, request: MdfRequest, left: Money) -> None:
    """To the other side: a request has ended."""
    back = f" {spoken(left)} goes back to what may be used." if left else ""
    text = f"{actor.person.name} closed “{request.title}”.{back}"
    _tell(
        actor,
        "vendor" if actor.is_partner else "partner",
        request,
        _News(f"{request.number} is closed", text, "See the request", _request_link(request)),
    )


def request_expired(request: MdfRequest, left: Money) -> None:
    """To the partner: the deadline for a claim has passed."""
    text = f"No claim came by {day(request.claim_by)} for “{request.title}”, so {spoken(left)} is no longer reserved and goes back to what you may use."
    _tell(
        None,
        "partner",
        request,
        _News(f"{request.number} has expired", text, "See your funds", _request_link(request)),
    )


def claim_submitted(actor: Actor, claim: Claim, request: MdfRequest) -> None:
    """To the vendor: a claim waits for a decision."""
    amount = _money(claim, claim.amount_minor)
    text = f"{actor.organisation.name} claims {amount} for “{request.title}”. You promise a decision by {day(claim.answer_by)}."
    _tell(
        actor,
        "vendor",
        request,
        _News(f"{actor.organisation.name} claims {amount}", text, "Decide", _claim_link(claim)),
    )


def claim_answered(actor: Actor, claim: Claim, request: MdfRequest, words: str) -> None:
    """To the vendor: the question is answered."""
    text = f"{actor.organisation.name} answered your question about the claim for “{request.title}”. You promise a decision by {day(claim.answer_by)}."
    _tell(
        actor,
        "vendor",
        request,
        _News(f"{claim.number}: your question is answered", text, "Decide", _claim_link(claim), words),
    )


def claim_questioned(actor: Actor, claim: Claim, request: MdfRequest, words: str) -> None:
    """To the partner: something is asked."""
    text = f"{actor.person.name} at {actor.organisation.name} needs to know something before deciding on your claim for “{request.title}”. The clock stands still until you answer."
    _tell(
        actor,
        "partner",
        request,
        _News(f"{claim.number}: a question", text, "Answer", _claim_link(claim), words),
    )


def claim_decided(actor: Actor, claim: Claim, request: MdfRequest) -> None:
    """To the partner: yes, less, or no with what would mend it."""
    if claim.status is ClaimStatus.APPROVED:
        amount = _money(claim, claim.approved_minor)
        less = (
            f" of the {_money(claim, claim.amount_minor)} claimed"
            if claim.approved_minor != claim.amount_minor
            else ""
        )
        text = f"{actor.organisation.name} approved {amount}{less} for “{request.title}” and pays it next."
        news = _News(
            f"Approved: {amount} for {request.title}",
            text,
            "See the claim",
            _claim_link(claim),
            claim.reason or "",
        )
    else:
        text = f"{actor.organisation.name} rejected the claim for “{request.title}”. The money stays reserved: mend it and claim again by {day(request.claim_by)}."
        news = _News(
            f"Rejected: {claim.number}",
            text,
            "See what would mend it",
            _claim_link(claim),
            claim.reason or "",
        )
    _tell(actor, "partner", request, news)


def claim_paid(actor: Actor, claim: Claim, request: MdfRequest) -> None:
    """To the partner: the money is on its way."""
    amount = _money(claim, claim.approved_minor)
    text = f"{actor.organisation.name} paid {amount} for “{request.title}”. The bank’s reference is {claim.payment_reference}."
    _tell(
        actor,
        "partner",
        request,
        _News(f"Paid: {amount} for {request.title}", text, "See the claim", _claim_link(claim)),
    )


def _tell(actor: Actor | None, side: Side, request: MdfRequest, news: _News) -> None:
    organisation_id = request.vendor_id if side == "vendor" else request.partner_id
    organisation = db.session.get_one(Organisation, organisation_id)
    other = db.session.get_one(Organisation, request.partner_id if side == "vendor" else request.vendor_id)
    for person in _people(side, request):
        if actor is None or person.id != actor.person.id:
            post(
                "funding",
                person.email,
                {
                    "name": person.name,
                    "news": news,
                    "number": request.number,
                    "other": other.name,
                    "own": organisation.name,
                },
                other,
            )


def _people(side: Side, request: MdfRequest) -> list[Person]:
    if side == "vendor":
        return queries.deciders(request.vendor_id)
    people = queries.askers(request.partner_id)
    return [person for person in people if person.id == request.submitted_by] or people


def _money(row: MdfRequest | Claim, minor: int | None) -> str:
    return spoken(Money(minor or 0, row.currency))


def _request_link(request: MdfRequest) -> str:
    return app_url_for("funds.request_page", pid=request.pid)


def _claim_link(claim: Claim) -> str:
    return app_url_for("funds.claim_page", pid=claim.pid)
