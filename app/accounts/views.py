"""The doors: sign-in and sign-out, the forgotten password, the accepted invitation, the switch between organisations.

Each view parses, calls one operation and renders; nobody has to be signed in here.
"""

import structlog
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from app.accounts import invite, join, passwords, reset, session, signin
from app.accounts.access import ANYONE, member, public, safe_next
from app.accounts.errors import NoSeat, Paused, WrongPassword
from app.accounts.forms import (
    ForgottenForm,
    NewcomerForm,
    NewPasswordForm,
    ReturningForm,
    SignInForm,
    text_of,
)
from app.accounts.models import Invitation, InvitationKind, Organisation, Person
from app.accounts.settings_views import bp as settings_bp
from app.errors import Invalid, NotFound
from app.programs.join import homes, join_partner
from app.settings import current

log = structlog.get_logger(__name__)

bp = Blueprint("accounts", __name__)
bp.app_context_processor(session.for_templates)
blueprints = [bp, settings_bp]

Answer = str | Response | tuple[str, int]


@bp.record_once
def _session_lifetime(state: BlueprintSetupState) -> None:
    state.app.permanent_session_lifetime = session.IDLE


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Answer:
    """The door."""
    onward = safe_next(request.args.get("next")) or "/"
    if session.signed_in() is not None and request.method == "GET":
        return redirect(onward, 303)
    form = SignInForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                person = signin.sign_in(text_of(form.email), text_of(form.password), _network())
            except (WrongPassword, NoSeat) as error:
                form.password.errors = [error.message]
            except Paused as error:
                status, form.password.errors = 429, [error.message]
            else:
                session.begin(person)
                log.info("sign_in.done", person_id=person.id)
                return redirect(onward, 303)
    return render_template("accounts/sign_in.html", form=form, host=current().app_host), status


@bp.post("/sign-out")
@public
def sign_out() -> Response:
    """Out of this browser. Nothing to sign out of is fine too."""
    session.end()
    flash("You are signed out.")
    return redirect(url_for("accounts.sign_in"), 303)


@bp.post("/switch")
@member(vendor=ANYONE, partner=ANYONE)
def switch() -> Response:
    """Work for another of one's organisations."""
    wanted = request.form.get("organisation")
    seat = next((seat for seat in session.seats() if seat.organisation.pid == wanted), None)
    if seat is None:
        raise NotFound()
    session.enter(seat.organisation)
    return redirect("/", 303)


@bp.route("/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> Answer:
    """Ask for a link to choose a new password; the answer is the same for every address."""
    form = ForgottenForm()
    if not form.validate_on_submit():
        return render_template(
            "accounts/forgotten.html", form=form, sent=False
        ), 422 if form.is_submitted() else 200
    try:
        reset.ask(text_of(form.email), _network())
    except Paused as error:
        form.email.errors = [error.message]
        return render_template("accounts/forgotten.html", form=form, sent=False), 429
    return render_template("accounts/forgotten.html", form=form, sent=True)


@bp.route("/new-password/<token>", methods=["GET", "POST"], endpoint="reset")
@public
def new_password(token: str) -> Answer:
    """Choose a new password through a link by mail."""
    person = reset.read(token)
    form = NewPasswordForm()
    if form.validate_on_submit():
        trouble = passwords.trouble(text_of(form.password), person.email, person.name)
        if trouble is None:
            reset.choose(person, text_of(form.password))
            _enter(person, None)
            flash("Your password is changed, and every other browser is signed out.")
            return redirect("/" if session.signed_in() else url_for("accounts.sign_in"), 303)
        form.password.errors = [trouble]
    return render_template(
        "accounts/reset.html", form=form, person=person
    ), 422 if form.is_submitted() else 200


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@public
def invitation(token: str) -> Answer:
    """Accept an invitation: as a newcomer with a name and a password, or with the account one has."""
    held, organisation = invite.read(token)
    person = signin.person_by_email(held.email)
    if person is None:
        return _newcomer(token, held, organisation)
    return _returning(token, held, organisation, person)


def _newcomer(token: str, held: Invitation, organisation: Organisation) -> Answer:
    form = NewcomerForm(name=held.name)
    if form.validate_on_submit():
        try:
            person = join.new_person(held, text_of(form.name), text_of(form.password))
        except Invalid as error:
            form.refuse(error.fields)
        else:
            return _join(token, person, None)
    return _invitation_page(form, held, organisation, newcomer=True)


def _returning(token: str, held: Invitation, organisation: Organisation, person: Person) -> Answer:
    actor = session.signed_in()
    known = actor is not None and actor.person.id == person.id
    form = ReturningForm()
    own = homes(person) if held.kind is InvitationKind.PARTNER else []
    form.offer(held.partner_name or "", own)
    if form.validate_on_submit():
        try:
            if not known:
                signin.check(held.email, text_of(form.password), _network())
        except (WrongPassword, Paused) as error:
            form.password.errors = [error.message]
        else:
            home = next((home for home in own if home.pid == form.home.data), None)
            return _join(token, person, home)
    return _invitation_page(form, held, organisation, known=known, homes=own)


def _invitation_page(form: object, held: Invitation, organisation: Organisation, **values: object) -> Answer:
    by = invite.inviter(held, organisation)
    page = render_template(
        "accounts/invitation.html",
        form=form,
        invitation=held,
        organisation=organisation,
        inviter=by,
        **values,
    )
    return page, 422 if request.method == "POST" else 200


def _join(token: str, person: Person, home: Organisation | None) -> Response:
    held, organisation = invite.read(token, lock=True)
    if held.kind is InvitationKind.PARTNER:
        partner = join_partner(held, organisation, person, home)
        _enter(person, partner)
        flash(f"{partner.name} is now a partner of {organisation.name}.")
        return redirect(url_for("welcome.index"), 303)
    join.join_team(held, organisation, person)
    _enter(person, organisation)
    flash(f"You now work for {organisation.name}.")
    return redirect("/", 303)


def _enter(person: Person, organisation: Organisation | None) -> None:
    if signin.has_seat(person):
        signin.arrived(person)
        session.begin(person, organisation.id if organisation else None)


def _network() -> str:
    return request.remote_addr or "unknown"
