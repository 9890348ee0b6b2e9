"""The check before sending on the launch page: asked for by a button or by the page itself, followed while it runs."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.campaigns.queries import campaign_for
from app.flows import precheck
from app.flows.check import LaunchCheck, check
from app.flows.records import MailCheckState

prechecks = Blueprint("prechecks", __name__, url_prefix="/campaigns")
blueprints = [prechecks]

Answer = str | BaseResponse
_OPEN = (MailCheckState.WAITING, MailCheckState.RUNNING)


@prechecks.post("/<pid>/check")
@member(partner=EDITORS)
def start(pid: str) -> Answer:
    """Have every link and picture looked at. Without script the launch page comes back, with the check on it."""
    found = check(actor(), campaign_for(actor().organisation, pid))
    precheck.ask(actor(), found)
    if request.headers.get("HX-Request"):
        return _part(found)
    return redirect(url_for("launches.check", pid=pid, _anchor="looked"), 303)


@prechecks.get("/<pid>/check")
@member(partner=ANYONE)
def follow(pid: str) -> Response:
    """How it stands, for the page to follow."""
    return make_response(_part(check(actor(), campaign_for(actor().organisation, pid))))


def _part(found: LaunchCheck) -> str:
    return render_template(
        "delivery/_looked.html", campaign=found.campaign, found=found, looked=precheck.latest(found)
    )
