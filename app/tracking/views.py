"""The addresses inside a mail: numbered links and the pixel. Each is recorded before it is answered; targets are stored rows, never the request's."""

import base64
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import public
from app.attribution import touch
from app.attribution.records import TouchKind
from app.campaigns.queries import campaign_by_id
from app.db import writes_on_get
from app.tracking.links import link_of
from app.tracking.models import TrackedEvent
from app.tracking.queries import machine_clicks
from app.tracking.record import Visit, clicked, opened, record_click, record_open
from app.web import hosts

bp = hosts.public(Blueprint("tracking", __name__))
blueprints = [bp]

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@bp.get("/c/<token>/<int:number>")
@public
@writes_on_get
def click(token: str, number: int) -> BaseResponse:
    """On to where the link leads."""
    source = clicked(token)
    link = link_of(source.send_id, number)
    event = record_click(source, link, Visit(request.method, request.user_agent.string))
    if event.is_machine:
        touch.withdraw(TouchKind.CLICKED, machine_clicks(event))
    else:
        _touch(event)
    target = _with_token(link.url, token) if link.kind == "landing" else link.url
    response = redirect(target, 302)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/o/<token>.gif")
@public
@writes_on_get
def pixel(token: str) -> Response:
    """One transparent point."""
    record_open(opened(token), Visit(request.method, request.user_agent.string))
    return Response(PIXEL, mimetype="image/gif", headers={"Cache-Control": "no-store"})


def _with_token(url: str, token: str) -> str:
    parts = urlsplit(url)
    query = "&".join(x for x in (parts.query, urlencode({"t": token})) if x)
    return urlunsplit(parts._replace(query=query))


def _touch(event: TrackedEvent) -> None:
    if event.contact_id is None:
        return
    campaign = campaign_by_id(event.campaign_id)
    touch.record(
        TouchKind.CLICKED,
        event.partner_id,
        campaign.vendor_id,
        event.contact_id,
        event.campaign_id,
        event.at,
        event.id,
    )
