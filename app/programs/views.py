"""A vendor's partners and their invitations; a new partner's first page."""

from dataclasses import dataclass

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts import invite, organise
from app.accounts.access import ADMINS, ANYONE, EDITORS, Actor, actor, member
from app.accounts.forms import text_of
from app.accounts.models import Invitation, InvitationKind, Organisation
from app.assets import brand
from app.assets.brand_site import Proposal, picture_of, propose
from app.assets.models import BrandProfile
from app.clock import now
from app.db import get_or_404
from app.errors import Invalid, NotFound
from app.flows.first_steps import first_steps
from app.flows.partner_activity import Activity, activity
from app.kits.queries import cover_url
from app.programs import queries
from app.programs.forms import PartnerForm, ThisIsUsForm
from app.programs.invite import invite_partner
from app.programs.models import Partnership
from app.web.boundary import discard

partners = Blueprint("partners", __name__, url_prefix="/partners")
welcome = Blueprint("welcome", __name__, url_prefix="/welcome")
blueprints = [partners, welcome]

Answer = str | Response | tuple[str, int]


@dataclass(frozen=True)
class Row:
    """A partner in the vendor's list."""

    partner: Organisation
    terms: Partnership
    manager: str | None
    activity: Activity


@partners.get("")
@member(vendor=ANYONE)
def index() -> Answer:
    """Who the vendor works with, what they did lately, and who is invited."""
    return _partners_page(PartnerForm(formdata=None))


@partners.post("/invitations", endpoint="invite")
@member(vendor=EDITORS)
def invite_one() -> Answer:
    """Invite a company through one person there."""
    form = PartnerForm()
    if form.validate():
        offer = form.offer()
        try:
            invite_partner(actor(), offer)
        except Invalid as error:
            form.refuse(error.fields)
        else:
            flash(f"{offer.company} is invited. The link works for 14 days.")
            return redirect(url_for("partners.index"), 303)
    return _partners_page(form), 422


@partners.post("/invitations/<pid>/resend")
@member(vendor=EDITORS)
def resend(pid: str) -> Response:
    """Remind an invited company."""
    invite.resend(actor(), _invitation(pid))
    flash("Sent again. The link works for another 14 days.")
    return redirect(url_for("partners.index"), 303)


@partners.post("/invitations/<pid>/revoke")
@member(vendor=EDITORS)
def revoke(pid: str) -> Response:
    """Withdraw a company's invitation."""
    invite.revoke(actor(), _invitation(pid))
    flash("Withdrawn. The link in the mail works no more.")
    return redirect(url_for("partners.index"), 303)


@welcome.get("", endpoint="index")
@member(partner=ANYONE)
def first_page() -> Answer:
    """Three steps to the first campaign."""
    return _welcome_page(_about_us(actor(), brand.default_brand(actor().organisation)))


@welcome.post("")
@member(partner=ADMINS)
def this_is_us() -> Answer:
    """Step one: the company's facts, and what stands in every mail."""
    who = actor()
    form = ThisIsUsForm()
    if form.validate():
        try:
            logo = brand.ready(who, _logo(form))
            brand.save(who, _brand_input(form, brand.default_brand(who.organisation)), logo)
            organise.change(who, form.facts())
        except Invalid as error:
            discard()
            form.refuse(error.fields)
        else:
            flash("Saved. This is how you look in every mail and page.")
            return redirect(url_for("welcome.index"), 303)
    return _welcome_page(form), 422


@welcome.post("/website")
@member(partner=ADMINS)
def from_website() -> Answer:
    """Step one with what the company's website tells filled in; nothing is saved."""
    form = ThisIsUsForm()
    try:
        found = propose(actor(), form.website.data or "")
    except Invalid as error:
        form.refuse(error.fields)
        return _welcome_page(form), 422
    form.website.data, form.found_logo.data = found.website, found.logo
    form.sender_name.data = found.name or form.sender_name.data
    if found.colors:
        form.primary_color.data, form.call_color.data = found.colors
    return _welcome_page(form, found)


def _invitation(pid: str) -> Invitation:
    found = get_or_404(actor().organisation, Invitation, pid)
    if found.kind is not InvitationKind.PARTNER:
        raise NotFound()
    return found


def _partners_page(form: PartnerForm) -> str:
    vendor = actor().organisation
    rows = _rows(vendor)
    show, tier = request.args.get("show", "all"), request.args.get("tier", "")
    kept = [row for row in rows if not tier or row.terms.tier.casefold() == tier.casefold()]
    counts = {
        "all": len(kept),
        "active": sum(row.activity.is_active for row in kept),
        "nothing": sum(not row.activity.is_active for row in kept),
    }
    if show in ("active", "nothing"):
        kept = [row for row in kept if row.activity.is_active == (show == "active")]
    return render_template(
        "programs/partners.html",
        form=form,
        rows=kept,
        total=len(rows),
        active=sum(row.activity.is_active for row in rows),
        counts=counts,
        show=show if show in counts else "all",
        tier=tier,
        tiers=queries.tiers_of(vendor),
        invitations=invite.open_invitations(vendor, InvitationKind.PARTNER),
        now=now(),
    )


def _rows(vendor: Organisation) -> list[Row]:
    found = queries.partners_of(vendor)
    doings = activity(vendor, [partner.id for partner, _ in found])
    managers = queries.manager_names(vendor)
    return [
        Row(partner, terms, managers.get(terms.manager_id or 0), doings[partner.id])
        for partner, terms in found
    ]


def _welcome_page(form: ThisIsUsForm, found: Proposal | None = None) -> str:
    steps = first_steps(actor().organisation)
    return render_template(
        "programs/welcome.html",
        form=form,
        steps=steps,
        logo=brand.logo_of(actor().organisation, steps.brand),
        found=found,
        found_logo=picture_of(actor().organisation.pid, form.found_logo.data),
        cover=cover_url(steps.kits[0].version) if steps.kits else None,
        exists=current_app.view_functions,
    )


def _about_us(who: Actor, held: BrandProfile | None) -> ThisIsUsForm:
    organisation = who.organisation
    return ThisIsUsForm(
        formdata=None,
        name=organisation.name,
        country=organisation.country,
        timezone=organisation.timezone,
        currency=organisation.currency,
        sender_name=held.sender_name if held else organisation.name[:80],
        reply_to=held.reply_to if held else who.person.email,
        phone=held.phone if held else "",
        website=held.website if held else "",
        postal_address=held.postal_address if held else "",
    )


def _brand_input(form: ThisIsUsForm, held: BrandProfile | None) -> brand.BrandInput:
    return brand.BrandInput(
        primary_color=text_of(form.primary_color)
        or (held.primary_color if held else BrandProfile.primary_color.default.arg),
        call_color=text_of(form.call_color)
        or (held.call_color if held else BrandProfile.call_color.default.arg),
        legal_name=held.legal_name if held else text_of(form.name),
        postal_address=text_of(form.postal_address),
        phone=text_of(form.phone),
        website=text_of(form.website),
        sender_name=text_of(form.sender_name),
        reply_to=text_of(form.reply_to),
    )


def _logo(form: ThisIsUsForm) -> brand.Upload | str | None:
    """The file that was chosen, else the token of what was read from the website."""
    file = form.logo.data
    if file and file.filename:
        return brand.Upload(file.filename, file.read())
    return form.found_logo.data or None
