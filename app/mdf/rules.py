"""What may be paid, and why: the rules of a plan and of a claim, each met, still to come, or broken, with its fact and its mend.

The same rules stand beside the form while it is typed, before launch, and before the vendor who decides.
"""

from dataclasses import dataclass
from datetime import date

from app.campaigns.models import Campaign
from app.mdf.deadlines import CLAIM_WITHIN
from app.mdf.models import ActivityType, Claim, Fund, MdfRequest
from app.money import Money
from app.web.filters import day
from app.web.filters import money as spoken

MET, LATER, BROKEN = "met", "open", "broken"


@dataclass(frozen=True)
class Check:
    """One rule: `state` is met, open (still to come) or broken; `fact` says by what."""

    state: str
    title: str
    fact: str


@dataclass(frozen=True)
class Plan:
    """What a partner means to do, as far as it is typed: None where nothing is there yet."""

    activity: ActivityType | None
    fund: Fund | None
    cost: Money | None
    asked: Money | None
    starts_on: date | None
    ends_on: date | None
    shares_leads: bool
    campaign: Campaign | None = None


@dataclass(frozen=True)
class Payable:
    """How the payable sum comes about, in minor units of one currency."""

    currency: str
    cost: int
    rate: int
    by_rate: int
    cap: int
    available: int

    @property
    def sum(self) -> int:
        """The least of share, limit and balance."""
        return max(0, min(self.by_rate, self.cap, self.available))

    @property
    def left(self) -> int:
        """What stays available after this."""
        return self.available - self.sum


def payable(activity: ActivityType, cost: int, available: int) -> Payable:
    """What an activity of this cost is paid, rounded down to a whole minor unit."""
    return Payable(
        activity.currency, cost, activity.rate, cost * activity.rate // 100, activity.cap_minor, available
    )


def of_plan(plan: Plan, vendor: str, today: date, answer_until: date) -> list[Check]:
    """The rules of a plan, before anything is spent. `answer_until` is the vendor's promise for an answer given today."""
    return [
        _dates(plan),
        _share(plan, vendor),
        Check(MET, f"Leads shared with {vendor}", "You accept it above.")
        if plan.shares_leads
        else Check(LATER, f"Leads shared with {vendor}", "Part of the deal for money. Tick the box above."),
        _not_started(plan, today, vendor, answer_until),
        Check(
            LATER,
            "An invoice",
            f"Added afterwards, by {day(plan.ends_on + CLAIM_WITHIN)}."
            if plan.ends_on
            else "Added afterwards, within 30 days of the end.",
        ),
    ]


def _dates(plan: Plan) -> Check:
    title = "Inside the fund’s dates"
    if plan.fund is None or plan.starts_on is None or plan.ends_on is None:
        return Check(LATER, title, "Say what you do, and from when to when.")
    span = f"{plan.fund.name} runs from {day(plan.fund.starts_on)} to {day(plan.fund.ends_on)}"
    if plan.ends_on < plan.starts_on:
        return Check(BROKEN, title, "The end can’t be before the start.")
    if plan.starts_on < plan.fund.starts_on or plan.ends_on > plan.fund.ends_on:
        return Check(BROKEN, title, f"{span}. Choose days within it.")
    return Check(MET, title, f"{span}.")


def _share(plan: Plan, vendor: str) -> Check:
    title = f"Within {vendor}’s share and limit"
    if plan.activity is None or plan.cost is None or plan.asked is None:
        return Check(LATER, title, "Say what it costs and what you ask for.")
    sums = payable(plan.activity, plan.cost.minor, plan.asked.minor)
    most = Money(min(sums.by_rate, sums.cap), sums.currency)
    if plan.asked.minor > most.minor:
        return Check(
            BROKEN,
            title,
            f"{plan.activity.rate} % of the cost, up to {spoken(Money(sums.cap, sums.currency))}: ask for {spoken(most)} or less.",
        )
    return Check(
        MET,
        title,
        f"{plan.activity.rate} % of {spoken(plan.cost)}, up to {spoken(Money(sums.cap, sums.currency))}.",
    )


def _not_started(plan: Plan, today: date, vendor: str, answer_until: date) -> Check:
    title = "Approved before it starts"
    if plan.starts_on and plan.starts_on < today:
        return Check(BROKEN, title, "The start has passed. What is spent before the yes is not paid.")
    return Check(
        LATER, title, f"{vendor} answers by {day(answer_until)}. What is spent before the yes is not paid."
    )


def of_claim(request: MdfRequest, claim: Claim, others: int, vendor: str) -> list[Check]:
    """The rules of a claim, from its request, its invoice and its packet. `others` is how many other claims were compared."""
    return [
        _approved_first(request, claim),
        _invoice(claim, others),
        _inside(request, claim),
        _within(request, claim),
        *_ran(claim),
        _leads(request, claim, vendor),
    ]


def _approved_first(request: MdfRequest, claim: Claim) -> Check:
    title = "Nothing spent before the approval"
    if request.decided_at is None:
        return Check(BROKEN, title, "The request was never approved.")
    approved = day(request.decided_at)
    if claim.invoice_on < request.decided_at.date():
        return Check(BROKEN, title, f"Approved {approved}; the invoice is of {day(claim.invoice_on)}.")
    return Check(MET, title, f"Approved {approved}; the invoice is of {day(claim.invoice_on)}.")


def _invoice(claim: Claim, others: int) -> Check:
    compared = (
        f"its number is in none of {others:,} other claims" if others > 1 else "no other claim has its number"
    )
    where = "" if claim.invoice_asset_id else " No file is attached."
    return Check(
        MET,
        "Invoice complete, and used only once",
        f"{claim.invoice_number}, {day(claim.invoice_on)}; {compared}.{where}",
    )


def _inside(request: MdfRequest, claim: Claim) -> Check:
    title = "Claimed in time"
    fact = f"Agreed {day(request.starts_on)} to {day(request.ends_on)}; claimed {day(claim.submitted_at)}, due {day(request.claim_by)}."
    late = request.claim_by is not None and claim.submitted_at.date() > request.claim_by
    return Check(BROKEN if late else MET, title, fact)


def _within(request: MdfRequest, claim: Claim) -> Check:
    title = f"{request.rate} % of the invoice, within what was approved"
    invoice, amount = Money(claim.invoice_minor, claim.currency), Money(claim.amount_minor, claim.currency)
    fact = f"{request.rate} % of {spoken(invoice)}; approved {spoken(Money(request.approved_minor or 0, claim.currency))}; claimed {spoken(amount)}."
    return Check(
        MET if claim.amount_minor <= claim.invoice_minor * request.rate // 100 else BROKEN, title, fact
    )


def _ran(claim: Claim) -> list[Check]:
    facts = claim.packet.get("deliveries") if claim.packet.get("campaign") else None
    if facts is None:
        return []
    accepted = int(facts.get("accepted", 0))
    text = f"{accepted:,} messages accepted by the people’s mail servers."
    return [Check(MET if accepted else BROKEN, "The campaign ran", text)]


def _leads(request: MdfRequest, claim: Claim, vendor: str) -> Check:
    title = f"Leads shared with {vendor}"
    leads = claim.packet.get("leads")
    if not leads:
        return Check(
            MET if request.shares_leads else BROKEN,
            title,
            "Agreed with the request." if request.shares_leads else "Not agreed with the request.",
        )
    shared, total = int(leads["shared"]), int(leads["total"])
    return Check(MET if shared == total else BROKEN, title, f"{shared:,} of {total:,}.")


def tally(checks: list[Check]) -> str:
    """`4 of 7 rules met, 3 come later`, as a heading."""
    met = sum(check.state == MET for check in checks)
    later = sum(check.state == LATER for check in checks)
    broken = len(checks) - met - later
    parts = [f"{met} of {len(checks)} rules met"]
    if later:
        parts.append(f"{later} come{'s' if later == 1 else ''} later")
    if broken:
        parts.append(f"{broken} {'is' if broken == 1 else 'are'} broken")
    return ", ".join(parts)
