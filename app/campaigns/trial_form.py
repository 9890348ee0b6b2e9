"""The forms of tests and of the seed list."""

from collections.abc import Mapping, Sequence

from wtforms import RadioField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs are a release behind
from wtforms.widgets import CheckboxInput, ListWidget

from app.web.forms import Form, Required, Short

ME = "me"
LISTED, TYPED = "listed", "typed"
Choices = Sequence[tuple[str, str]]


class Several(SelectMultipleField):
    """Boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class TrialForm(Form):
    """Which versions, to which addresses, with whose name in them."""

    versions = Several("Which mail", [Required("Choose at least one.")], choices=[])
    to = Several("To", [Required("Choose at least one.")], choices=[])
    source = RadioField(
        "With the words for",
        choices=[SelectChoice(LISTED, "Somebody from the list"), SelectChoice(TYPED, "Somebody I describe")],
        default=LISTED,
    )
    person = SelectField("Who", choices=[])
    first_name = StringField("First name", [Short(80)])
    last_name = StringField("Last name", [Short(80)])
    company = StringField("Company", [Short(160)])
    job_title = StringField("Job title", [Short(120)])

    def offer(self, versions: Choices, to: Choices, people: Choices) -> None:
        """Say what can be chosen; what isn't chosen yet is the first version, oneself, and the first person."""
        for field, choices in ((self.versions, versions), (self.to, to), (self.person, people)):
            field.choices = [SelectChoice(value, label) for value, label in choices]
        if not self.is_submitted():
            self.versions.data = [versions[0][0]] if versions else []
            self.to.data = [ME]

    def chosen(self, people: Mapping[str, dict[str, str]], own: dict[str, str]) -> dict[str, str]:
        """The sample person's fields."""
        if self.source.data == TYPED:
            names = ("first_name", "last_name", "company", "job_title")
            return {name: (self[name].data or "").strip() for name in names}
        return people.get(self.person.data or "", own)


class SeedForm(Form):
    """One more address."""

    address = StringField("Email address", [Required("Write an address."), Short(254)])
    name = StringField("Name", [Short(80)])
