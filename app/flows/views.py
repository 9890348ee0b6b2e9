"""Step 4: check and launch. The page says to how many people; the launch takes place only for that very number."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.accounts.models import Organisation
from app.campaigns import in_words, schedule
from app.campaigns.models import Campaign, CampaignStatus, Clock
from app.campaigns.queries import campaign_for
from app.campaigns.steps import steps
from app.campaigns.when_form import ANY
from app.campaigns.zones import Window
from app.clock import local, now
from app.delivery import warmup
from app.delivery.forms import LaunchForm
from app.errors import Conflict, Invalid, Refused
from app.flows import check as checking
from app.flows import collisions, left_out_views, person_views, precheck, time_views, when
from app.flows.launch import CountChanged
from app.flows.launch import launch as launch_campaign
from app.flows.mail_rules import mail_rules
from app.kits.step_words import whom
from app.programs.queries import manager_of
from app.settings import current
from app.web.boundary import discard
from app.web.filters import count

bp = Blueprint("launches", __name__, url_prefix="/campaigns")
blueprints = [bp, time_views.bp, left_out_views.bp, person_views.bp]

Answer = str | BaseResponse | tuple[str, int]
_BEFORE = (
    CampaignStatus.DRAFT,
    CampaignStatus.CHANGES_REQUESTED,
    CampaignStatus.IN_REVIEW,
    CampaignStatus.APPROVED,
)


@bp.get("/<pid>/launch")
@member(partner=ANYONE)
def check(pid: str) -> Answer:
    """All that one wants to know before a launch."""
    campaign = campaign_for(actor().organisation, pid)
    if campaign.status not in _BEFORE:
        return redirect(url_for("results.show", pid=campaign.pid))
    return _page(campaign, _form(campaign))


@bp.post("/<pid>/launch")
@member(partner=EDITORS)
def launch(pid: str) -> Answer:
    """Launch to the number of people that the page said; or only say who would get it when."""
    campaign = campaign_for(actor().organisation, pid)
    if campaign.status not in _BEFORE:
        flash("This campaign is launched already.")
        return redirect(url_for("results.show", pid=campaign.pid))
    form = _form(campaign)
    if request.form.get("then") == "show":
        return _shown(campaign, form)
    if not form.validate_on_submit():
        return _page(campaign, form), 422
    try:
        timed = schedule.set_time(
            actor(), campaign, form.local, form.zone.data, Clock(form.clock.data), form.window
        )
        found = launch_campaign(actor(), campaign, int(form.people.data or 0), bool(form.share_leads.data))
    except CountChanged as changed:
        discard()
        return _page(campaign, form, changed=changed.message), 409
    except (Invalid, Refused, Conflict) as error:
        discard()
        if not isinstance(error, Invalid) or not form.refuse(
            {_FIELDS.get(name, name): text for name, text in error.fields.items()}
        ):
            return _page(campaign, form, changed=error.message), 422
        return _page(campaign, form), 422
    flash(_said(campaign, found.people, timed))
    return redirect(url_for("results.show", pid=campaign.pid))


_FIELDS = {"time": "day"}


def _said(campaign: Campaign, people: int, timed: schedule.LocalTime | None) -> str:
    if timed is not None:
        said = in_words.planned(campaign, actor().organisation.timezone)
        return f"Scheduled for {said}. {timed.note if campaign.clock is Clock.CAMPAIGN else ''}".strip()
    window = Window.from_json(campaign.send_window)
    if window and window.closing(now(), campaign.timezone) is None:
        opens = in_words.soon(window.opening(now(), campaign.timezone), campaign.timezone)
        return f"Launched. It waits until {opens}: it is outside the hours you chose."
    return f"Launched. {count(people)} {'person gets' if people == 1 else 'people get'} it now."


def _form(campaign: Campaign) -> LaunchForm:
    form = LaunchForm()
    form.prepare(campaign, fill=request.method == "GET")
    return form


def _shown(campaign: Campaign, form: LaunchForm) -> Answer:
    """Who would get it when, with nothing changed: the part of the page while choosing, all of it without JavaScript."""
    if not request.headers.get("HX-Request"):
        return _page(campaign, form, show=True)
    found = checking.check(actor(), campaign)
    return render_template("delivery/_waves.html", lines=_lines(campaign, form, found.people))


def _lines(campaign: Campaign, form: LaunchForm, people: int) -> list[str]:
    wish = when.wish(form)
    return when.plan_in_words(campaign, wish, people, actor().organisation.timezone) if wish else []


def _page(campaign: Campaign, form: LaunchForm, changed: str = "", show: bool = False) -> str:
    found = checking.check(actor(), campaign)
    collision = collisions.told(found, fresh=request.method == "GET")
    form.people.data = str(found.people)
    partner: Organisation = found.partner
    return render_template(
        "delivery/launch.html",
        campaign=campaign,
        found=found,
        form=form,
        changed=changed,
        steps=steps(campaign),
        money=_money_rules(found),
        introduced=warmup.announcement(
            current(), found.people, campaign.scheduled_at, found.mail.sender.domain if found.mail else None
        ),
        mail=mail_rules(found),
        looked=precheck.latest(found),
        may_launch=found.may_launch
        and actor().may_edit
        and campaign.status in (CampaignStatus.DRAFT, CampaignStatus.APPROVED),
        planned=in_words.planned(campaign, actor().organisation.timezone),
        missed=in_words.missed(campaign),
        lines=_lines(campaign, form, found.people) if found.people else [],
        elsewhere=show or form.clock.data != Clock.CAMPAIGN or form.hours.data != ANY,
        partner=partner,
        collision=collision,
        manager=manager_of(found.vendor, partner) if collision else None,
        sequence=_sequence(found),
    )


def _sequence(found: checking.LaunchCheck) -> list[dict[str, object]]:
    """When each mail goes out and to whom, on the clock of the campaign's zone."""
    zone = found.campaign.timezone
    return [
        {
            "title": mail.piece.title,
            "at": local(checking.step_time(found.campaign, mail.step), zone),
            "whom": f"To {whom(mail.step.unless, mail.step.only)}"
            if mail.number > 1
            else "To everyone who may be mailed",
            "key": f"email/{mail.piece.name}",
        }
        for mail in found.steps
    ]


Rule = dict[str, str]


def _rule(state: str, title: str, note: str = "") -> Rule:
    return {"state": state, "title": title, "note": note}


def _money_rules(found: checking.LaunchCheck) -> list[Rule]:
    """The terms of the money that can be told at launch, with what is still to come after it."""
    if found.funding is None:
        return []
    asked, vendor = found.funding.request, found.vendor.name
    approved = asked.decided_at if asked.approved_minor is not None else None
    agreed = asked.shares_leads or found.campaign.shares_leads
    return [
        _rule("met", "Approved before it starts", f"{vendor} said yes on {approved:%-d %B %Y}.")
        if approved
        else _rule(
            "open",
            "Approved before it starts",
            f"{vendor} hasn’t answered yet. What runs before the yes isn’t paid.",
        ),
        _rule("met", f"Leads shared with {vendor}", "You agreed to this; people are told in the form.")
        if agreed
        else _rule(
            "open",
            f"Leads shared with {vendor}",
            "Part of the deal for the money: tick it beside the button.",
        ),
        _rule(
            "open",
            "Invoice",
            f"Not needed to launch. Add it by {asked.claim_by:%-d %B %Y}."
            if asked.claim_by
            else "Not needed to launch. Add it afterwards.",
        ),
    ]
