"""The brand page: what every piece of a partner is dressed in, with samples while somebody chooses."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.accounts.models import Organisation, OrganisationKind
from app.assets.brand import default_brand, gaps, logo_of, save
from app.assets.brand_forms import BrandForm
from app.assets.colors import clean_color, pairs
from app.assets.models import BrandProfile
from app.assets.queries import media_url
from app.errors import Invalid
from app.render.filters import readable_on
from app.web.navigation import register_logo

bp = Blueprint("brand", __name__, url_prefix="/brand")


@bp.get("")
@member(partner=ANYONE)
def edit() -> str:
    """What every piece of the partner is dressed in."""
    found = _brand()
    return _page(found, BrandForm(obj=found, primary_pick=found.primary_color, call_pick=found.call_color))


@bp.post("")
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


@bp.post("/sample")
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


def _logo_address(organisation: Organisation) -> str | None:
    if organisation.kind is not OrganisationKind.PARTNER:
        return None
    logo = logo_of(organisation, default_brand(organisation))
    return media_url(logo) if logo else None


register_logo(_logo_address)
