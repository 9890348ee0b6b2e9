"""What a prospect meets: the landing page, its form, the thank-you page. No cookie, no script, served on the public origin."""

import hashlib

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app import tokens
from app.accounts.access import public
from app.attribution import touch
from app.attribution.records import TouchKind
from app.db import writes_on_get
from app.errors import Invalid
from app.landing import queries
from app.landing.models import PageStatus, PublishedPage, Submission
from app.landing.publish import compiled
from app.landing.read import HIDDEN, TRAP, kept_source, read
from app.landing.submit import Origin, form_token, origin_of, submit
from app.leads import mails
from app.leads.capture import capture
from app.render.page import CompiledPage
from app.settings import current
from app.tracking.record import Visit, record_stranger, record_view, source_of
from app.web import hosts
from app.web.hosts import public_url_for, static_url

bp = hosts.public(Blueprint("landing", __name__, url_prefix="/p"))
blueprints = [bp]

THANKS_LIVES = 3600


@bp.get("/<pid>")
@public
@writes_on_get
def page(pid: str) -> Response | tuple[str, int]:
    """The page; whoever comes by a mail’s link is known by its token, everybody else by nothing."""
    row = queries.public_page(pid)
    if row.status is not PageStatus.PUBLISHED:
        return _closed(row)
    token = request.args.get("t", "")
    origin = origin_of(row, token)
    _note_view(row, origin)
    return _html(_drawn(row, compiled(row), token))


def _note_view(row: PublishedPage, origin: Origin) -> None:
    visit = Visit(request.method, request.user_agent.string)
    source = source_of(origin.delivery, origin.rendering)
    if source is None:
        record_stranger(row.partner_id, row.campaign_id, row.id, visit)
        return
    event = record_view(source, row.id, visit)
    if event.contact_id and not event.is_machine:
        touch.record(
            TouchKind.VISITED,
            row.partner_id,
            row.vendor_id,
            event.contact_id,
            row.campaign_id,
            event.at,
            event.id,
        )


def _drawn(
    row: PublishedPage,
    made: CompiledPage,
    token: str,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> str:
    hidden = {"form_token": form_token(row), "t": token, **kept_source(request.values.to_dict())}
    return made.render(
        public_url_for("landing.page", pid=row.pid),
        hidden={key: value for key, value in hidden.items() if value},
        values=values,
        errors=errors,
        stylesheets=_stylesheets(row),
    )


def _stylesheets(row: PublishedPage) -> tuple[str, str]:
    return static_url(current().public_url, "landing.css"), public_url_for("landing.brand", pid=row.pid)


@bp.post("/<pid>")
@public
def send(pid: str) -> Response | BaseResponse | tuple[str, int]:
    """A filled form: stored, turned into a lead, and only then answered. What can’t be accepted stays typed in."""
    row = queries.public_page(pid)
    if row.status is not PageStatus.PUBLISHED:
        return _closed(row)
    made = compiled(row)
    raw = request.form.to_dict()
    try:
        answers = read(made.form, raw)
    except Invalid as error:
        typed = {key: value for key, value in raw.items() if key not in (*HIDDEN, TRAP)}
        wrong = error.fields or {"": error.message}
        return _html(_drawn(row, made, raw.get("t", ""), typed, wrong), 422)
    origin = origin_of(row, raw.get("t", ""))
    stored, is_new = submit(row, made.form, answers, raw.get("form_token", ""), origin, kept_source(raw))
    if is_new:
        _follow_up(stored, row)
    thanks = tokens.make_timed("thanks", {"s": stored.id})
    return redirect(public_url_for("landing.thanks", pid=row.pid, s=thanks), 303)


def _follow_up(stored: Submission, row: PublishedPage) -> None:
    lead = capture(stored)
    if lead is None:
        return
    if stored.contact_id:
        touch.record(
            TouchKind.SUBMITTED,
            row.partner_id,
            row.vendor_id,
            stored.contact_id,
            row.campaign_id,
            stored.at,
            stored.id,
        )
    if lead.submission_id == stored.id:
        mails.captured(lead)
        mails.received(lead)


@bp.get("/<pid>/thanks")
@public
def thanks(pid: str) -> Response:
    """What happens next, in the kit’s words. The address holds no answer in clear; an old or foreign token shows it without a name."""
    row = queries.public_page(pid)
    submitted: dict[str, str] = {}
    try:
        facts = tokens.read_timed("thanks", request.args.get("s", ""), THANKS_LIVES)
        submitted = queries.answers_on(row, int(facts["s"]))
    except tokens.BadToken:
        pass
    return _html(compiled(row).thanks(submitted, stylesheets=_stylesheets(row)))


@bp.get("/<pid>/brand.css")
@public
def brand(pid: str) -> Response:
    """The partner’s colours as they were when the page was published."""
    row = queries.public_page(pid)
    response = Response(row.stylesheet, mimetype="text/css")
    response.set_etag(hashlib.sha256(row.stylesheet.encode()).hexdigest()[:20])
    response.cache_control.public = True
    response.cache_control.max_age = 86_400
    response.make_conditional(request)
    return response


def _closed(row: PublishedPage) -> tuple[str, int]:
    made = compiled(row)
    return render_template("landing/closed.html", page=made, stylesheets=_stylesheets(row)), 410


def _html(text: str, status: int = 200) -> Response:
    response = Response(text, status, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response
