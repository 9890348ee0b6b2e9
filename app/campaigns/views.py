"""A partner's campaigns: the list, who gets one, and what may be done with a draft; and the frames of previews.

Money and launch are steps of later rooms; their pages are linked where they are registered.
"""

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member, public
from app.audience.consent import BASIS_WORDS
from app.audience.lists import lists_of
from app.audience.mailable import count as count_mailable
from app.audience.preferences import topics_of
from app.campaigns import audience as people
from app.campaigns import editor_views, make, preview, review_views, schedule, words
from app.campaigns.blueprint import bp
from app.campaigns.chosen import chosen, is_chosen
from app.campaigns.forms import NameForm
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.queries import ENDED, RUNNING, Row, campaign_for, campaigns_of, vendor_of
from app.campaigns.steps import address, steps
from app.campaigns.words import OPEN
from app.errors import Invalid
from app.flows import choice_views, copy_views, piece_views, precheck_views, trial_views
from app.flows.campaign_figures import figures, together
from app.flows.check import mail_of
from app.flows.whom import drawn, segments_in_words, words_of
from app.kits.queries import version_for
from app.render.errors import RenderError
from app.tokens import BadToken
from app.web import hosts
from app.web.security import framed_mail

previews = hosts.public(Blueprint("previews", __name__, url_prefix="/preview"))
blueprints = [
    bp,
    previews,
    *trial_views.blueprints,
    *copy_views.blueprints,
    *choice_views.blueprints,
    *precheck_views.blueprints,
    *piece_views.blueprints,
    *review_views.blueprints,
]

Answer = str | BaseResponse | tuple[str, int]


@bp.get("")
@member(partner=ANYONE)
def index() -> Answer:
    """All campaigns with what they have come to."""
    partner = actor().organisation
    rows = campaigns_of(partner)
    parts = {
        "running": [row for row in rows if row.campaign.status in RUNNING],
        "drafts": [row for row in rows if row.campaign.status not in RUNNING | ENDED],
        "ended": [row for row in rows if row.campaign.status in ENDED],
    }
    asked = request.args.get("show", "")
    shown = parts.get(asked, rows)
    known = figures(partner)
    return render_template(
        "campaigns/index.html", rows=shown, total=len(rows), parts=parts, asked=asked if asked in parts else "", figures=known,
        together=together([known[row.campaign.id] for row in shown]), next_steps={row.campaign.id: _next(row) for row in shown},
    )  # fmt: skip


def _next(row: Row) -> tuple[str, str | None, str]:
    """What one may do with a campaign, where, and the page that is about it."""
    campaign = row.campaign
    words_page = url_for("campaigns.words", pid=campaign.pid)
    home = address(campaign, "results.show") if campaign.launched_at else None
    return (*_step(row), home or words_page)


def _step(row: Row) -> tuple[str, str | None]:
    campaign = row.campaign
    match campaign.status:
        case CampaignStatus.DRAFT | CampaignStatus.CHANGES_REQUESTED:
            if words.missing_slots(campaign, row.source):
                return "Fill in your words", url_for("campaigns.words", pid=campaign.pid)
            if not is_chosen(campaign):
                return "Choose who gets it", url_for("campaigns.audience", pid=campaign.pid)
            if campaign.status is CampaignStatus.CHANGES_REQUESTED:
                return "Answer the review", url_for("reviews.mine", campaign=campaign.pid)
            return "Check and launch", address(campaign, "launches.check")
        case CampaignStatus.IN_REVIEW:
            return "See the review", url_for("reviews.mine", campaign=campaign.pid)
        case CampaignStatus.APPROVED:
            return "Launch", address(campaign, "launches.check")
        case CampaignStatus.CANCELLED:
            return "Nothing", None
        case _:
            return "Look at it", address(campaign, "results.show")


@bp.post("")
@member(partner=EDITORS)
def create() -> Answer:
    """Make a kit one's own."""
    version = version_for(actor().organisation, request.form.get("version", ""))
    campaign = make.create(actor(), version, request.form.get("name", ""))
    flash(f"“{campaign.name}” is yours. Nothing is sent before you launch it.")
    return redirect(url_for("campaigns.words", pid=campaign.pid))


@bp.get("/<pid>/audience")
@member(partner=ANYONE)
def audience(pid: str) -> Answer:
    """Step 2: the lists, and how the count comes about."""
    return _audience_page(campaign_for(actor().organisation, pid))


@bp.post("/<pid>/audience")
@member(partner=EDITORS)
def save_audience(pid: str) -> Answer:
    """Take a list. While choosing (htmx) the count comes back; the button leads on to money."""
    campaign = campaign_for(actor().organisation, pid)
    try:
        people.choose(actor(), campaign, request.form.get("list", ""))
    except Invalid as error:
        return _audience_page(campaign, error.fields.get("list")), 422
    if request.headers.get("HX-Request"):
        return render_template("campaigns/_counted.html", **_audience(campaign))
    if request.form.get("then") == "next":
        return redirect(
            address(campaign, "funds.campaign_money")
            or address(campaign, "launches.check")
            or url_for("campaigns.index")
        )
    return redirect(url_for("campaigns.audience", pid=campaign.pid))


def _audience_page(campaign: Campaign, error: str | None = None) -> str:
    partner = actor().organisation
    return render_template(
        "campaigns/audience.html",
        steps=steps(campaign),
        lists=lists_of(partner),
        segments=segments_in_words(partner),
        error=error,
        **_audience(campaign),
    )


def _audience(campaign: Campaign) -> dict[str, object]:
    partner = actor().organisation
    found = chosen(partner, campaign)
    mail = mail_of(campaign)
    counted = count_mailable(partner, mail, found.people) if found else None
    return {
        "campaign": campaign,
        "vendor": vendor_of(campaign),
        "chosen": found,
        "chosen_words": words_of(partner, found) if found else "",
        "counted": counted,
        "drawn": drawn(partner, mail, found.people, counted) if found and counted else [],
        "basis_words": BASIS_WORDS,
        "open": campaign.status in words.OPEN and actor().may_edit,
        "next_is_money": address(campaign, "funds.campaign_money") is not None,
    }


@bp.route("/<pid>/name", methods=["GET", "POST"])
@member(partner=EDITORS)
def rename(pid: str) -> Answer:
    """Give it another name."""
    campaign = campaign_for(actor().organisation, pid)
    topics = topics_of(actor().organisation)
    current = next((topic.pid for topic in topics if topic.id == campaign.topic_id), "")
    form = NameForm(obj=campaign, topic=current)
    form.offer(topics)
    is_open = campaign.status in OPEN
    if form.validate_on_submit():
        try:
            make.rename(actor(), campaign, form.name.data or "")
            if topics and is_open:
                make.set_topic(actor(), campaign, form.topic.data or "")
        except Invalid as error:
            form.refuse(error.fields)
        else:
            flash("Saved.")
            return redirect(url_for("campaigns.words", pid=campaign.pid))
    return render_template(
        "campaigns/name.html", form=form, campaign=campaign, topics=topics if is_open else []
    ), 422 if request.method == "POST" else 200


@bp.post("/<pid>/copy")
@member(partner=EDITORS)
def copy(pid: str) -> Answer:
    """Start another one with the same words."""
    made = make.copy(actor(), campaign_for(actor().organisation, pid))
    flash(f"“{made.name}” is a draft with the same words.")
    return redirect(url_for("campaigns.words", pid=made.pid))


@bp.post("/<pid>/delete")
@member(partner=EDITORS)
def delete(pid: str) -> Answer:
    """Remove a draft."""
    campaign = campaign_for(actor().organisation, pid)
    make.delete(actor(), campaign)
    flash(f"“{campaign.name}” is deleted.")
    return redirect(url_for("campaigns.index"))


@bp.post("/<pid>/give-up")
@member(partner=EDITORS)
def cancel(pid: str) -> Answer:
    """Give it up before anything is sent."""
    campaign = campaign_for(actor().organisation, pid)
    make.cancel(actor(), campaign)
    flash(f"“{campaign.name}” is cancelled. Nothing was sent.")
    return redirect(url_for("campaigns.index"))


@bp.post("/<pid>/reopen")
@member(partner=EDITORS)
def reopen(pid: str) -> Answer:
    """Take it back to draft, to change it."""
    campaign = campaign_for(actor().organisation, pid)
    schedule.reopen(actor(), campaign)
    flash("It is a draft again. Nothing goes out until you launch it.")
    return redirect(url_for("campaigns.words", pid=campaign.pid))


@previews.get("/<token>")
@public
def piece(token: str) -> BaseResponse:
    """A piece in its frame, without script and without session."""
    try:
        response = make_response(preview.show(token))
    except RenderError as error:
        response = make_response(render_template("campaigns/preview_failed.html", failure=error.message), 422)
    except BadToken:
        text = "This preview has ended: it lasts an hour. Load the page again."
        response = make_response(render_template("campaigns/preview_failed.html", failure=text), 404)
    framed = framed_mail(response)
    framed.headers["Content-Security-Policy"] = framed.headers["Content-Security-Policy"].replace(
        "style-src ", "style-src 'self' ", 1
    )
    return framed


@previews.get("/<token>/colors.css")
@public
def colors(token: str) -> BaseResponse:
    """The partner's colours on a page that is previewed."""
    return Response(preview.stylesheet(token), mimetype="text/css")


__all__ = ["blueprints", "editor_views"]
