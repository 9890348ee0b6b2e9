"""Prospects' pages about what they get: the preference centre behind each mail's link, and the button that confirms a yes on a form.

Reading either changes nothing: scanners follow every link.
"""

from flask import Blueprint, g, render_template, request

from app.accounts.access import public
from app.assets.brand import default_brand
from app.audience import opt_in as opt_ins
from app.campaigns.prepare import as_partner
from app.errors import Invalid
from app.flows import choices as held
from app.flows import unsubscribe as no
from app.web import hosts

choices = hosts.public(Blueprint("choices", __name__))
blueprints = [choices]

Answer = str | tuple[str, int]
_FIELDS = {"topic", "often", "tracking", "language"}


@choices.get("/u/<token>/choices")
@public
def centre(token: str) -> Answer:
    """What one gets, how often, about what."""
    return _centre(token, no.recipient(token))


@choices.post("/u/<token>/choices")
@public
def save(token: str) -> Answer:
    """Keep what was chosen."""
    person = no.recipient(token)
    if not set(request.form) <= _FIELDS:
        raise Invalid("This form doesn’t fit the page. Load it again.")
    answers = held.Answers(
        frozenset(request.form.getlist("topic")),
        request.form.get("often", ""),
        "tracking" in request.form,
        request.form.get("language", ""),
    )
    held.save(person, answers)
    return _centre(token, person, saved=True)


def _centre(token: str, person: no.Recipient, saved: bool = False) -> str:
    g.timezone = person.partner.timezone
    return render_template(
        "audience/choices.html",
        token=token,
        person=person,
        looks=person.looks,
        centre=held.centre(person),
        said_no=no.said_no_at(person),
        saved=saved,
    )


@choices.get("/y/<token>")
@public
def opt_in(token: str) -> Answer:
    """Was it you? One button."""
    return _opt_in(token)


@choices.post("/y/<token>")
@public
def confirm(token: str) -> Answer:
    """It was: the yes counts."""
    opt_ins.confirm(opt_ins.asked(token))
    return _opt_in(token)


def _opt_in(token: str) -> str:
    row = opt_ins.asked(token)
    partner = opt_ins.partner_of(row)
    g.timezone = partner.timezone
    looks = as_partner(default_brand(partner), partner)
    return render_template(
        "audience/opt_in.html", token=token, row=row, looks=looks, address=opt_ins.address_of(row)
    )
