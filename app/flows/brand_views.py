"""The brand pages: what every piece of a partner is dressed in, with the kits' own pieces as samples while somebody chooses."""

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member, public
from app.accounts.models import Organisation, OrganisationKind
from app.assets import brand as operations
from app.assets.brand import BrandInput, default_brand, logo_of
from app.assets.brand_forms import BrandForm, BrandNameForm
from app.assets.brand_site import propose
from app.assets.brand_wear import wear
from app.assets.models import BrandProfile
from app.assets.queries import media_url
from app.campaigns import brand_looks
from app.db import get_or_404
from app.errors import Invalid
from app.flows import brands as flows
from app.flows.brand_page import page, palette_of
from app.render.errors import RenderError
from app.web import hosts
from app.web.navigation import register_logo
from app.web.security import framed_mail

bp = Blueprint("brand", __name__, url_prefix="/brand")
looks = hosts.public(Blueprint("brand_looks", __name__, url_prefix="/looks"))

Answer = str | BaseResponse | tuple[str, int]


@bp.get("")
@bp.get("/<pid>")
@member(partner=ANYONE)
def edit(pid: str | None = None) -> Answer:
    """A brand: the default one, or another."""
    found = _brand(pid)
    form = BrandForm.of(found)
    return render_template("assets/brand.html", **page(actor(), found, form, form.colors(found)))


@bp.post("")
@bp.post("/<pid>")
@member(partner=EDITORS)
def update(pid: str | None = None) -> Answer:
    """Save the brand; what is wrong stands beside its field."""
    found, form = _brand(pid), BrandForm()
    if form.validate_on_submit():
        try:
            given = form.given(found)
            _, wrong = operations.check(actor().organisation, given)
            if wrong:
                raise Invalid("Not saved.", wrong)
            worn = wear(actor().organisation, found, form, given)
            kept = found if pid or found.id else None
            operations.save(actor(), given, worn, remove_logo=form.remove_logo.data, brand=kept)
        except Invalid as error:
            form.refuse(error.fields)
        else:
            flash("Your brand is saved. Every campaign that isn’t launched yet takes it.")
            return redirect(url_for("brand.edit", pid=pid))
    return _again(found, form, 422)


@bp.post("/draft")
@bp.post("/<pid>/draft")
@member(partner=EDITORS)
def draft(pid: str | None = None) -> Answer:
    """The page with what was typed and a proposed colour taken in; nothing is saved."""
    found, form = _brand(pid), BrandForm()
    try:
        form.take(request.form.get("use", ""))
    except Invalid as error:
        form.refuse({"primary_color": error.message})
        return _again(found, form, 422)
    return _again(found, form, 200)


@bp.post("/website")
@bp.post("/<pid>/website")
@member(partner=EDITORS)
def website(pid: str | None = None) -> Answer:
    """The page with what the partner's website tells taken in; nothing is saved."""
    form = BrandForm()
    try:
        found = propose(actor(), form.website.data or "")
    except Invalid as error:
        form.refuse(error.fields)
        return _again(_brand(pid), form, 422)
    form.website.data, form.found_logo.data = found.website, found.logo or form.found_logo.data
    form.sender_name.data = form.sender_name.data or found.name
    if found.colors:
        form.take("primary {} call {}".format(*found.colors))
    return _again(_brand(pid), form, 200)


@bp.get("/sample")
@bp.get("/<pid>/sample")
@member(partner=ANYONE)
def sample(pid: str | None = None) -> str:
    """The samples in colours that are not saved yet, while somebody chooses."""
    found = _brand(pid)
    form = BrandForm(formdata=request.args, meta={"csrf": False})
    return render_template(
        "assets/_sample.html", brand=found, **palette_of(actor(), found, form.colors(found), drawn=True)
    )


@bp.post("/new")
@member(partner=EDITORS)
def new() -> Answer:
    """Another brand."""
    form = BrandNameForm()
    try:
        made = operations.make(actor(), form.name.data or "")
    except Invalid as error:
        flash(error.fields.get("name", error.message), "error")
        return redirect(url_for("brand.edit", _anchor="brands"))
    flash(f"{made.name} is made. Give it its logo and its colours.")
    return redirect(url_for("brand.edit", pid=made.pid))


@bp.post("/<pid>/name")
@member(partner=EDITORS)
def rename(pid: str) -> Answer:
    """Another name for a brand."""
    found, form = _kept(pid), BrandNameForm()
    try:
        operations.rename(actor(), found, form.name.data or "")
        flash(f"It is called {found.name} now.")
    except Invalid as error:
        flash(error.fields.get("name", error.message), "error")
    return redirect(url_for("brand.edit", pid=pid))


@bp.post("/<pid>/default")
@member(partner=EDITORS)
def choose(pid: str) -> BaseResponse:
    """New campaigns take this brand."""
    found = _kept(pid)
    operations.choose_default(actor(), found)
    flash(f"New campaigns take {found.name} from now on. Those you have keep theirs.")
    return redirect(url_for("brand.edit", pid=pid))


@bp.post("/<pid>/archive")
@member(partner=EDITORS)
def archive(pid: str) -> BaseResponse:
    """Put a brand away."""
    found = _kept(pid)
    flows.archive(actor(), found)
    flash(f"{found.name} is archived. What was made with it stays as it is.")
    return redirect(url_for("brand.edit", pid=pid))


@bp.post("/<pid>/back")
@member(partner=EDITORS)
def bring_back(pid: str) -> BaseResponse:
    """Take a brand into use again."""
    found = _kept(pid)
    operations.bring_back(actor(), found)
    flash(f"{found.name} is back.")
    return redirect(url_for("brand.edit", pid=pid))


@bp.post("/<pid>/undo")
@member(partner=EDITORS)
def undo(pid: str) -> BaseResponse:
    """Take the last save back, or bring it again."""
    found = _kept(pid)
    operations.undo(actor(), found)
    flash("Your brand is as it was before the last change.")
    return redirect(url_for("brand.edit", pid=pid))


@looks.get("/<token>")
@public
def piece(token: str) -> BaseResponse:
    """A piece of a kit in a brand's colours, in its frame."""
    try:
        response = make_response(brand_looks.show(token))
    except RenderError as error:
        response = make_response(render_template("campaigns/preview_failed.html", failure=error.message), 422)
    framed = framed_mail(response)
    policy = framed.headers["Content-Security-Policy"]
    framed.headers["Content-Security-Policy"] = policy.replace("style-src ", "style-src 'self' ", 1)
    return framed


@looks.get("/<token>/colors.css")
@public
def colors(token: str) -> BaseResponse:
    """The colours of a page in a frame."""
    return Response(brand_looks.stylesheet(token), mimetype="text/css")


def _kept(pid: str) -> BrandProfile:
    return get_or_404(actor().organisation, BrandProfile, pid)


def _brand(pid: str | None) -> BrandProfile:
    """The brand that was asked for, the default one, or one with the product's colours that nobody has saved yet."""
    organisation = actor().organisation
    if pid is not None:
        return _kept(pid)
    empty = BrandInput(BrandProfile.primary_color.default.arg, BrandProfile.call_color.default.arg)
    return default_brand(organisation) or BrandProfile(
        primary_color=empty.primary_color, call_color=empty.call_color, legal_name="", postal_address="", phone="", website="",
        sender_name=organisation.name[:80], reply_to="", name="Main brand", is_default=True, social={},
    )  # fmt: skip


def _again(found: BrandProfile, form: BrandForm, status: int) -> Answer:
    return render_template(
        "assets/brand.html", **page(actor(), found, form, form.colors(found), drawn=False)
    ), status


def _logo_address(organisation: Organisation) -> str | None:
    if organisation.kind is not OrganisationKind.PARTNER:
        return None
    logo = logo_of(organisation, default_brand(organisation))
    return media_url(logo) if logo else None


register_logo(_logo_address)
blueprints = [bp, looks]
