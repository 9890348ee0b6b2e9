"""The vendor's funds: making one, saying what it pays for, and giving partners their part."""

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.accounts.access import ANYONE, MONEY, actor, member
from app.clock import today
from app.db import db, get_or_404
from app.errors import Invalid
from app.mdf import balances, give, queries, statement
from app.mdf.blueprint import bp
from app.mdf.forms import ActivityForm, FundForm, GiveForm, activity_form, fund_form, give_form, sure
from app.mdf.models import Fund

Answer = str | Response | tuple[str, int]


@bp.route("/funds/new", methods=["GET", "POST"])
@member(vendor=MONEY)
def new_fund() -> Answer:
    """Make a fund with its budget and its first activity."""
    form = fund_form(actor().organisation.currency)
    status = 200
    if form.is_submitted():
        if form.validate():
            try:
                with db.session.begin_nested():
                    fund = give.create_fund(actor(), _new_fund(form))
            except Invalid as error:
                if not form.refuse(error.fields):
                    raise
            else:
                flash(f"{fund.name} is open. Give your partners their part of it.")
                return redirect(url_for("funds.fund_page", pid=fund.pid), 303)
        status = 422
    return render_template("mdf/fund_form.html", form=form), status


def _new_fund(form: FundForm) -> give.NewFund:
    activity = give.NewActivity(
        form.name.data or "", form.help.data or "", form.rate.data or 0, sure(form.cap.data)
    )
    return give.NewFund(
        form.title.data or "",
        sure(form.amount.data),
        sure(form.starts_on.data),
        sure(form.ends_on.data),
        (activity,),
    )


@bp.get("/funds/<pid>")
@member(vendor=ANYONE)
def fund_page(pid: str) -> str:
    """One fund: what it pays for, who was given what, and what happened."""
    return _fund_page(get_or_404(actor().organisation, Fund, pid))


def _fund_page(fund: Fund, activity: ActivityForm | None = None, gift: GiveForm | None = None) -> str:
    partners, own = balances.fund_balances(fund)
    return render_template(
        "mdf/fund.html",
        fund=fund,
        partners=partners,
        own=own,
        activities=queries.activities(fund),
        given=balances.given(fund),
        ledger=statement.ledger_lines(actor().organisation, fund_id=fund.id, limit=20),
        activity_form=activity or activity_form(fund.currency),
        give_form=gift
        or give_form(fund.currency, [(p.pid, p.name) for p in queries.partners(actor().organisation)]),
        ended=today(actor().organisation.timezone) > fund.ends_on,
    )


@bp.post("/funds/<pid>/activities")
@member(vendor=MONEY)
def add_activity(pid: str) -> Answer:
    """Let the fund pay for one more kind of activity."""
    fund = get_or_404(actor().organisation, Fund, pid)
    form = activity_form(fund.currency)
    if form.validate_on_submit():
        try:
            give.add_activity(
                actor(),
                fund,
                give.NewActivity(
                    form.name.data or "", form.help.data or "", form.rate.data or 0, sure(form.cap.data)
                ),
            )
        except Invalid as error:
            if not form.refuse(error.fields):
                raise
        else:
            flash(f"{fund.name} pays for {form.name.data} now.")
            return redirect(url_for("funds.fund_page", pid=pid), 303)
    return _fund_page(fund, activity=form), 422


@bp.post("/funds/<pid>/give")
@member(vendor=MONEY)
def give_money(pid: str) -> Answer:
    """Give a partner a part of the fund."""
    fund = get_or_404(actor().organisation, Fund, pid)
    partners = {partner.pid: partner for partner in queries.partners(actor().organisation)}
    form = give_form(fund.currency, [(p.pid, p.name) for p in partners.values()])
    if form.validate_on_submit():
        partner = partners[form.partner.data]
        try:
            with db.session.begin_nested():
                give.allocate(actor(), fund, partner, sure(form.amount.data), form.why.data or "")
        except Invalid as error:
            if not form.refuse(error.fields):
                raise
        else:
            flash(f"{partner.name} can ask for it at once.")
            return redirect(url_for("funds.fund_page", pid=pid), 303)
    return _fund_page(fund, gift=form), 422
