"""Another time for a campaign that is scheduled: it stays scheduled, and nothing else about it changes."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import EDITORS, actor, member
from app.campaigns import in_words, schedule
from app.campaigns.models import Campaign, CampaignStatus, Clock
from app.campaigns.queries import campaign_for
from app.campaigns.when_form import ANY, LATER, WhenForm
from app.errors import Invalid, Refused
from app.flows import check as checking
from app.flows import when
from app.web.boundary import discard

bp = Blueprint("times", __name__, url_prefix="/campaigns")

Answer = str | BaseResponse | tuple[str, int]


@bp.route("/<pid>/time", methods=["GET", "POST"])
@member(partner=EDITORS)
def change(pid: str) -> Answer:
    """Choose another time; while choosing, the page says who gets it when."""
    campaign = campaign_for(actor().organisation, pid)
    if campaign.status is not CampaignStatus.SCHEDULED:
        return redirect(url_for("results.show", pid=campaign.pid))
    form = WhenForm()
    form.prepare(campaign, fill=request.method == "GET")
    form.when.data = LATER
    if request.method == "GET":
        return _page(campaign, form)
    if request.form.get("then") == "show":
        if request.headers.get("HX-Request"):
            return render_template("delivery/_waves.html", lines=_lines(campaign, form))
        return _page(campaign, form)
    if not form.validate() or form.local is None:
        return _page(campaign, form), 422
    try:
        found = schedule.reschedule(
            actor(), campaign, form.local, form.zone.data, Clock(form.clock.data), form.window
        )
    except (Invalid, Refused) as error:
        discard()
        if isinstance(error, Invalid) and form.refuse(error.fields):
            return _page(campaign, form), 422
        return _page(campaign, form, error.message), 422
    note = found.note if campaign.clock is Clock.CAMPAIGN else ""
    flash(f"It goes out on {in_words.planned(campaign, actor().organisation.timezone)}. {note}".strip())
    return redirect(url_for("results.show", pid=campaign.pid))


def _lines(campaign: Campaign, form: WhenForm) -> list[str]:
    wish = when.wish(form)
    people = checking.check(actor(), campaign).people
    return when.plan_in_words(campaign, wish, people, actor().organisation.timezone) if wish else []


def _page(campaign: Campaign, form: WhenForm, problem: str = "") -> str:
    return render_template(
        "delivery/time.html",
        campaign=campaign,
        form=form,
        lines=_lines(campaign, form),
        planned=in_words.planned(campaign, actor().organisation.timezone),
        elsewhere=form.clock.data != Clock.CAMPAIGN or form.hours.data != ANY,
        problem=problem,
    )
