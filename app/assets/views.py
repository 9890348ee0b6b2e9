"""The brand page, the library, and the public address of every picture that mails and pages show."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member, public
from app.accounts.models import Organisation, OrganisationKind
from app.assets.brand import default_brand, gaps, logo_of, save
from app.assets.colors import clean_color, pairs
from app.assets.forms import BrandForm, LibraryForm
from app.assets.models import Asset, BrandProfile
from app.assets.queries import ENDINGS, assets_of, media_url, public_asset
from app.assets.store import store
from app.assets.upload import PDF, add_file, add_image
from app.db import get_or_404
from app.errors import Invalid, NotFound
from app.kits.queries import media_file
from app.render.filters import readable_on
from app.web import hosts
from app.web.navigation import register_logo

media = hosts.public(Blueprint("media", __name__, url_prefix="/media"))
brand = Blueprint("brand", __name__, url_prefix="/brand")
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


@brand.get("")
@member(partner=ANYONE)
def edit() -> str:
    """What every piece of the partner is dressed in."""
    found = _brand()
    return _page(found, BrandForm(obj=found, primary_pick=found.primary_color, call_pick=found.call_color))


@brand.post("")
@member(partner=EDITORS)
def update() -> BaseResponse | tuple[str, int]:
    """Save the brand; what is wrong stands beside its field."""
    found, form = _brand(), BrandForm()
    if form.validate_on_submit():
        try:
            save(actor(), form.given(found), form.upload(), remove_logo=form.remove_logo.data)
        except Invalid as error:
            form.refuse(error.fields)
        else:
            flash("Your brand is saved. Every campaign that isn’t launched yet takes it.")
            return redirect(url_for("brand.edit"))
    return _page(found, form), 422


@brand.post("/sample")
@member(partner=EDITORS)
def sample() -> str:
    """The samples in colours that are not saved yet, while somebody chooses."""
    found = _brand()
    given = BrandForm().given(found)
    return render_template("assets/_sample.html", **_colors(given.primary_color, given.call_color, found))


def _brand() -> BrandProfile:
    """The partner's brand, or one with the product's colours that nobody has saved yet."""
    organisation = actor().organisation
    return default_brand(organisation) or BrandProfile(
        primary_color="#15324b", call_color="#b9431a", legal_name="", postal_address="", phone="", website="", sender_name=organisation.name, reply_to=""
    )  # fmt: skip


def _page(found: BrandProfile, form: BrandForm) -> str:
    logo = logo_of(actor().organisation, found)
    saved = found.id is not None
    return render_template(
        "assets/brand.html",
        form=form,
        brand=found,
        logo=media_url(logo) if logo else None,
        logo_asset=logo,
        missing=gaps(found),
        saved=saved,
        **_colors(
            form.primary_color.data or found.primary_color, form.call_color.data or found.call_color, found
        ),
    )


def _colors(primary: str, call: str, found: BrandProfile) -> dict[str, object]:
    """Colours and their pairs for the samples; what can't be read as a colour falls back to what is stored."""
    chosen = []
    for raw, stored in ((primary, found.primary_color), (call, found.call_color)):
        try:
            chosen.append(clean_color(raw))
        except Invalid:
            chosen.append(stored)
    shown = [str(readable_on(color)) for color in chosen]  # as mails and pages draw them
    return {"primary": chosen[0], "call": chosen[1], "shown": shown, "pairs": pairs(*chosen)}


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


def _logo_address(organisation: Organisation) -> str | None:
    if organisation.kind is not OrganisationKind.PARTNER:
        return None
    logo = logo_of(organisation, default_brand(organisation))
    return media_url(logo) if logo else None


register_logo(_logo_address)
blueprints = [media, brand, library]
