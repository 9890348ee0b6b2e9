"""Pages of leads and deals: the inbox, one lead, the board, one deal."""

from datetime import timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.attribution import credit
from app.clock import now
from app.flows import win as winning
from app.leads import answer, deals, queries
from app.leads import mails as lead_mails
from app.leads.forms import DealForm, HandOverForm, NoteForm
from app.leads.models import DealStatus, Lead, LeadStatus
from app.leads.timeline import timeline
from app.settings import current
from app.web import navigation
from app.web.csv import csv_response
from app.web.filters import money

bp = Blueprint("leads", __name__, url_prefix="/leads")
deals_bp = Blueprint("deals", __name__, url_prefix="/deals")
blueprints = [bp, deals_bp]
navigation.register_count("leads", lambda me: queries.waiting_for(me.organisation))


@bp.get("")
@member(vendor=ANYONE, partner=ANYONE)
def index() -> str:
    """All leads by clock; a vendor sees shared ones and the deals that wait for it."""
    me = actor()
    if me.is_vendor:
        return _vendor_index()
    rows = queries.leads(
        me.organisation, _status(), me.person.id if request.args.get("whose") == "mine" else None
    )
    first = rows[0].lead if rows else None
    return render_template(
        "leads/index.html", rows=rows, **_inbox(), **(_detail(first) if first else {"lead": None})
    )


def _vendor_index() -> str:
    me = actor()
    rows = queries.deals(me.organisation)
    waiting = [r for r in rows if r.deal.status is DealStatus.REGISTERED]
    return render_template(
        "leads/vendor.html",
        waiting=waiting,
        deals=rows,
        rows=queries.leads(me.organisation),
        counts=queries.lead_counts(me.organisation),
    )


@bp.get("/<pid>")
@member(vendor=ANYONE, partner=ANYONE)
def show(pid: str) -> str:
    """One lead with how it came about."""
    me = actor()
    lead = queries.lead_or_404(me.organisation, pid)
    if me.is_vendor:
        campaign = queries.campaign_names([lead.campaign_id]).get(lead.campaign_id, "")
        return render_template(
            "leads/shared.html",
            touches=timeline(lead),
            lead=lead,
            campaign=campaign,
            partner=queries.organisation(lead.partner_id),
        )
    rows = queries.leads(me.organisation, _status())
    return render_template("leads/index.html", rows=rows, is_detail=True, **_inbox(), **_detail(lead))


def _status() -> LeadStatus | None:
    try:
        return LeadStatus(request.args.get("state", ""))
    except ValueError:
        return None


def _inbox() -> dict[str, object]:
    me = actor()
    counts = queries.lead_counts(me.organisation)
    return {
        "counts": counts,
        "total": sum(counts.values()),
        "status": _status(),
        "answer_time": queries.answer_time(me.organisation),
    }


def _detail(lead: Lead, **forms: object) -> dict[str, object]:
    me = actor()
    hand_over = HandOverForm(data={"person": None})
    people = queries.colleagues(me.organisation)
    hand_over.person.choices = [(p.pid, p.name) for p in people]
    owner = next((p.name for p in people if p.id == lead.assigned_to), None)
    used = (now() - lead.created_at) / timedelta(hours=current().answer_hours)
    return {
        "lead": lead,
        "touches": timeline(lead),
        "notes": answer.notes(me, lead),
        "people": {p.id: p.name for p in people},
        "owner": owner,
        "vendor": queries.organisation(lead.vendor_id).name,
        "used": min(1.0, used),
        "campaign": queries.campaign_names([lead.campaign_id]).get(lead.campaign_id, ""),
        "consents": queries.consents_of(lead),
        "note_form": NoteForm(formdata=None),
        "hand_over": hand_over,
        **forms,
    }


@bp.post("/<pid>/accept")
@member(partner=EDITORS)
def accept(pid: str) -> BaseResponse:
    """Take a lead on."""
    lead = queries.lead_or_404(actor().organisation, pid)
    answer.accept(actor(), lead)
    flash(f"Accepted. {lead.name} is yours to call.")
    return _to(lead)


@bp.post("/<pid>/reject")
@member(partner=EDITORS)
def reject(pid: str) -> BaseResponse:
    """Turn a lead down."""
    lead = queries.lead_or_404(actor().organisation, pid)
    answer.reject(actor(), lead, request.form.get("reason", ""))
    flash("Rejected. You can take that back on the lead’s page.")
    return _to(lead)


@bp.post("/<pid>/reopen")
@member(partner=EDITORS)
def reopen(pid: str) -> BaseResponse:
    """Take a rejection back."""
    lead = queries.lead_or_404(actor().organisation, pid)
    answer.reopen(actor(), lead)
    flash("The lead is new again.")
    return _to(lead)


@bp.post("/<pid>/qualify")
@member(partner=EDITORS)
def qualify(pid: str) -> BaseResponse:
    """There is a real need."""
    lead = queries.lead_or_404(actor().organisation, pid)
    answer.qualify(actor(), lead)
    flash("Qualified. Register a deal to protect it.")
    return _to(lead)


@bp.post("/<pid>/hand-over")
@member(partner=EDITORS)
def hand_over(pid: str) -> BaseResponse:
    """Give a lead to a colleague."""
    lead = queries.lead_or_404(actor().organisation, pid)
    colleague = answer.hand_over(actor(), lead, request.form.get("person", ""))
    lead_mails.handed_over(actor(), lead, colleague)
    flash(f"{colleague.name} has it now, and was told by mail.")
    return _to(lead)


@bp.post("/<pid>/share")
@member(partner=EDITORS)
def share(pid: str) -> BaseResponse:
    """Let the vendor see a lead."""
    lead = queries.lead_or_404(actor().organisation, pid)
    answer.share(actor(), lead)
    flash("Shared.")
    return _to(lead)


@bp.post("/<pid>/note")
@member(partner=EDITORS)
def note(pid: str) -> BaseResponse:
    """Write down what was said."""
    lead = queries.lead_or_404(actor().organisation, pid)
    answer.note(actor(), lead, request.form.get("text", ""))
    flash("Noted.")
    return _to(lead)


@bp.get("/export.csv")
@member(vendor=ANYONE, partner=ANYONE)
def export() -> Response:
    """All leads that the organisation may see, as CSV."""
    head = ["name", "company", "email", "phone", "state", "campaign", "created", "answered"]
    rows = (
        [
            r.lead.name,
            r.lead.company,
            r.lead.email,
            r.lead.phone,
            r.lead.status,
            r.campaign,
            r.lead.created_at,
            r.lead.answered_at,
        ]
        for r in queries.leads(actor().organisation, limit=100_000)
    )
    return csv_response("leads.csv", head, rows)


@bp.route("/<pid>/deal", methods=["GET", "POST"])
@member(partner=EDITORS)
def register_deal(pid: str) -> BaseResponse | str | tuple[str, int]:
    """Register the deal that came of a lead."""
    me = actor()
    lead = queries.lead_or_404(me.organisation, pid)
    form = DealForm(account=lead.company or lead.name)
    form.amount.currency = me.organisation.currency
    if form.validate_on_submit():
        deal = deals.register(me, form.new_deal(), lead)
        lead_mails.registered(me, deal)
        flash("Registered. You will hear whether it is protected.")
        return redirect(url_for("deals.show", pid=deal.pid), 303)
    page = render_template(
        "leads/register.html", form=form, lead=lead, vendor=queries.organisation(lead.vendor_id).name
    )
    return (page, 422) if form.errors else page


def _to(lead: Lead) -> BaseResponse:
    return redirect(url_for("leads.show", pid=lead.pid), 303)


@deals_bp.get("", endpoint="index")
@member(partner=ANYONE)
def index_deals() -> str:
    """The board of open deals and the table of all."""
    rows = queries.deals(actor().organisation)
    open_rows = [r for r in rows if r.deal.status in (*queries.OPEN_DEALS, DealStatus.REGISTERED)]
    won = [r for r in rows if r.deal.status is DealStatus.WON]
    return render_template(
        "deals/index.html",
        rows=rows,
        columns=queries.board(rows),
        open_rows=open_rows,
        open_sums=queries.sum_of(open_rows),
        won_rows=won,
        won_sums=queries.sum_of(won),
        waiting=sum(1 for r in rows if r.deal.status is DealStatus.REGISTERED),
    )


@deals_bp.get("/<pid>", endpoint="show")
@member(vendor=ANYONE, partner=ANYONE)
def show_deal(pid: str) -> str:
    """One deal: where it came from, where it stands, what may be done."""
    me = actor()
    deal = queries.deal_or_404(me.organisation, pid)
    [row] = queries.deal_rows([deal])
    lead = queries.lead_of(deal)
    credited = [
        (line.campaign or "Unattributed", money((line.credit.amount_minor, deal.currency)))
        for line in credit.lines(deal)
    ]
    return render_template(
        "deals/show.html",
        row=row,
        deal=deal,
        lead=lead,
        touches=timeline(lead) if lead else [],
        credits=credited,
    )


@deals_bp.post("/<pid>/approve")
@member(vendor=EDITORS)
def approve(pid: str) -> BaseResponse:
    """The vendor protects the deal."""
    deal = queries.deal_or_404(actor().organisation, pid)
    deals.approve(actor(), deal)
    lead_mails.decided(actor(), deal)
    flash(f"Protected for {deals.PROTECTION.days} days. The partner was told.")
    return redirect(url_for("deals.show", pid=pid), 303)


@deals_bp.post("/<pid>/deny")
@member(vendor=EDITORS)
def deny(pid: str) -> BaseResponse:
    """The vendor does not protect the deal, and says why."""
    deal = queries.deal_or_404(actor().organisation, pid)
    deals.deny(actor(), deal, request.form.get("reason", ""))
    lead_mails.decided(actor(), deal)
    flash("Denied. The partner was told why.")
    return redirect(url_for("deals.show", pid=pid), 303)


@deals_bp.post("/<pid>/advance")
@member(partner=EDITORS)
def advance(pid: str) -> BaseResponse:
    """On to the next stage."""
    deal = queries.deal_or_404(actor().organisation, pid)
    deals.advance(actor(), deal)
    flash("Moved on.")
    return redirect(
        url_for("deals.index") if request.form.get("back") == "board" else url_for("deals.show", pid=pid), 303
    )


@deals_bp.post("/<pid>/won")
@member(partner=EDITORS)
def won(pid: str) -> BaseResponse:
    """The customer said yes."""
    deal = queries.deal_or_404(actor().organisation, pid)
    winning.win(actor(), deal)
    flash("Won. It counts in the campaign’s return from now on.")
    return redirect(url_for("deals.show", pid=pid), 303)


@deals_bp.post("/<pid>/lost")
@member(partner=EDITORS)
def lost(pid: str) -> BaseResponse:
    """The customer said no."""
    deal = queries.deal_or_404(actor().organisation, pid)
    deals.lose(actor(), deal, request.form.get("reason", ""))
    flash("Marked as lost.")
    return redirect(url_for("deals.show", pid=pid), 303)


@deals_bp.get("/export.csv", endpoint="export")
@member(partner=ANYONE)
def export_deals() -> Response:
    """All deals as CSV; amounts in minor units with their currency."""
    head = [
        "customer",
        "what",
        "state",
        "stage",
        "amount_minor",
        "currency",
        "campaign",
        "registered",
        "closed",
    ]
    rows = (
        [
            r.deal.account,
            r.deal.title,
            r.deal.status,
            r.deal.stage,
            r.deal.amount_minor,
            r.deal.currency,
            r.campaign,
            r.deal.registered_at,
            r.deal.closed_at,
        ]
        for r in queries.deals(actor().organisation)
    )
    return csv_response("deals.csv", head, rows)
