"""The settings of an organisation: its people, its facts, one's own password, and the log of who did what."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts import history, invite, organise, passwords, reset, session, team
from app.accounts.access import ADMINS, ANYONE, actor, member
from app.accounts.errors import Paused, WrongPassword
from app.accounts.forms import (
    ROLE_NOTES,
    ROLE_WORDS,
    ChangePasswordForm,
    InviteForm,
    OrganisationForm,
    RoleForm,
    text_of,
)
from app.accounts.models import Invitation, InvitationKind, Membership
from app.accounts.signin import check
from app.clock import now
from app.db import get_or_404
from app.errors import Invalid, NotFound
from app.web.csv import csv_response
from app.web.paging import wanted

bp = Blueprint("settings", __name__, url_prefix="/settings")

Answer = str | Response | tuple[str, int]
_HERE = "settings.index"


@bp.get("")
@member(vendor=ANYONE, partner=ANYONE)
def index() -> Answer:
    """People, open invitations, the organisation's facts, one's own password."""
    return _page()


@bp.post("/organisation")
@member(vendor=ADMINS, partner=ADMINS)
def organisation() -> Answer:
    """Change the organisation's facts."""
    form = OrganisationForm(prefix="organisation-")
    if form.validate():
        try:
            organise.change(actor(), form.facts())
        except Invalid as error:
            form.refuse(error.fields)
        else:
            return _done("Saved.")
    return _page(organisation_form=form), 422


@bp.post("/invitations")
@member(vendor=ADMINS, partner=ADMINS)
def invite_colleague() -> Answer:
    """Invite a colleague."""
    form = InviteForm(prefix="invite-")
    form.offer(actor().organisation.kind)
    if form.validate():
        try:
            invite.invite_colleague(actor(), text_of(form.email), text_of(form.name), form.role.data)
        except Invalid as error:
            form.refuse(error.fields)
        else:
            return _done(f"{text_of(form.name)} is invited. The link works for 14 days.")
    return _page(invite_form=form), 422


@bp.post("/invitations/<pid>/resend")
@member(vendor=ADMINS, partner=ADMINS)
def resend(pid: str) -> Response:
    """Mail an invitation again."""
    invite.resend(actor(), _colleague(pid))
    return _done("Sent again. The link works for another 14 days.")


@bp.post("/invitations/<pid>/revoke")
@member(vendor=ADMINS, partner=ADMINS)
def revoke(pid: str) -> Response:
    """Withdraw an invitation."""
    invite.revoke(actor(), _colleague(pid))
    return _done("Withdrawn. The link in the mail works no more.")


@bp.post("/team/<pid>/role")
@member(vendor=ADMINS, partner=ADMINS)
def change_role(pid: str) -> Response:
    """Give a colleague another role."""
    membership = get_or_404(actor().organisation, Membership, pid)
    form = RoleForm()
    if not form.validate():
        raise Invalid("Choose one of the roles offered.")
    team.change_role(actor(), membership, form.role.data)
    return _done(f"Changed to {ROLE_WORDS[form.role.data].lower()}.")


@bp.post("/team/<pid>/remove")
@member(vendor=ADMINS, partner=ADMINS)
def remove(pid: str) -> Response:
    """Take a colleague's seat."""
    membership = get_or_404(actor().organisation, Membership, pid)
    team.remove(actor(), membership)
    return _done("Removed from the team.")


@bp.post("/password")
@member(vendor=ANYONE, partner=ANYONE)
def password() -> Answer:
    """Change one's own password; every other browser is signed out."""
    form = ChangePasswordForm(prefix="password-")
    if form.validate() and _changed(form):
        return _done("Your password is changed, and every other browser is signed out.")
    return _page(password_form=form), 422


@bp.post("/sessions/end")
@member(vendor=ANYONE, partner=ANYONE)
def end_sessions() -> Response:
    """Sign out everywhere else."""
    who = actor()
    session.end_everywhere(who.person)
    session.begin(who.person, who.organisation.id)
    return _done("Every other browser is signed out.")


@bp.get("/log")
@member(vendor=ADMINS, partner=ADMINS)
def log() -> str:
    """Who did what, newest first."""
    page = history.page(actor().organisation, wanted(request.args.get("page")))
    return render_template("accounts/log.html", page=page)


@bp.get("/log.csv")
@member(vendor=ADMINS, partner=ADMINS)
def log_csv() -> Response:
    """The whole log as a file."""
    return csv_response("log.csv", history.COLUMNS, history.rows(actor().organisation))


def _changed(form: ChangePasswordForm) -> bool:
    who = actor()
    try:
        check(who.person.email, text_of(form.current), request.remote_addr or "unknown")
    except WrongPassword as error:
        form.current.errors = [
            error.message.replace("Email and password don’t match.", "This isn’t your present password.")
        ]
        return False
    except Paused as error:
        form.current.errors = [error.message]
        return False
    trouble = passwords.trouble(
        text_of(form.password), who.person.email, who.person.name, who.organisation.name
    )
    if trouble:
        form.password.errors = [trouble]
        return False
    reset.choose(who.person, text_of(form.password))
    session.begin(who.person, who.organisation.id)
    return True


def _colleague(pid: str) -> Invitation:
    found = get_or_404(actor().organisation, Invitation, pid)
    if found.kind is not InvitationKind.COLLEAGUE:
        raise NotFound()
    return found


def _page(**forms: Any) -> str:
    who = actor()
    values = {
        "organisation_form": OrganisationForm(prefix="organisation-", formdata=None, obj=who.organisation),
        "invite_form": InviteForm(prefix="invite-", formdata=None),
        "password_form": ChangePasswordForm(prefix="password-", formdata=None),
        **forms,
    }
    values["invite_form"].offer(who.organisation.kind)
    return render_template(
        "accounts/settings.html",
        team=team.team(who.organisation),
        invitations=invite.open_invitations(who.organisation, InvitationKind.COLLEAGUE),
        roles=_role_choices(invite.roles_for(who.organisation.kind)),
        role_words=ROLE_WORDS,
        role_notes=ROLE_NOTES,
        now=now(),
        **values,
    )


def _role_choices(roles: Iterable[Any]) -> list[tuple[str, str]]:
    return [(str(role), ROLE_WORDS[role]) for role in roles]


def _done(words: str) -> Response:
    flash(words)
    return redirect(url_for(_HERE), 303)
