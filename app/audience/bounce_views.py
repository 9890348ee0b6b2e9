"""Addresses that bounced: the list, and for each the mend. They sit beside the contacts' other pages."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ANYONE, EDITORS, actor, member
from app.audience import queries
from app.audience.bounce_forms import AddressForm, LiftForm
from app.audience.correct import bounce_of, correct_address
from app.audience.models import Contact
from app.delivery.returned import queries as returned
from app.delivery.returned.lifted import mail_again
from app.errors import Invalid
from app.web.boundary import discard
from app.web.paging import wanted

bp = Blueprint("bounced", __name__, url_prefix="/contacts")

Answer = str | BaseResponse | tuple[str, int]


@bp.get("/bounced")
@member(partner=ANYONE)
def index() -> Answer:
    """Every address that is not mailed any more because mail came back."""
    page = returned.bounced_addresses(actor().organisation, wanted(request.args.get("page")))
    return render_template("audience/bounced.html", page=page)


@bp.get("/<pid>/address")
@member(partner=EDITORS)
def address(pid: str) -> Answer:
    """Correct the address, or say why it should be mailed again."""
    return _page(queries.contact(actor().organisation, pid), AddressForm(), LiftForm())


@bp.post("/<pid>/address")
@member(partner=EDITORS)
def correct(pid: str) -> Answer:
    """The right address."""
    person, form = queries.contact(actor().organisation, pid), AddressForm()
    if not form.validate_on_submit():
        return _page(person, form, LiftForm(formdata=None)), 422
    try:
        correct_address(actor(), person, form.email.data or "")
    except Invalid as error:
        discard()
        form.refuse(error.fields)
        return _page(queries.contact(actor().organisation, pid), form, LiftForm(formdata=None)), 422
    flash("Corrected. What the old address said stays with the old address.")
    return redirect(url_for("contacts.show", pid=pid), 303)


@bp.post("/<pid>/mail-again")
@member(partner=EDITORS)
def lift(pid: str) -> Answer:
    """Mail it again, with a reason and in a person's name."""
    person, form = queries.contact(actor().organisation, pid), LiftForm()
    if not form.validate_on_submit():
        return _page(person, AddressForm(formdata=None), form), 422
    mail_again(actor(), person, form.why.data or "")
    flash("It may be mailed again. If it bounces once more, it stops again.")
    return redirect(url_for("contacts.show", pid=pid), 303)


def _page(person: Contact, form: AddressForm, again: LiftForm) -> str:
    partner = actor().organisation
    return render_template(
        "audience/address.html",
        person=person,
        form=form,
        again=again,
        has_bounced=bounce_of(partner.id, person) is not None,
        came_back=returned.of_contact(partner, person, most=5),
    )
