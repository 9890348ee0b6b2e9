"""A campaign that runs or ran: its progress, its results from mail to money, and its messages one by one.

A vendor sees the counts; the people, and everything that can be done, are the partner's.
"""

from collections.abc import Iterator

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.attribution import returns
from app.campaigns import in_words
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.queries import campaign_for
from app.campaigns.tabs import tabs
from app.campaigns.zones import Window
from app.clock import now
from app.db import db, get_or_404
from app.delivery import control, progress, queries, seed_copies, ses_views
from app.delivery import history as journal
from app.delivery.control import Knows
from app.delivery.forms import ResendForm
from app.delivery.returned import queries as returned
from app.errors import AppError, NotFound
from app.flows import sequence_page
from app.flows.results import funnel
from app.kits.queries import kit_by_id, version_by_id
from app.landing.queries import held
from app.tracking.chart import hours_chart
from app.tracking.queries import clicks_by_hour
from app.web.csv import csv_response
from app.web.paging import wanted

bp = Blueprint("results", __name__, url_prefix="/campaigns")
blueprints = [bp, ses_views.bp]

Answer = str | BaseResponse | tuple[str, int]
_S = CampaignStatus
_SHOWN = frozenset({_S.SCHEDULED, _S.LAUNCHING, _S.SENDING, _S.PAUSED, _S.FINISHED, _S.CANCELLED})
_MOVING = frozenset({_S.LAUNCHING, _S.SENDING})


def _campaign(pid: str) -> Campaign:
    """The campaign once it is past its launch. Raises NotFound, also for a vendor's look at a partner's draft."""
    campaign = campaign_for(actor().organisation, pid)
    if campaign.status not in _SHOWN and actor().is_vendor:
        raise NotFound(kind="Campaign")
    return campaign


@bp.get("/<pid>")
@member(vendor=ANYONE, partner=ANYONE)
def show(pid: str) -> Answer:
    """How it goes, or went. A draft has no results: its words are the place to be."""
    campaign = _campaign(pid)
    if campaign.status not in _SHOWN or (
        campaign.status is _S.CANCELLED and campaign.launched_at is None and actor().is_partner
    ):
        return redirect(url_for("campaigns.words", pid=campaign.pid))
    stand = progress.of(campaign)
    hours = clicks_by_hour(campaign)
    return render_template(
        "campaigns/show.html",
        **_frame(campaign, "Results"),
        **_live(campaign, stand),
        funnel=funnel(campaign),
        sequence=sequence_page.steps(campaign),
        returned=returns.by_campaign(actor().organisation, campaign.id),
        chart=hours_chart(hours, actor().organisation.timezone),
        uncertain=queries.uncertain(actor().organisation, campaign, limit=3) if actor().is_partner else [],
        held=held(actor().organisation, campaign) if actor().is_partner else [],
        copies=seed_copies.copies_of(actor().organisation, campaign),
    )


@bp.get("/<pid>/live")
@member(vendor=ANYONE, partner=ANYONE)
def live(pid: str) -> Answer:
    """The part of the page that moves; when it begins or stops moving, the page is asked to load anew."""
    campaign = _campaign(pid)
    stand = progress.of(campaign)
    still_between = campaign.status is _S.SENDING and stand.between
    if campaign.status is _S.SCHEDULED or (still_between and "waiting" in request.args):
        return Response(status=204)
    response = make_response(
        render_template("delivery/_live.html", campaign=campaign, **_live(campaign, stand))
    )
    if campaign.status not in _MOVING or stand.between or "waiting" in request.args:
        response.headers["HX-Refresh"] = "true"
    return response


@bp.get("/<pid>/messages")
@member(partner=ANYONE)
def messages(pid: str) -> Answer:
    """Every message with what became of it."""
    campaign = _campaign(pid)
    group = queries.group_of(request.args.get("state", ""))
    partner = actor().organisation
    return render_template(
        "delivery/messages.html",
        **_frame(campaign, "Messages"),
        page=queries.messages(partner, campaign, group, wanted(request.args.get("page"))),
        groups=queries.GROUPS,
        group=group,
        stand=progress.of(campaign),
        came=returned.of_campaign(campaign),
        refusals=queries.refusals(partner, campaign) if group and group.key == "refused" else [],
    )


@bp.get("/<pid>/messages.csv")
@member(partner=ANYONE)
def export(pid: str) -> Response:
    """The messages for a spreadsheet."""
    campaign = _campaign(pid)
    group = queries.group_of(request.args.get("state", ""))
    head = ("email", "name", "company", "subject", "state", "reason", "server", "sent", "decided")
    return csv_response(f"messages-{campaign.pid}.csv", head, _export(campaign, group))


def _export(campaign: Campaign, group: queries.Group | None) -> Iterator[tuple[object, ...]]:
    for m in queries.all_messages(actor().organisation, campaign, group):
        row = m.delivery
        yield (
            m.email,
            m.name,
            m.company,
            m.subject,
            row.state,
            row.reason,
            row.reply,
            row.committed_at,
            row.decided_at,
        )


@bp.get("/<pid>/uncertain")
@member(partner=ANYONE)
def uncertain(pid: str) -> Answer:
    """The messages that may have arrived or not, each with its reason."""
    return _uncertain(_campaign(pid))


def _uncertain(campaign: Campaign, problem: str = "") -> str:
    return render_template(
        "delivery/uncertain.html",
        **_frame(campaign, "Messages"),
        messages=queries.uncertain(actor().organisation, campaign),
        stand=progress.of(campaign),
        form=ResendForm(),
        problem=problem,
        asked=request.args.get("message", ""),
    )


@bp.post("/<pid>/uncertain/<delivery>")
@member(partner=EDITORS)
def resend(pid: str, delivery: str) -> Answer:
    """Send one of them again, in the name of whoever is signed in."""
    campaign = _campaign(pid)
    message = queries.message_for(actor().organisation, campaign, delivery)
    form = ResendForm()
    if not form.validate_on_submit():
        return _uncertain(campaign, "Say how you know that it should go out again."), 422
    try:
        control.resend(actor(), message.delivery, Knows(form.knows.data))
    except AppError as error:
        return _uncertain(campaign, error.message), 409
    flash(f"It goes out again to {message.name}, as {actor().person.name}.")
    return redirect(url_for("results.uncertain", pid=campaign.pid))


@bp.get("/<pid>/history")
@member(partner=ANYONE)
def history(pid: str) -> Answer:
    """Who did what."""
    campaign = _campaign(pid)
    lines = journal.history(actor().organisation, campaign)
    return render_template("delivery/history.html", **_frame(campaign, "History"), lines=lines)


_ACTIONS = {
    "pause": (control.pause, "Paused. What is on its way now still arrives; the rest waits."),
    "resume": (control.resume, "It goes on where it stopped."),
    "cancel": (control.cancel, "Cancelled. Nobody else gets it."),
    "unschedule": (control.unschedule, "Taken back. Nothing is sent before you launch it again."),
}


@bp.post("/<pid>/<any(pause, resume, cancel, unschedule):action>")
@member(partner=EDITORS)
def act(pid: str, action: str) -> Answer:
    """Pause it, let it go on, end it, or take a launch back before its time."""
    campaign = get_or_404(actor().organisation, Campaign, pid)
    operation, said = _ACTIONS[action]
    try:
        operation(actor(), campaign)
    except AppError as error:
        db.session.rollback()
        flash(error.message, "error")
        return redirect(url_for("results.show", pid=pid))
    flash(said)
    return redirect(url_for("launches.check" if action == "unschedule" else "results.show", pid=pid))


def _frame(campaign: Campaign, tab: str) -> dict[str, object]:
    version = version_by_id(campaign.kit_version_id)
    return {
        "campaign": campaign,
        "version": version,
        "kit": kit_by_id(version.kit_id),
        "tabs": tabs(campaign),
        "tab": tab,
    }


def _live(campaign: Campaign, stand: progress.Progress) -> dict[str, object]:
    reader, window = actor().organisation.timezone, Window.from_json(campaign.send_window)
    refusals = (
        queries.refusals(actor().organisation, campaign)[:2] if actor().is_partner and stand.refused else []
    )
    due = campaign.scheduled_at is not None and campaign.scheduled_at <= now()
    return {
        "stand": stand,
        "came": returned.of_campaign(campaign),
        "moving": campaign.status in _MOVING and not stand.between,
        "planned": in_words.planned(campaign, reader),
        "begins": in_words.at(campaign.scheduled_at, reader, reader) if campaign.scheduled_at else "",
        "hours": in_words.hours(window) if window else "",
        "waits": in_words.soon(stand.waits_until, campaign.timezone) if stand.waits_until else "",
        "due": due,
        "refusals": refusals,
    }
