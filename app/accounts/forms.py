"""What people type at the doors and in the settings of their organisation."""

from collections.abc import Iterable
from typing import Any

from email_validator import EmailNotValidError, validate_email
from wtforms import EmailField, PasswordField, RadioField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs are a release behind
from wtforms.validators import Optional

from app.accounts.invite import roles_for
from app.accounts.models import Organisation, OrganisationKind, Role
from app.accounts.organise import CURRENCIES, Facts, countries, timezones
from app.web.forms import Form, Required, Short, stripped

ROLE_WORDS = {
    Role.ADMIN: "Administrator",
    Role.MARKETER: "Marketer",
    Role.APPROVER: "Funds approver",
    Role.VIEWER: "Viewer",
}
ROLE_NOTES = {
    Role.ADMIN: "Everything, with people and settings",
    Role.MARKETER: "Makes and launches; no people, no settings",
    Role.APPROVER: "Decides on money; changes nothing else",
    Role.VIEWER: "Looks, changes nothing",
}


def options(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """Values and their words, as the fields of this release of WTForms want them."""
    return [SelectChoice(str(value), words) for value, words in pairs]


def text_of(field: Any) -> str:
    """What was typed into a text field; nothing typed is an empty text."""
    return str(field.data or "")


def one_address(_form: Any, field: Any) -> None:
    """A validator: one address that could exist."""
    try:
        validate_email(field.data or "", check_deliverability=False)
    except EmailNotValidError:
        raise ValidationError("Write one address, such as anne@company.example.") from None


def one_line(_form: Any, field: Any) -> None:
    """A validator: no line breaks or other control characters, since names stand in headers of mails."""
    if any(not char.isprintable() for char in field.data or ""):
        raise ValidationError("Write it on one line.")


class SignInForm(Form):
    """Address and password."""

    email = EmailField("Work email", [Required("Write your work email.")], filters=[stripped])
    password = PasswordField("Password", [Required("Write your password.")])


class ForgottenForm(Form):
    """The address to mail a link to."""

    email = EmailField("Work email", [Required("Write your work email."), one_address], filters=[stripped])


class NewPasswordForm(Form):
    """A new password, after a link by mail."""

    password = PasswordField("New password", [Required("Choose a password.")])


class ChangePasswordForm(Form):
    """A new password, by somebody who knows the present one."""

    current = PasswordField("Present password", [Required("Write your present password.")])
    password = PasswordField("New password", [Required("Choose a password.")])


class NewcomerForm(Form):
    """Who accepts an invitation for the first time."""

    name = StringField("Your name", [Required("Write your name."), Short(120), one_line], filters=[stripped])
    password = PasswordField("Choose a password", [Required("Choose a password.")])


class ReturningForm(Form):
    """Who accepts an invitation and has an account: the password, unless signed in; for partners the company."""

    password = PasswordField("Your password", [Optional()])
    home = RadioField("Join as", [Optional()], choices=[], default="", validate_choice=True)

    def offer(self, new_name: str, homes: list[Organisation]) -> None:
        """Let them choose between a new company and those they run."""
        self.home.choices = [
            ("", f"{new_name}, a new company here"),
            *((home.pid, home.name) for home in homes),
        ]


class InviteForm(Form):
    """A colleague to invite."""

    name = StringField(
        "Name", [Required("Write the person’s name."), Short(120), one_line], filters=[stripped]
    )
    email = EmailField(
        "Work email", [Required("Write the person’s work email."), one_address], filters=[stripped]
    )
    role = SelectField("Role", coerce=Role)

    def offer(self, kind: OrganisationKind) -> None:
        """Offer the roles of this kind of organisation, the marketer first in mind."""
        self.role.choices = options((role, ROLE_WORDS[role]) for role in roles_for(kind))
        if not self.is_submitted() or self.role.data is None:
            self.role.data = Role.MARKETER


class RoleForm(Form):
    """A colleague's new role."""

    role = SelectField("Role", coerce=Role, choices=options(ROLE_WORDS.items()))


class OrganisationForm(Form):
    """An organisation's own facts."""

    name = StringField(
        "Name", [Required("Write the organisation’s name."), Short(120), one_line], filters=[stripped]
    )
    country = SelectField("Country", choices=options(countries()))
    timezone = SelectField(
        "Time zone", choices=options((zone, zone.replace("_", " ")) for zone in timezones())
    )
    currency = SelectField("Currency", choices=options((code, code) for code in CURRENCIES))

    def facts(self) -> Facts:
        """What was typed, as the operation takes it."""
        return Facts(text_of(self.name), self.country.data, self.timezone.data, self.currency.data)
