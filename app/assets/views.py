"""The library, and the public address of every picture that mails and pages show."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member, public
from app.assets import brand_views
from app.assets.forms import LibraryForm
from app.assets.models import Asset
from app.assets.queries import ENDINGS, assets_of, media_url, public_asset
from app.assets.store import store
from app.assets.upload import PDF, add_file, add_image
from app.db import get_or_404
from app.errors import Invalid, NotFound
from app.kits.queries import media_file
from app.web import hosts

media = hosts.public(Blueprint("media", __name__, url_prefix="/media"))
library = Blueprint("library", __name__, url_prefix="/library")

_YEAR = 31_536_000
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@media.get("/<pid>.<ending>")
@public
def file(pid: str, ending: str) -> BaseResponse:
    """A public asset. Its address changes with its content, so browsers and mail proxies may keep it for good."""
    asset = public_asset(pid)
    if ENDINGS.get(asset.content_type) != ending:
        raise NotFound()
    return _served(asset.key, asset.content_type, asset.sha256)


@media.get("/kit/<pid>/<path:path>")
@public
def kit(pid: str, path: str) -> BaseResponse:
    """A picture or document out of a kit version."""
    facts = media_file(pid, path)
    return _served(str(facts["key"]), str(facts["type"]), str(facts["sha256"]))


def _served(key: str, content_type: str, etag: str) -> BaseResponse:
    if etag in request.if_none_match:
        response = Response(status=304)
    else:
        response = Response(store().get(key), content_type=content_type)
    response.set_etag(etag)
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    response.headers["Content-Security-Policy"] = _ALONE
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@library.get("")
@member(vendor=ANYONE)
def index() -> str:
    """The vendor's files."""
    return render_template("assets/library.html", form=LibraryForm(), assets=_listed())


@library.post("")
@member(vendor=EDITORS)
def add() -> BaseResponse | tuple[str, int]:
    """Take a picture or a PDF into the library."""
    form = LibraryForm()
    if form.validate_on_submit():
        upload = form.file.data
        try:
            if not upload or not upload.filename:
                raise Invalid("Choose a file.")
            data = upload.read()
            asset = (
                add_file(actor(), upload.filename, data)
                if data.startswith(b"%PDF-")
                else add_image(actor(), upload.filename, data)
            )
        except Invalid as error:
            form.refuse({"file": error.message})
        else:
            flash(f"{asset.name} is in the library.")
            return redirect(url_for("library.index"))
    return render_template("assets/library.html", form=form, assets=_listed()), 422


@library.get("/<pid>/file")
@member(vendor=ANYONE, partner=ANYONE)
def download(pid: str) -> BaseResponse:
    """One of the organisation's own files, private ones too."""
    asset = get_or_404(actor().organisation, Asset, pid)
    response = Response(store().get(asset.key), content_type=asset.content_type)
    response.headers.set("Content-Disposition", "attachment", filename=asset.name)
    return response


def _listed() -> list[tuple[Asset, str | None]]:
    return [
        (asset, media_url(asset) if asset.is_public and asset.content_type != PDF else None)
        for asset in assets_of(actor().organisation)
    ]


blueprints = [media, brand_views.bp, library]
