"""The library's pages: finding files, bringing them in, and one page for each with where it is used."""

from collections.abc import Callable

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.assets import manage
from app.assets.direct import arrived, ticket
from app.assets.forms import DetailsForm, LibraryForm, ReplaceForm
from app.assets.library_pages import listing, one_page
from app.assets.links import share
from app.assets.models import Asset
from app.assets.places import thumb_key
from app.assets.queries import ENDINGS, versions_of
from app.assets.serve import private_file
from app.assets.store import store
from app.assets.upload import Outcome, take
from app.db import get_or_404
from app.errors import Invalid, NotFound, Refused

bp = Blueprint("library", __name__, url_prefix="/library")

AT_ONCE = 20
_MINUTE = 60


@bp.get("")
@member(vendor=ANYONE, partner=ANYONE)
def index() -> str:
    """The organisation's files."""
    return render_template("assets/library.html", form=LibraryForm(), **listing(actor(), request.args))


@bp.post("")
@member(vendor=EDITORS, partner=EDITORS)
def add() -> BaseResponse | tuple[str, int] | tuple[Response, int]:
    """Take files into the library: one by one where a script sends them, several at once from the plain form."""
    form = LibraryForm()
    if not form.validate_on_submit():
        return _again(form, [], "This page was open for too long. Send it once more.")
    files = form.files()
    if not files:
        return _again(form, [], "Choose a file.")
    if len(files) > AT_ONCE:
        return _again(form, [], f"These are {len(files)} files; {AT_ONCE} at once is the most.")
    outcomes = take(actor(), files)
    if _asks_json():
        return _told(outcomes[0])
    if all(outcome.asset for outcome in outcomes):
        flash(" ".join(_words(outcome) for outcome in outcomes))
        return redirect(url_for("library.index"))
    return _again(form, outcomes)


@bp.post("/uploads")
@member(vendor=EDITORS, partner=EDITORS)
def upload_ticket() -> Response | tuple[Response, int]:
    """Leave to send one file straight to the store."""
    size = request.form.get("size", "")
    if not size.isdecimal() or len(size) > 12:
        raise Invalid("Choose a file.")
    found = ticket(actor(), request.form.get("name", ""), int(size))
    if found is None:
        raise NotFound()
    done = url_for("library.upload_done")
    return jsonify(url=found.form.url, fields=found.form.fields, token=found.token, done=done)


@bp.post("/uploads/done")
@member(vendor=EDITORS, partner=EDITORS)
def upload_done() -> tuple[Response, int]:
    """A file was sent to the store: check it, and put it into the library."""
    return _told(arrived(actor(), request.form.get("token", "")))


@bp.get("/<pid>")
@member(vendor=ANYONE, partner=ANYONE)
def show(pid: str) -> str:
    """One file: what it is, where it is used, what came before it."""
    asset = _asset(pid)
    return _page(asset)


@bp.post("/<pid>")
@member(vendor=EDITORS, partner=EDITORS)
def describe(pid: str) -> BaseResponse | tuple[str, int]:
    """Save name, words, rights and tags."""
    asset, form = _asset(pid), DetailsForm()
    if form.validate_on_submit():
        try:
            manage.describe(actor(), asset, form.details())
        except Invalid as error:
            form.refuse(error.fields)
        else:
            flash(f"{asset.name} is saved.")
            return redirect(url_for("library.show", pid=pid))
    return _page(asset, form=form), 422


@bp.post("/<pid>/replace")
@member(vendor=EDITORS, partner=EDITORS)
def replace(pid: str) -> BaseResponse | tuple[str, int]:
    """Put another file in this one's place."""
    asset, form = _asset(pid), ReplaceForm()
    if form.validate_on_submit():
        try:
            given = form.upload()
            if given is None:
                raise Invalid("Nothing is replaced yet.", {"file": "Choose a file."})
            done = manage.replace(actor(), asset, given)
        except Invalid as error:
            form.refuse(error.fields)
            asset = _asset(pid)
        else:
            return _replaced(done)
    return _page(asset, replacing=form), 422


@bp.post("/<pid>/use-again/<version>")
@member(vendor=EDITORS, partner=EDITORS)
def use_again(pid: str, version: str) -> BaseResponse:
    """Take a replacement back: an earlier version is current again."""
    asset = _asset(pid)
    older = next((row for row in versions_of(actor().organisation, asset) if row.pid == version), None)
    if older is None:
        raise NotFound()
    return _replaced(manage.use_again(actor(), asset, older))


@bp.post("/<pid>/delete")
@member(vendor=EDITORS, partner=EDITORS)
def delete(pid: str) -> BaseResponse | tuple[str, int]:
    """Take a file out of the library, unless something would be left with a hole."""
    asset = _asset(pid)
    try:
        manage.delete(actor(), asset)
    except Refused as error:
        return _page(asset, refused=error.message), 422
    return redirect(url_for("library.index", gone=pid))


@bp.post("/<pid>/put-back")
@member(vendor=EDITORS, partner=EDITORS)
def put_back(pid: str) -> BaseResponse:
    """Undo a deletion."""
    asset = _asset(pid)
    manage.put_back(actor(), asset)
    flash(f"{asset.name} is in the library again.")
    return redirect(url_for("library.show", pid=pid))


@bp.post("/<pid>/open")
@member(vendor=EDITORS, partner=EDITORS)
def open_up(pid: str) -> BaseResponse | tuple[str, int]:
    """Let mails and pages show a picture."""
    return _changed(pid, manage.open_up, "Mails and pages may show this picture.")


@bp.post("/<pid>/close")
@member(vendor=EDITORS, partner=EDITORS)
def close_up(pid: str) -> BaseResponse | tuple[str, int]:
    """Make a picture private again."""
    return _changed(
        pid, manage.close_up, "This picture is private: nobody outside your organisation sees it."
    )


@bp.post("/<pid>/link")
@member(vendor=EDITORS, partner=EDITORS)
def link(pid: str) -> str | tuple[str, int]:
    """Make a link by which anybody can download the file for a while."""
    days = request.form.get("days", "")
    asset = _asset(pid)
    try:
        made = share(actor(), asset, int(days) if days in ("1", "7", "30") else 0)
    except Invalid as error:
        return _page(asset, refused=error.message), 422
    return _page(asset, link=made, days=int(days))


@bp.get("/<pid>/file")
@member(vendor=ANYONE, partner=ANYONE)
def download(pid: str) -> BaseResponse:
    """One of the organisation's own files, private ones too."""
    asset = _asset(pid)
    if store().direct:
        return redirect(store().link(asset.key, _MINUTE, asset.name, asset.content_type))
    return private_file(asset.key, asset.content_type, asset.sha256, asset.name)


@bp.get("/<pid>/small")
@member(vendor=ANYONE, partner=ANYONE)
def small(pid: str) -> BaseResponse:
    """A private picture, small enough for a list."""
    asset = _asset(pid)
    if asset.width is None:
        raise NotFound()
    key = thumb_key(actor().organisation.pid, asset.sha256, ENDINGS[asset.content_type])
    return private_file(
        key if store().exists(key) else asset.key, asset.content_type, f"{asset.sha256}-small"
    )


def _asset(pid: str) -> Asset:
    return get_or_404(actor().organisation, Asset, pid)


def _page(asset: Asset, **more: object) -> str:
    return render_template("assets/asset.html", **{**one_page(actor(), asset), **more})


def _changed(pid: str, change: Callable[..., None], words: str) -> BaseResponse | tuple[str, int]:
    try:
        change(actor(), _asset(pid))
    except Refused as error:
        return _page(_asset(pid), refused=error.message), 422
    flash(words)
    return redirect(url_for("library.show", pid=pid))


def _replaced(done: manage.Replaced) -> BaseResponse:
    where = (
        f"It stands in {done.moved} {'place' if done.moved == 1 else 'places'} already." if done.moved else ""
    )
    stays = "What was sent or is planned keeps the old one." if done.stays else ""
    flash(" ".join(filter(None, (f"{done.asset.name} is the current version.", where, stays))))
    return redirect(url_for("library.show", pid=done.asset.pid))


def _again(
    form: LibraryForm, outcomes: list[Outcome], wrong: str = ""
) -> tuple[str, int] | tuple[Response, int]:
    """The page once more with what became of each file; kept where at least one was taken."""
    if wrong and _asks_json():
        return jsonify(ok=False, message=wrong), 422
    if wrong:
        form.refuse({"file": wrong})
    page = render_template(
        "assets/library.html", form=form, outcomes=outcomes, **listing(actor(), request.args)
    )
    return page, 200 if any(outcome.asset for outcome in outcomes) else 422


def _told(outcome: Outcome) -> tuple[Response, int]:
    return jsonify(ok=outcome.asset is not None, message=_words(outcome)), 200 if outcome.asset else 422


def _words(outcome: Outcome) -> str:
    if outcome.asset is None:
        return outcome.reason
    if outcome.known:
        return f"{outcome.name} was in the library already, as {outcome.asset.name}."
    return f"{outcome.asset.name} is in the library."


def _asks_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return best == "application/json"
