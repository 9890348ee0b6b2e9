"""A vendor's page of one partner's terms: tier, region and languages, and which kits these open to it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import SelectMultipleField, StringField
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.accounts.forms import one_line, text_of
from app.clock import today
from app.db import get_or_404
from app.kits.models import VersionStatus
from app.kits.queries import kit_source, versions_of
from app.kits.visibility import language, why_not
from app.programs import queries, terms
from app.programs.models import Partnership
from app.programs.terms import partner_of
from app.web.forms import Form, Short, stripped

bp = Blueprint("terms", __name__, url_prefix="/partners")


class TermsForm(Form):
    """What a vendor says of a partner."""

    tier = StringField("Tier", [Optional(), Short(40), one_line], filters=[stripped])
    region = StringField("Region", [Optional(), Short(80), one_line], filters=[stripped])
    languages = SelectMultipleField(
        "Languages they market in", widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )

    def offer(self, codes: list[str]) -> None:
        """Offer these languages, by name."""
        self.languages.choices = sorted(
            ((code, language(code)) for code in codes), key=lambda choice: choice[1]
        )


@bp.get("/<pid>/terms")
@member(vendor=ANYONE)
def show(pid: str) -> str:
    """The terms as they are, and the kits they open."""
    ship = get_or_404(actor().organisation, Partnership, pid)
    form = TermsForm(formdata=None, tier=ship.tier, region=ship.region, languages=ship.languages or [])
    return _page(ship, form)


@bp.post("/<pid>/terms")
@member(vendor=EDITORS)
def save(pid: str) -> BaseResponse | tuple[str, int]:
    """Change them."""
    ship = get_or_404(actor().organisation, Partnership, pid)
    form = TermsForm()
    form.offer(_codes(ship) + request.form.getlist("languages"))
    if not form.validate():
        return _page(ship, form), 422
    new = terms.Terms(text_of(form.tier), text_of(form.region), sorted(form.languages.data or []))
    terms.change(actor(), ship, new)
    flash("Saved. Kits open and close to them at once; campaigns that are launched go on.")
    return redirect(url_for("terms.show", pid=pid))


def _page(ship: Partnership, form: TermsForm) -> str:
    form.offer(_codes(ship))
    vendor = actor().organisation
    partner = partner_of(ship)
    day = today(partner.timezone)
    live = [
        kit_source(version) for version in versions_of(vendor) if version.status is VersionStatus.PUBLISHED
    ]
    return render_template(
        "programs/terms.html", ship=ship, form=form, partner=partner, tiers=queries.tiers_of(vendor),
        kits=[(kit, why_not(kit, ship, day)) for kit in sorted(live, key=lambda kit: kit.name.casefold())],
    )  # fmt: skip


def _codes(ship: Partnership) -> list[str]:
    """The languages to choose from: the usual ones, those of the vendor's kits, and what is chosen already."""
    written = [
        code
        for version in versions_of(actor().organisation)
        for code in version.manifest.get("languages") or ()
    ]
    return list(dict.fromkeys([*terms.USUAL_LANGUAGES, *written, *(ship.languages or ())]))
