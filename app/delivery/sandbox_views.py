"""The sandbox mailbox's pages, in development only: what would have been sent, to look at and to take apart.

The list and the messages are on the signed-in origin; the mail itself is shown in a frame from the public one, where no cookie is.
"""

import re
from pathlib import Path
from typing import Any, cast, get_args

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import public
from app.delivery import sandbox
from app.delivery.sandbox_checks import checks
from app.settings import current
from app.web import hosts
from app.web.hosts import public_url_for
from app.web.paging import Page, wanted
from app.web.security import framed_mail

bp = Blueprint("sandbox", __name__, url_prefix="/sandbox")
frame_bp = hosts.public(Blueprint("sandbox_frame", __name__, url_prefix="/sandbox"))

_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)


@bp.get("")
@public
def index() -> Response | str:
    """The list, newest first; `q` finds by recipient, `kind` tells campaigns' mails from our own."""
    size = sandbox.FEED_SIZE if _wants_json() else sandbox.PAGE_SIZE
    page = _listed(size)
    if _wants_json():
        return _as_json(page)
    shown = sandbox.get(_box(), page.items[0].id) if page.items else None
    return _render(shown, page, detail=False)


@bp.get("/<id>")
@public
def message(id: str) -> Response | str:  # noqa: A002
    """One message beside the list; `part` chooses the tab."""
    shown = sandbox.get(_box(), id)
    if _wants_json():
        return jsonify(_message_json(shown))
    page = _listed(sandbox.PAGE_SIZE)
    return _render(shown, page, detail=True)


@bp.get("/<id>/raw")
@public
def raw(id: str) -> Response:  # noqa: A002
    """The message as a mail program would store it."""
    response = make_response(sandbox.get(_box(), id).raw)
    response.headers["Content-Type"] = "message/rfc822"
    response.headers["Content-Disposition"] = f'attachment; filename="{id.partition(".throughline")[0]}.eml"'
    return response


@bp.post("/empty")
@public
def empty() -> BaseResponse:
    """Delete every message."""
    count = sandbox.empty(_box())
    flash(f"{count:,} messages are deleted. The mailbox is empty.")
    return redirect(url_for("sandbox.index"), 303)


@frame_bp.get("/<id>/html")
@public
def html(id: str) -> Response:  # noqa: A002
    """The HTML part by itself, for the frame: no script, links in a new tab."""
    part = sandbox.get(_box(), id).html or ""
    base = '<base target="_blank">'
    part = _HEAD.sub(lambda found: found[0] + base, part, count=1) if _HEAD.search(part) else base + part
    return framed_mail(make_response(part))


def _render(shown: sandbox.Message | None, page: Page[sandbox.Summary], detail: bool) -> str:
    part = request.args.get("part", "")
    if shown is not None:
        there = {
            "mail": shown.html is not None,
            "text": shown.text is not None,
            "headers": True,
            "source": True,
            "links": bool(shown.links),
        }
        if not there.get(part):
            part = "mail" if shown.html is not None else "text" if shown.text is not None else "source"
    return render_template(
        "delivery/sandbox.html",
        overview=sandbox.overview(_box()),
        page=page,
        shown=shown,
        part=part,
        detail=detail,
        kind=_kind(),
        to=request.args.get("q", ""),
        checks=checks(shown, current()) if shown else [],
        link_rows=[(link.text, link.url) for link in shown.links] if shown else [],
        source=shown.raw.decode("utf-8", "replace") if shown and part == "source" else "",
        frame=public_url_for("sandbox_frame.html", id=shown.summary.id) if shown else None,
    )


def _listed(size: int) -> Page[sandbox.Summary]:
    number, to = wanted(request.args.get("page")), request.args.get("q", "")
    return sandbox.list_messages(_box(), number, to, _kind(), size)


def _box() -> Path:
    return sandbox.home(current())


def _kind() -> sandbox.Kind:
    asked = request.args.get("kind", "all")
    return cast(sandbox.Kind, asked) if asked in get_args(sandbox.Kind) else "all"


def _wants_json() -> bool:
    return (
        request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
        == "application/json"
    )


def _as_json(page: Page[sandbox.Summary]) -> Response:
    values: dict[str, Any] = {**request.args.to_dict(), "page": page.next}
    following = url_for("sandbox.index", **values) if page.next else None
    return jsonify(
        total=page.total, messages=[_summary_json(item) for item in page.items], next_url=following
    )


def _summary_json(item: sandbox.Summary) -> dict[str, Any]:
    return {
        "id": item.id,
        "to": item.to,
        "from": item.sender,
        "subject": item.subject,
        "received_at": item.received_at.isoformat(timespec="milliseconds"),
        "size": item.size,
        "campaign": item.campaign,
        "url": url_for("sandbox.message", id=item.id),
        "raw_url": url_for("sandbox.raw", id=item.id),
    }


def _message_json(shown: sandbox.Message) -> dict[str, Any]:
    return {
        **_summary_json(shown.summary),
        "envelope": {"from": shown.envelope_from, "to": list(shown.envelope_to)},
        "headers": [list(header) for header in shown.headers],
        "text": shown.text,
        "html": shown.html,
        "links": [{"text": link.text, "url": link.url} for link in shown.links],
        "checks": [
            {"state": check.state, "title": check.title, "note": check.note}
            for check in checks(shown, current())
        ],
    }


blueprints = [bp, frame_bp]
