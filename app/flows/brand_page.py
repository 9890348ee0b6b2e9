"""What the brand page shows beside its form: logo on both grounds, colours out of it, samples, and the other brands."""

from typing import Any

from flask import url_for

from app.accounts.actor import Actor
from app.assets.brand import brands, gaps, logo_of
from app.assets.brand_fields import NETWORKS
from app.assets.brand_forms import BrandForm, BrandNameForm
from app.assets.brand_logo import facts_of
from app.assets.brand_site import picture_of
from app.assets.colors import clean_color, mended, pairs
from app.assets.models import BrandProfile
from app.assets.palette import suggest
from app.assets.queries import asset_of, media_url
from app.campaigns import brand_looks
from app.domains import manage, names
from app.errors import Invalid
from app.flows.brands import used_by
from app.render.filters import readable_on


def page(
    actor: Actor, brand: BrandProfile, form: BrandForm, colors: tuple[str, str], drawn: bool = True
) -> dict[str, Any]:
    """Everything the template names. `drawn`: with the kits' pieces; without them the browser asks for them."""
    partner, saved = actor.organisation, brand.id is not None
    facts, others = facts_of(brand), brands(partner)
    domain = manage.of(partner)
    logo, dark = logo_of(partner, brand), asset_of(partner, brand.dark_logo_id)
    return {
        "form": form,
        "brand": brand,
        "pid": brand.pid if saved and not brand.is_default else None,
        "saved": saved,
        "missing": gaps(brand),
        "found_logo": picture_of(partner.pid, form.found_logo.data),
        "logo": logo,
        "logo_url": media_url(logo) if logo else None,
        "dark_url": media_url(dark or logo) if logo else None,
        "source": asset_of(partner, brand.logo_source_id) or logo,
        "dark_source": asset_of(partner, brand.dark_source_id),
        "facts": facts,
        "networks": NETWORKS,
        "others": others,
        "tabs": [(b.name, url_for("brand.edit", pid=None if b.is_default else b.pid)) for b in others],
        "archived": brands(partner, archived=True),
        "uses": used_by(actor, brand) if saved else [],
        "name_form": BrandNameForm(formdata=None, name=brand.name),
        "new_form": BrandNameForm(formdata=None),
        "sender_domain": domain,
        "sender_name": names.shown(domain.name) if domain else "",
        **palette_of(actor, brand, colors, drawn),
    }


def palette_of(actor: Actor, brand: BrandProfile, colors: tuple[str, str], drawn: bool) -> dict[str, Any]:
    """Colours, their pairs, the mend of each weak one, and how the kits look in them; what is no colour falls back to what is stored."""
    chosen = (_read(colors[0], brand.primary_color), _read(colors[1], brand.call_color))
    facts = facts_of(brand)
    looks = brand_looks.looks(actor.organisation, brand, chosen) if drawn else None
    mends = {color: mended(color) for color in chosen if mended(color) != color}
    for look in looks or ():
        for color, better in look.mends.items():
            mends.setdefault(color, better)
    return {
        "primary": chosen[0],
        "call": chosen[1],
        "shown": [str(readable_on(color)) for color in chosen],  # as mails and pages draw them
        "pairs": pairs(*chosen),
        "mends": mends,
        "looks": looks,
        "suggestion": suggest(facts.colors) if facts else None,
    }


def _read(raw: str, stored: str) -> str:
    try:
        return clean_color(raw)
    except Invalid:
        return stored
