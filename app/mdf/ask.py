"""A partner asks: a plan becomes a draft, the draft a request with a number and a clock, and questions get their answers."""

from dataclasses import dataclass
from datetime import date

from app.accounts import audit
from app.accounts.actor import EDITORS, Actor
from app.accounts.models import Organisation
from app.campaigns.models import Campaign
from app.clock import now, today
from app.db import db
from app.errors import Invalid
from app.mdf import balances, deadlines, ledger, notes, notify, numbering
from app.mdf.errors import NotYours
from app.mdf.models import ActivityType, Fund, MdfRequest, RequestStatus
from app.mdf.postings import Step
from app.mdf.rules import payable
from app.money import Money
from app.web.filters import money as spoken


@dataclass(frozen=True)
class NewRequest:
    """What a partner asks for, complete. `campaign` None: an activity outside the platform."""

    activity: ActivityType
    title: str
    purpose: str
    supplier: str
    cost: Money
    asked: Money
    starts_on: date
    ends_on: date
    shares_leads: bool
    campaign: Campaign | None = None


def ask(actor: Actor, new: NewRequest, draft: MdfRequest | None = None) -> MdfRequest:
    """Ask for money: submit a new request, or one that was taken back and mended.

    Raises Invalid, naming each field, where a rule that can't be mended later is broken; then nothing is written.
    """
    _partner(actor)
    fund = ledger.lock(new.activity.fund_id)
    _check(actor, new, fund)
    request = draft or _draft(actor, new, fund)
    _fill(request, new)
    _submit(actor, request, fund, Step.REQUEST_SUBMITTED)
    if new.campaign is not None and new.shares_leads:
        new.campaign.shares_leads = True
    audit.record(actor, "request.submitted", request, asked=new.asked.minor, currency=new.asked.currency)
    notify.request_submitted(actor, request)
    return request


def withdraw(actor: Actor, request: MdfRequest) -> None:
    """Take a request back before it is decided; it becomes a draft again."""
    _partner(actor)
    fund = _locked(request)
    ledger.step(actor, Step.REQUEST_WITHDRAWN, request, fund=fund, partner_id=request.partner_id)
    request.answer_by = None
    audit.record(actor, "request.withdrawn", request)


def answer(actor: Actor, request: MdfRequest, text: str) -> None:
    """Answer the vendor's question; the clock starts again."""
    _partner(actor)
    words = notes.words(text, "Write your answer.")
    fund = _locked(request)
    if request.status is not RequestStatus.INFORMATION_REQUESTED:
        raise Invalid("Nothing was asked.")
    notes.write(actor, request, None, words)
    _submit(actor, request, fund, Step.REQUEST_ANSWERED)
    audit.record(actor, "request.answered", request)
    notify.request_answered(actor, request, words)


def _submit(actor: Actor, request: MdfRequest, fund: Fund, what: Step) -> None:
    ledger.step(actor, what, request, fund=fund, partner_id=request.partner_id)
    vendor = db.session.get_one(Organisation, request.vendor_id)
    request.submitted_by = actor.person.id
    request.submitted_at = now()
    request.answer_by = deadlines.answer_by(request.submitted_at, deadlines.ANSWER_REQUEST, vendor.timezone)


def _draft(actor: Actor, new: NewRequest, fund: Fund) -> MdfRequest:
    year = today(actor.organisation.timezone).year
    return MdfRequest(
        number=numbering.take(fund.vendor_id, "MDF", year),
        vendor_id=fund.vendor_id,
        partner_id=actor.organisation.id,
        status=RequestStatus.DRAFT,
        created_by=actor.person.id,
    )


def _fill(request: MdfRequest, new: NewRequest) -> None:
    request.fund_id = new.activity.fund_id
    request.activity_type_id = new.activity.id
    request.campaign_id = new.campaign.id if new.campaign else None
    request.title, request.purpose, request.supplier = new.title, new.purpose, new.supplier
    request.currency, request.rate, request.cap_minor = (
        new.cost.currency,
        new.activity.rate,
        new.activity.cap_minor,
    )
    request.cost_minor, request.asked_minor = new.cost.minor, new.asked.minor
    request.starts_on, request.ends_on = new.starts_on, new.ends_on
    request.shares_leads = new.shares_leads
    db.session.add(request)
    db.session.flush()


def _check(actor: Actor, new: NewRequest, fund: Fund) -> None:
    wrong = _wrong_dates(actor, new, fund) | _wrong_amounts(actor, new, fund)
    if not new.shares_leads:
        wrong["shares_leads"] = "Sharing the leads of this activity is part of the deal for money."
    if new.campaign is not None and (new.campaign.partner_id, new.campaign.vendor_id) != (
        actor.organisation.id,
        fund.vendor_id,
    ):
        raise NotYours()
    if wrong:
        raise Invalid("The request can’t go out yet.", wrong)


def _wrong_dates(actor: Actor, new: NewRequest, fund: Fund) -> dict[str, str]:
    wrong = {}
    if new.starts_on < today(actor.organisation.timezone):
        wrong["starts_on"] = "What starts before the yes is not paid. Choose today or later."
    elif new.starts_on < fund.starts_on:
        wrong["starts_on"] = f"{fund.name} starts on {fund.starts_on:%d %B %Y}."
    if new.ends_on < new.starts_on:
        wrong["ends_on"] = "The end can’t be before the start."
    elif new.ends_on > fund.ends_on:
        wrong["ends_on"] = f"{fund.name} ends on {fund.ends_on:%d %B %Y}."
    return wrong


def _wrong_amounts(actor: Actor, new: NewRequest, fund: Fund) -> dict[str, str]:
    if {new.cost.currency, new.asked.currency} != {fund.currency}:
        return {"cost": f"This fund is in {fund.currency}."}
    if new.cost.minor <= 0:
        return {"cost": "Give an amount above 0."}
    if new.asked.minor <= 0:
        return {"asked": "Give an amount above 0."}
    available = balances.available(fund.id, actor.organisation.id)
    sums = payable(new.activity, new.cost.minor, available)
    if new.asked.minor > sums.by_rate:
        return {
            "asked": f"{sums.rate} % of the cost is {spoken(Money(sums.by_rate, sums.currency))}. Ask for that or less."
        }
    if new.asked.minor > sums.cap:
        return {
            "asked": f"The limit for {new.activity.name} is {spoken(Money(sums.cap, sums.currency))}. Ask for that or less."
        }
    if new.asked.minor > available:
        return {"asked": f"{spoken(Money(available, fund.currency))} is available. Ask for that or less."}
    return {}


def _partner(actor: Actor) -> None:
    if not (actor.is_partner and actor.may(EDITORS)):
        raise NotYours()


def _locked(request: MdfRequest) -> Fund:
    fund = ledger.lock(request.fund_id)
    db.session.refresh(request, with_for_update=True)
    return fund
