"""The page of a partner's sender domain: the records to publish, what was found of each, and what to mend."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import ADMINS, ANYONE, actor, member
from app.clock import now
from app.domains import check, manage
from app.domains.forms import DomainForm, LocalForm
from app.domains.models import USABLE, SenderDomain
from app.errors import Conflict, Invalid, Refused
from app.flows import sender_domains

bp = Blueprint("sender", __name__, url_prefix="/sender-domain")
blueprints = [bp]

Answer = str | BaseResponse | tuple[str, int]
_LEAST = 5.0  # seconds between two looks at the DNS


@bp.get("")
@member(partner=ANYONE)
def show() -> Answer:
    """The domain with its records, or the question for one."""
    return _page()


@bp.post("")
@member(partner=ADMINS)
def add() -> Answer:
    """Name a domain."""
    form = DomainForm()
    if form.validate():
        try:
            manage.add(actor(), form.name.data or "")
        except Invalid as error:
            form.refuse(error.fields)
        except Conflict as error:
            flash(error.message, "error")
            return _here()
        else:
            flash("Your domain has its records. Give them to whoever keeps it.")
            return _here()
    return _page(form=form), 422


@bp.post("/check")
@member(partner=ADMINS)
def look() -> Answer:
    """Look the records up now."""
    domain = manage.named(actor())
    checked = domain.checked_at
    if checked is None or (now() - checked).total_seconds() >= _LEAST:
        found = check.check(domain.id)
        if found is not None:
            flash(_said(found))
    return _here("records")


@bp.post("/address")
@member(partner=ADMINS)
def address() -> Answer:
    """Choose what stands before the @."""
    form = LocalForm()
    if form.validate():
        try:
            manage.choose_local(actor(), form.local_part.data or "")
        except Invalid as error:
            form.refuse(error.fields)
        else:
            flash("Saved. Campaigns you launch from now on take it.")
            return _here()
    return _page(local=form), 422


@bp.post("/key")
@member(partner=ADMINS)
def key() -> Answer:
    """Make a new key."""
    try:
        manage.change_key(actor())
        flash(
            "A new key is made. Publish its record beside the old one: the old key signs until the new one is found."
        )
    except Refused as error:
        flash(error.message, "error")
    return _here("records")


@bp.post("/remove")
@member(partner=ADMINS)
def remove() -> Answer:
    """Take the domain out."""
    try:
        sender_domains.remove(actor())
        flash("The domain is taken out. Campaigns you launch go out from the platform’s own.")
    except Refused as error:
        flash(error.message, "error")
    return _here()


def _page(form: DomainForm | None = None, local: LocalForm | None = None) -> str:
    found = sender_domains.page(actor())
    domain: SenderDomain | None = found["domain"]
    before = domain.local_part if domain else ""
    return render_template(
        "domains/show.html",
        form=form or DomainForm(formdata=None),
        local=local or LocalForm(formdata=None, local_part=before),
        **found,
    )


def _said(domain: SenderDomain) -> str:
    if domain.status in USABLE and domain.failing_since is None:
        return "Looked up. Your domain is in use."
    return "Looked up. Below stands what was found of each record."


def _here(anchor: str | None = None) -> BaseResponse:
    return redirect(url_for("sender.show", _anchor=anchor), 303)
