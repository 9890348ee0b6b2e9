"""Who gets a campaign's mail and who doesn't, with the people behind each number: before the launch as of now, after it as it was."""

from collections.abc import Iterator

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ADMINS, ANYONE, actor, member
from app.audience.mailable import Reason
from app.campaigns.chosen import chosen
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.queries import campaign_for
from app.campaigns.tabs import tabs
from app.errors import NotFound
from app.flows import left_out
from app.kits.queries import kit_by_id, version_by_id
from app.web.csv import csv_response

bp = Blueprint("leftouts", __name__, url_prefix="/campaigns")

Answer = str | BaseResponse | tuple[str, int]


@bp.get("/<pid>/left-out")
@member(partner=ANYONE)
def show(pid: str) -> Answer:
    """So many get it; so many don't, by reason."""
    campaign = campaign_for(actor().organisation, pid)
    return render_template("delivery/left_out.html", **_frame(campaign))


@bp.get("/<pid>/left-out/<reason>")
@member(partner=ANYONE)
def people(pid: str, reason: str) -> Answer:
    """The people behind one number."""
    campaign, why = campaign_for(actor().organisation, pid), _reason(reason)
    partner, after = actor().organisation, request.args.get("after", "")
    found = left_out.people(
        partner, campaign, why, int(after) if after.isdecimal() and len(after) < 18 else 0
    )
    return render_template(
        "delivery/left_out_people.html",
        **_frame(campaign),
        reason=why,
        found=found,
        later=bool(after),
        erased=left_out.erased_since(partner, campaign, why),
    )


@bp.get("/<pid>/left-out/<reason>.csv")
@member(partner=ADMINS)
def export(pid: str, reason: str) -> BaseResponse:
    """The same people as a file; cells that a spreadsheet would run are defused."""
    campaign, why = campaign_for(actor().organisation, pid), _reason(reason)
    head = ("email", "first_name", "last_name", "company", "why_not", "what_you_can_do")
    return csv_response(f"left-out-{why}-{campaign.pid}.csv", head, _rows(campaign, why))


def _rows(campaign: Campaign, why: Reason) -> Iterator[tuple[object, ...]]:
    for row in left_out.everyone(actor().organisation, campaign, why):
        yield row.email, row.first_name, row.last_name, row.company, why.label, why.mend


def _reason(text: str) -> Reason:
    try:
        return Reason(text)
    except ValueError:
        raise NotFound(kind="Reason") from None


def _frame(campaign: Campaign) -> dict[str, object]:
    version = version_by_id(campaign.kit_version_id)
    found = left_out.standing(actor().organisation, campaign)
    before = campaign.launched_at is None or campaign.status is CampaignStatus.SCHEDULED
    return {
        "campaign": campaign,
        "version": version,
        "kit": kit_by_id(version.kit_id),
        "tabs": [] if before else tabs(campaign),
        "tab": "Audience",
        "standing": found,
        "audience": chosen(actor().organisation, campaign),
        "back": url_for("launches.check", pid=campaign.pid) if before else None,
    }
