"""Forms of leads and deals; each hands over a frozen dataclass or plain words."""

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.leads.deals import NewDeal
from app.web.forms import DateField, Form, MoneyField


class NoteForm(Form):
    """What was said or agreed."""

    text = TextAreaField("Note or call", [InputRequired("Write what was said or agreed."), Length(max=4000)])


class HandOverForm(Form):
    """To whom."""

    person = SelectField("Hand over to", choices=[])


class DealForm(Form):
    """A deal as it is registered."""

    account = StringField("Customer", [InputRequired("Say which company it is."), Length(max=160)])
    title = StringField(
        "What they want to buy", [InputRequired("Say in a few words what it is."), Length(max=160)]
    )
    amount = MoneyField("Amount, without VAT", [InputRequired("Give the amount.")])
    expected_on = DateField("Expected to close on", [Optional()])

    def new_deal(self) -> NewDeal:
        """The deal as typed."""
        assert self.amount.data is not None  # noqa: S101 - validated: the field is required
        return NewDeal(
            account=(self.account.data or "").strip(),
            title=(self.title.data or "").strip(),
            amount=self.amount.data,
            expected_on=self.expected_on.data,
        )
