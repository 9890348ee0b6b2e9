"""Asking for money: alone, or as step 3 of a campaign, with the rules and the payable sum beside the form while it is typed."""

from datetime import date
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts.access import EDITORS, actor, member
from app.campaigns.models import Campaign
from app.clock import now, today
from app.db import get_or_404
from app.errors import Conflict, Invalid, NotFound
from app.mdf import ask as asking
from app.mdf import deadlines, present, queries, related, rules
from app.mdf.blueprint import bp
from app.mdf.forms import AskForm, ask_form, sure
from app.mdf.models import MdfRequest, RequestStatus
from app.mdf.queries import Offer
from app.money import Money
from app.web.boundary import discard

Answer = str | Response | tuple[str, int]


@bp.route("/funds/ask", methods=["GET", "POST"])
@member(partner=EDITORS)
def ask() -> Answer:
    """Ask for money for an activity outside the platform."""
    return _ask(None, None)


@bp.route("/campaigns/<pid>/money", methods=["GET", "POST"])
@member(partner=EDITORS)
def campaign_money(pid: str) -> Answer:
    """Step 3 of a campaign: money for what goes with it, or none."""
    campaign = get_or_404(actor().organisation, Campaign, pid)
    return _ask(campaign, None)


@bp.route("/funds/requests/<pid>/edit", methods=["GET", "POST"])
@member(partner=EDITORS)
def edit_request(pid: str) -> Answer:
    """Mend a request that was taken back, and ask again."""
    draft = get_or_404(actor().organisation, MdfRequest, pid)
    if draft.status is not RequestStatus.DRAFT:
        raise Conflict("Take the request back first, then change it.")
    campaign = related.campaign_of(draft)
    return _ask(campaign, draft)


@bp.post("/funds/ask/check")
@member(partner=EDITORS)
def ask_check() -> str:
    """What the plan as typed so far would bring: the rules and the payable sum, for the page to show beside it."""
    campaign = (
        get_or_404(actor().organisation, Campaign, request.args["campaign"])
        if request.args.get("campaign")
        else None
    )
    form, offers = _form(campaign, None)
    return render_template("mdf/_checked.html", fresh=True, **_facts(form, offers, campaign))


def _ask(campaign: Campaign | None, draft: MdfRequest | None) -> Answer:
    form, offers = _form(campaign, draft)
    status = 200
    if offers and form.is_submitted():
        if form.validate():
            try:
                made = asking.ask(actor(), _new(form, offers, campaign), draft)
            except Invalid as error:
                discard()
                if not form.refuse(error.fields):
                    raise
            else:
                flash(f"{made.number} is with {present.deciders(made.vendor_id)}.")
                return redirect(url_for("funds.request_page", pid=made.pid), 303)
        status = 422
    own = _of_campaign(campaign) if campaign else []
    page = render_template(
        "mdf/ask.html",
        form=form,
        offers=offers,
        draft=draft,
        own=own,
        links=_links(campaign),
        **_facts(form, offers, campaign),
    )
    return page, status


def _of_campaign(campaign: Campaign) -> list[Any]:
    """What was asked for this campaign already."""
    lines = [line for line in queries.lines(actor().organisation) if line.request.campaign_id == campaign.id]
    return [
        {
            "line": line,
            "state": present.status_of(line),
            "amount": present.amount_of(line),
            "holder": present.holder(line),
        }
        for line in lines
    ]


def _links(campaign: Campaign | None) -> dict[str, str | None]:
    """Addresses of the campaign's other steps, where their pages exist."""
    if campaign is None:
        return {}
    wanted = {"words": "campaigns.words", "audience": "campaigns.audience", "check": "launches.check"}
    known = current_app.view_functions
    links = {name: url_for(end, pid=campaign.pid) if end in known else None for name, end in wanted.items()}
    return links | {"campaigns": url_for("campaigns.index") if "campaigns.index" in known else None}


def _form(campaign: Campaign | None, draft: MdfRequest | None) -> tuple[AskForm, list[Offer]]:
    partner = actor().organisation
    offers = queries.offers(partner, today(partner.timezone), campaign.vendor_id if campaign else None)
    picked = next(
        (o for o in offers if o.activity.pid == request.form.get("activity")), offers[0] if offers else None
    )
    currency = picked.fund.currency if picked else partner.currency
    values = _values(campaign, draft, offers)
    form = ask_form(currency, [(offer.activity.pid, offer.activity.name) for offer in offers], data=values)
    return form, offers


def _values(campaign: Campaign | None, draft: MdfRequest | None, offers: list[Offer]) -> dict[str, Any]:
    if draft is not None:
        activity = related.activity_of(draft)
        fields = ("title", "supplier", "purpose", "starts_on", "ends_on", "shares_leads")
        money = {
            "cost": Money(draft.cost_minor, draft.currency),
            "asked": Money(draft.asked_minor, draft.currency),
        }
        return {"activity": activity.pid, **money, **{name: getattr(draft, name) for name in fields}}
    values: dict[str, Any] = {"activity": offers[0].activity.pid} if offers else {}
    if campaign is not None:
        values |= {"title": campaign.name, "shares_leads": campaign.shares_leads}
    return values


def _picked(form: AskForm, offers: list[Offer]) -> Offer | None:
    return next((offer for offer in offers if offer.activity.pid == form.activity.data), None)


def _new(form: AskForm, offers: list[Offer], campaign: Campaign | None) -> asking.NewRequest:
    offer = _picked(form, offers)
    if offer is None:
        raise NotFound(kind="ActivityType")
    cost = sure(form.cost.data)
    most = Money(rules.payable(offer.activity, cost.minor, offer.available).sum, offer.fund.currency)
    return asking.NewRequest(
        activity=offer.activity,
        title=form.title.data or "",
        purpose=form.purpose.data or "",
        supplier=form.supplier.data or "",
        cost=cost,
        asked=form.asked.data or most,
        starts_on=sure(form.starts_on.data),
        ends_on=sure(form.ends_on.data),
        shares_leads=bool(form.shares_leads.data),
        campaign=campaign,
    )


def _facts(form: AskForm, offers: list[Offer], campaign: Campaign | None) -> dict[str, Any]:
    """What the page says about the plan as far as it is typed."""
    offer = _picked(form, offers) or (offers[0] if offers else None)
    vendor = offer.vendor if offer else (related.vendor_of(campaign) if campaign else None)
    zone = vendor.timezone if vendor else actor().organisation.timezone
    until = deadlines.add_working_days(today(zone), deadlines.ANSWER_REQUEST)
    cost = form.cost.data if isinstance(form.cost.data, Money) else None
    sums = rules.payable(offer.activity, cost.minor if cost else 0, offer.available) if offer else None
    asked = (
        form.asked.data
        if isinstance(form.asked.data, Money)
        else (Money(sums.sum, sums.currency) if sums and cost else None)
    )
    starts, ends = _date(form.starts_on.data), _date(form.ends_on.data)
    plan = rules.Plan(
        offer.activity if offer else None,
        offer.fund if offer else None,
        cost,
        asked,
        starts,
        ends,
        bool(form.shares_leads.data),
        campaign,
    )
    checks = rules.of_plan(plan, vendor.name if vendor else "the vendor", today(zone), until)
    due = (
        deadlines.add_working_days(ends + deadlines.CLAIM_WITHIN, deadlines.ANSWER_CLAIM + deadlines.PAY)
        if ends
        else None
    )
    wanted = min(asked.minor, sums.sum) if sums and asked else 0
    return {
        "campaign": campaign,
        "vendor": vendor,
        "offer": offer,
        "sums": sums,
        "payable": Money(wanted, sums.currency) if sums else None,
        "checks": checks,
        "tally": rules.tally(checks),
        "until": until,
        "deciders": present.deciders(vendor.id) if vendor else "",
        "pay_by": due,
        "claim_by": ends + deadlines.CLAIM_WITHIN if ends else None,
        "checked_at": now(),
    }


def _date(value: object) -> date | None:
    return value if isinstance(value, date) else None
