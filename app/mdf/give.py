"""Where money comes in: a vendor makes a fund, says what it pays for, and gives partners their part."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from app.accounts import audit
from app.accounts.actor import MONEY, Actor
from app.accounts.models import Organisation
from app.clock import today
from app.db import db, scoped
from app.errors import Invalid
from app.mdf import ledger
from app.mdf.errors import NotYours, TooLate
from app.mdf.models import ActivityType, Allocation, Fund
from app.mdf.postings import Step
from app.money import Money
from app.programs.models import Partnership, PartnershipStatus
from app.web.filters import money as spoken


@dataclass(frozen=True)
class NewActivity:
    """What a fund pays for: `rate` percent of the cost, up to `cap`."""

    name: str
    help: str
    rate: int
    cap: Money


@dataclass(frozen=True)
class NewFund:
    """A fund as a vendor sets it up: its budget, and its first and last day."""

    name: str
    amount: Money
    starts_on: date
    ends_on: date
    activities: tuple[NewActivity, ...]


def create_fund(actor: Actor, new: NewFund) -> Fund:
    """Make a fund with its budget and its activities. Raises Invalid for dates, amounts and rates that can't be."""
    _vendor_money(actor)
    _check(actor, new)
    fund = Fund(
        vendor_id=actor.organisation.id,
        name=new.name,
        currency=new.amount.currency,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        created_by=actor.person.id,
    )
    db.session.add(fund)
    db.session.flush()
    for activity in new.activities:
        add_activity(actor, fund, activity)
    ledger.step(
        actor, Step.FUND_CREATED, fund, fund=fund, amount=new.amount.minor, why=f"Budget of {new.name}"
    )
    audit.record(actor, "fund.created", fund, amount=new.amount.minor, currency=fund.currency)
    return fund


def add_activity(actor: Actor, fund: Fund, new: NewActivity) -> ActivityType:
    """Let a fund pay for one more kind of activity."""
    _vendor_money(actor)
    wrong = {}
    if not 1 <= new.rate <= 100:
        wrong["rate"] = "Give a share from 1 to 100 percent."
    if new.cap.minor <= 0 or new.cap.currency != fund.currency:
        wrong["cap"] = f"Give a limit above 0 in {fund.currency}."
    if db.session.scalars(
        scoped(actor.organisation, ActivityType).where(
            ActivityType.fund_id == fund.id, ActivityType.name == new.name
        )
    ).first():
        wrong["name"] = f"{fund.name} has “{new.name}” already."
    if wrong:
        raise Invalid("The activity can’t be added.", wrong)
    activity = ActivityType(
        vendor_id=fund.vendor_id,
        fund_id=fund.id,
        name=new.name,
        help=new.help,
        rate=new.rate,
        cap_minor=new.cap.minor,
        currency=new.cap.currency,
    )
    db.session.add(activity)
    db.session.flush()
    audit.record(actor, "fund.activity_added", activity, rate=new.rate, cap=new.cap.minor)
    return activity


def allocate(actor: Actor, fund: Fund, partner: Organisation, amount: Money, why: str = "") -> Allocation:
    """Give a partner a part of a fund. Raises Invalid over the fund's balance or without a partnership, TooLate after its end."""
    _vendor_money(actor)
    if amount.currency != fund.currency:
        raise Invalid(f"This fund is in {fund.currency}.", {"amount": f"This fund is in {fund.currency}."})
    if amount.minor <= 0:
        raise Invalid("Give an amount above 0.", {"amount": "Give an amount above 0."})
    if not _partnership(actor.organisation, partner):
        raise Invalid("Choose one of your partners.", {"partner": "Choose one of your partners."})
    if today(actor.organisation.timezone) > fund.ends_on:
        raise TooLate(f"{fund.name} ended on {fund.ends_on:%d %B %Y}.")
    ledger.lock(fund.id)
    row = Allocation(
        vendor_id=fund.vendor_id,
        partner_id=partner.id,
        fund_id=fund.id,
        amount_minor=amount.minor,
        currency=amount.currency,
        why=why,
        created_by=actor.person.id,
    )
    try:
        ledger.step(
            actor,
            Step.ALLOCATION_MADE,
            fund,
            fund=fund,
            partner_id=partner.id,
            amount=amount.minor,
            why=why or f"Given to {partner.name}",
        )
    except ledger.Overdrawn as error:
        text = f"{spoken(error.left)} is left in {fund.name}. Give that or less."
        raise Invalid(text, {"amount": text}) from error
    db.session.add(row)
    db.session.flush()
    audit.record(
        actor, "fund.allocated", row, amount=amount.minor, currency=amount.currency, partner_id=partner.id
    )
    return row


def _check(actor: Actor, new: NewFund) -> None:
    wrong = {}
    if new.amount.minor <= 0:
        wrong["amount"] = "Give an amount above 0."
    if new.ends_on < new.starts_on:
        wrong["ends_on"] = "The last day can’t be before the first."
    elif new.ends_on < today(actor.organisation.timezone):
        wrong["ends_on"] = "The last day has passed already."
    if not new.activities:
        wrong["activities"] = "Name at least one activity that this fund pays for."
    if wrong:
        raise Invalid("The fund can’t be made yet.", wrong)


def _vendor_money(actor: Actor) -> None:
    if not (actor.is_vendor and actor.may(MONEY)):
        raise NotYours()


def _partnership(vendor: Organisation, partner: Organisation) -> Partnership | None:
    return db.session.scalars(
        select(Partnership).where(  # unscoped: restricted to both sides below
            Partnership.vendor_id == vendor.id,
            Partnership.partner_id == partner.id,
            Partnership.status == PartnershipStatus.ACTIVE,
        )
    ).first()
