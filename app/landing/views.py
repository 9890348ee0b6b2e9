"""What a prospect meets: the landing page, its form, the thank-you page. No cookie, no script, served on the public origin."""

import hashlib

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app import tokens
from app.accounts.access import public
from app.attribution import touch
from app.attribution.records import TouchKind
from app.errors import Invalid
from app.landing import queries
from app.landing.models import PageStatus, PublishedPage, Submission
from app.landing.publish import compiled
from app.landing.read import HIDDEN, TRAP, kept_source, read
from app.landing.served import pages, stylesheets, view
from app.landing.shown import form_tokens
from app.landing.submit import origin_of, submit
from app.leads import mails
from app.leads.capture import capture
from app.render.page import CompiledPage
from app.tracking.answers import Visit, tracker
from app.tracking.jobs import note_surely
from app.web import hosts
from app.web.hosts import public_url_for

bp = hosts.public(Blueprint("landing", __name__, url_prefix="/p"))
blueprints = [bp]

THANKS_LIVES = 3600


@bp.get("/<pid>")
@public
def page(pid: str) -> Response | tuple[str, int]:
    """The page; whoever comes by a mail’s link is known by its token, everybody else by nothing.

    Most views never come here: the web server's front answers them by the same function.
    """
    row = queries.public_page(pid)
    if row.status is not PageStatus.PUBLISHED:
        pages().forget(pid)
        return _closed(row)
    visit = Visit(request.method, request.user_agent.string)
    answer = view(
        pages().keep(pid, row),
        form_tokens().make(row.id),
        request.args.get("t", ""),
        visit,
        tracker(),
        kept_source(request.args.to_dict()),
        note_surely,
    )
    return Response(answer.body, answer.status, headers=list(answer.headers))


def _drawn(
    row: PublishedPage,
    made: CompiledPage,
    token: str,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> str:
    hidden = {"form_token": form_tokens().make(row.id), "t": token, **kept_source(request.values.to_dict())}
    return made.render(
        public_url_for("landing.page", pid=row.pid),
        hidden={key: value for key, value in hidden.items() if value},
        values=values,
        errors=errors,
        stylesheets=stylesheets(row),
    )


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
    return _html(compiled(row).thanks(submitted, stylesheets=stylesheets(row)))


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
    return render_template("landing/closed.html", page=made, stylesheets=stylesheets(row)), 410


def _html(text: str, status: int = 200) -> Response:
    response = Response(text, status, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response
