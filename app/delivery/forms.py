"""What people type on the launch page and about an uncertain message."""

from datetime import datetime, time

from wtforms import BooleanField, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs are a release behind
from wtforms.validators import AnyOf, Regexp

from app.delivery.control import Knows
from app.web.forms import DateField, Form, TimeField

NOW, LATER = "now", "later"


class LaunchForm(Form):
    """When to launch, and to how many people as the page said."""

    when = RadioField(
        "When",
        choices=[SelectChoice(NOW, "At once"), SelectChoice(LATER, "On a day")],
        default=NOW,
        validators=[AnyOf([NOW, LATER])],
    )
    day = DateField("Day")
    time = TimeField("Time", default=time(9, 30))
    people = HiddenField(validators=[Regexp(r"[0-9]{1,9}")])
    share_leads = BooleanField("")

    @property
    def local(self) -> datetime | None:
        """The planned time on the clock of the campaign's zone; None for at once."""
        if self.when.data != LATER or self.day.data is None or self.time.data is None:
            return None
        return datetime.combine(self.day.data, self.time.data)

    def validate_day(self, field: DateField) -> None:
        """A day is needed only for later."""
        if self.when.data == LATER and not field.data and not field.errors:
            field.errors = [*field.errors, "Choose the day."]

    def validate_time(self, field: TimeField) -> None:
        """A time is needed only for later."""
        if self.when.data == LATER and not field.data and not field.errors:
            field.errors = [*field.errors, "Choose the time."]


class ResendForm(Form):
    """How somebody knows that an uncertain message should go out again."""

    knows = RadioField(
        "How do you know",
        choices=[
            SelectChoice(Knows.ASKED, "I asked: it did not arrive"),
            SelectChoice(Knows.HARMLESS, "I don’t know, and a second copy does no harm"),
        ],
        default=Knows.ASKED,
        validators=[AnyOf(list(Knows))],
    )
