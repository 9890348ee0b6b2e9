"""The addresses inside a mail: numbered links and the pixel. Each is recorded before it is answered; targets are stored rows, never the request's."""

import base64
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app import tokens
from app.accounts.access import public
from app.attribution import touch
from app.attribution.records import TouchKind
from app.campaigns.models import Campaign
from app.db import db, writes_on_get
from app.delivery.compose import CLICK, OPEN, RENDERING
from app.delivery.models import Delivery, Rendering
from app.tracking.links import link_of
from app.tracking.models import TrackedEvent
from app.tracking.queries import machine_clicks
from app.tracking.record import Source, Visit, record_click, record_open, source_of
from app.web import hosts

bp = hosts.public(Blueprint("tracking", __name__))
blueprints = [bp]

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@bp.get("/c/<token>/<int:number>")
@public
@writes_on_get
def click(token: str, number: int) -> BaseResponse:
    """On to where the link leads."""
    source = _source(token)
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
    delivery = db.session.get(Delivery, tokens.read(OPEN, token))  # unscoped: by a signed token
    source = source_of(delivery=delivery)
    if source is None:
        raise tokens.BadToken()
    record_open(source, Visit(request.method, request.user_agent.string))
    return Response(PIXEL, mimetype="image/gif", headers={"Cache-Control": "no-store"})


def _source(token: str) -> Source:
    """Raises BadToken for a token that is neither a delivery's nor a rendering's."""
    try:
        source = source_of(
            delivery=db.session.get(Delivery, tokens.read(CLICK, token))
        )  # unscoped: by a signed token
    except tokens.BadToken:
        source = source_of(
            rendering=db.session.get(Rendering, tokens.read(RENDERING, token))
        )  # unscoped: by a signed token
    if source is None:
        raise tokens.BadToken()
    return source


def _with_token(url: str, token: str) -> str:
    parts = urlsplit(url)
    query = "&".join(x for x in (parts.query, urlencode({"t": token})) if x)
    return urlunsplit(parts._replace(query=query))


def _touch(event: TrackedEvent) -> None:
    if event.contact_id is None:
        return
    campaign = db.session.get_one(Campaign, event.campaign_id)  # unscoped: by the event's own id
    touch.record(
        TouchKind.CLICKED,
        event.partner_id,
        campaign.vendor_id,
        event.contact_id,
        event.campaign_id,
        event.at,
        event.id,
    )
