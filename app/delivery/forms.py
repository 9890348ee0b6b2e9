"""What people type on the launch page and about an uncertain message."""

from wtforms import BooleanField, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs are a release behind
from wtforms.validators import AnyOf, Regexp

from app.campaigns.when_form import LATER, NOW, WhenForm
from app.delivery.control import Knows
from app.web.forms import Form

__all__ = ["LATER", "NOW", "LaunchForm", "ResendForm"]


class LaunchForm(WhenForm):
    """When to launch, and to how many people as the page said."""

    people = HiddenField(validators=[Regexp(r"[0-9]{1,9}")])
    share_leads = BooleanField("")


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
