"""What people choose about a campaign's time: at once or on a day, on whose clock, and the hours it may go out in.

Everything but the first question has a default, so that whoever doesn't care chooses nothing.
"""

from datetime import datetime, time

from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs are a release behind
from wtforms.validators import AnyOf

from app.accounts.organise import timezones
from app.campaigns.models import Campaign, Clock
from app.campaigns.zones import Window, meant
from app.clock import local, now
from app.web.forms import DateField, Form, TimeField

NOW, LATER = "now", "later"
ANY, WITHIN = "any", "within"
_USUAL, _MORNING, _EVENING = time(9, 30), time(8), time(18)
_DAYS = {"weekdays": range(5), "six": range(6), "all": range(7)}


class WhenForm(Form):
    """When, on whose clock, within which hours."""

    when = RadioField(
        "When",
        choices=[SelectChoice(NOW, "At once"), SelectChoice(LATER, "On a day")],
        default=NOW,
        validators=[AnyOf([NOW, LATER])],
    )
    day = DateField("Day")
    time = TimeField("Time", default=_USUAL)
    clock = RadioField(
        "On whose clock",
        choices=[
            SelectChoice(Clock.CAMPAIGN, "One moment for everybody"),
            SelectChoice(Clock.PERSON, "Each person’s own"),
        ],
        default=Clock.CAMPAIGN,
        validators=[AnyOf(list(Clock))],
    )
    zone = SelectField("Time zone", validate_choice=False)
    hours = RadioField(
        "Hours",
        choices=[SelectChoice(ANY, "Any hour"), SelectChoice(WITHIN, "Only within these hours")],
        default=ANY,
        validators=[AnyOf([ANY, WITHIN])],
    )
    days = SelectField(
        "Days",
        choices=[
            SelectChoice("weekdays", "Monday to Friday"),
            SelectChoice("six", "Monday to Saturday"),
            SelectChoice("all", "Every day"),
        ],
        default="weekdays",
    )
    opens = TimeField("From", default=_MORNING)
    closes = TimeField("Until", default=_EVENING)

    @property
    def local(self) -> datetime | None:
        """The planned time on the wall's clock; None for at once."""
        if self.when.data != LATER or self.day.data is None or self.time.data is None:
            return None
        return datetime.combine(self.day.data, self.time.data)

    @property
    def window(self) -> Window | None:
        """The hours it may go out in; None for any, and for hours that never open."""
        opens, closes = self.opens.data, self.closes.data
        days = frozenset(_DAYS.get(self.days.data or "", ()))
        if self.hours.data != WITHIN or not days or not opens or not closes or opens >= closes:
            return None
        return Window(days, opens, closes)

    def prepare(self, campaign: Campaign, fill: bool) -> None:
        """Offer the zones, and with `fill` show what is planned for a campaign."""
        self.zone.choices = [SelectChoice(name, name.replace("_", " ")) for name in _zones(campaign.timezone)]
        if not self.zone.data:
            self.zone.data = campaign.timezone
        if not fill:
            return
        planned = campaign.planned_for
        if planned is None and campaign.scheduled_at is not None:
            planned = local(campaign.scheduled_at, campaign.timezone)
        if planned is not None and meant(planned, campaign.timezone).moment > now():
            self.when.data, self.day.data = LATER, planned.date()
            self.time.data = planned.time().replace(second=0, microsecond=0)
        self.clock.data = campaign.clock
        window = Window.from_json(campaign.send_window)
        if window is not None:
            named = {frozenset(days): name for name, days in _DAYS.items()}
            self.hours.data, self.days.data = WITHIN, named.get(window.days, "all")
            self.opens.data, self.closes.data = window.opens, window.closes

    def validate_day(self, field: DateField) -> None:
        """A day is needed only for later."""
        if self.when.data == LATER and not field.data and not field.errors:
            field.errors = [*field.errors, "Choose the day."]

    def validate_time(self, field: TimeField) -> None:
        """A time is needed only for later."""
        if self.when.data == LATER and not field.data and not field.errors:
            field.errors = [*field.errors, "Choose the time."]

    def validate_closes(self, field: TimeField) -> None:
        """Hours end after they begin."""
        opens = self.opens.data
        if (
            self.hours.data == WITHIN
            and not (opens and field.data and opens < field.data)
            and not field.errors
        ):
            field.errors = [*field.errors, "Choose an hour after the first one."]


def _zones(own: str) -> tuple[str, ...]:
    return timezones() if own in timezones() else (own, *timezones())
