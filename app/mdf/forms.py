"""What people type about money: read strictly into Money and dates, so that operations get whole values or nothing."""

from typing import Any, TypeVar

from wtforms import (
    BooleanField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs are a release behind
from wtforms.validators import NumberRange

from app.web.forms import DateField, FileField, Form, MoneyField, Required, Short, stripped

T = TypeVar("T")


def sure(value: T | None) -> T:
    """The value of a field that the form has found filled in."""
    if value is None:
        raise ValueError("the form was not validated")
    return value


INVOICE_KINDS = (".pdf", ".png", ".jpg", ".jpeg")
INVOICE_MOST = 10 * 1024 * 1024


class AskForm(Form):
    """A plan for which money is asked. `asked` may stay empty: then all that is payable is meant."""

    activity = RadioField(
        "What do you spend money on", choices=[], validators=[Required("Choose what you spend money on.")]
    )
    title = StringField(
        "A name for it",
        filters=[stripped],
        validators=[Required("Give it a name, such as “Trade evening”."), Short(120)],
    )
    cost = MoneyField("What it costs, without VAT", validators=[Required("Say what it costs.")])
    asked = MoneyField("You ask for")
    starts_on = DateField("It starts", validators=[Required("Say when it starts.")])
    ends_on = DateField("It ends", validators=[Required("Say when it ends.")])
    supplier = StringField("Who does it", filters=[stripped], validators=[Short(120)])
    purpose = StringField(
        "In one sentence, what for",
        filters=[stripped],
        validators=[Required("Say in one sentence what for."), Short(200)],
    )
    shares_leads = BooleanField("Share the leads of this activity")


def ask_form(currency: str, choices: list[tuple[str, str]], **values: Any) -> AskForm:
    """The form in one currency, with these activities as (pid, name) to choose from."""

    class Bound(AskForm):
        cost = MoneyField(
            AskForm.cost.args[0], validators=[Required("Say what it costs.")], currency=currency
        )
        asked = MoneyField(AskForm.asked.args[0], currency=currency)

    form = Bound(**values)
    form.activity.choices = [SelectChoice(value, label) for value, label in choices]
    return form


class ClaimForm(Form):
    """The one thing a partner adds to a claim: the invoice."""

    number = StringField(
        "Invoice number", filters=[stripped], validators=[Required("Give the invoice’s number."), Short(60)]
    )
    supplier = StringField(
        "Who wrote it", filters=[stripped], validators=[Required("Say who wrote the invoice."), Short(120)]
    )
    issued_on = DateField("Date of the invoice", validators=[Required("Give the date on the invoice.")])
    amount = MoneyField("Amount without VAT", validators=[Required("Give the amount without VAT.")])
    file = FileField("The invoice itself", kinds=INVOICE_KINDS, most=INVOICE_MOST)


def claim_form(currency: str) -> ClaimForm:
    """The form in the request's currency."""

    class Bound(ClaimForm):
        amount = MoneyField(
            ClaimForm.amount.args[0], validators=[Required("Give the amount without VAT.")], currency=currency
        )

    return Bound()


DECISIONS = ("full", "less", "question", "no")


class DecisionForm(Form):
    """A vendor's decision: all of it, less, a question first, or no."""

    decision = RadioField(
        "Decision",
        choices=[SelectChoice(decision) for decision in DECISIONS],
        default="full",
        validators=[Required("Choose one.")],
    )
    amount = MoneyField("Amount, if less")
    reason = TextAreaField("Reason", filters=[stripped], validators=[Short(2000)])


def decision_form(currency: str) -> DecisionForm:
    """The form in the currency of what is decided."""

    class Bound(DecisionForm):
        amount = MoneyField(DecisionForm.amount.args[0], currency=currency)

    return Bound()


class AnswerForm(Form):
    """A partner's answer to a question."""

    text = TextAreaField(
        "Your answer", filters=[stripped], validators=[Required("Write your answer."), Short(2000)]
    )


class PaymentForm(Form):
    """A payment that was made."""

    reference = StringField(
        "Reference of the payment",
        filters=[stripped],
        validators=[Required("Give the reference of the payment."), Short(80)],
    )


class ActivityForm(Form):
    """One kind of activity that a fund pays for."""

    name = StringField(
        "Activity",
        filters=[stripped],
        validators=[Required("Name the activity, such as “Follow-up calls”."), Short(80)],
    )
    help = StringField("In a few words", filters=[stripped], validators=[Short(200)])
    rate = IntegerField(
        "Share of the cost",
        default=50,
        validators=[Required("Give the share."), NumberRange(1, 100, "Give a share from 1 to 100 percent.")],
    )
    cap = MoneyField("Up to", validators=[Required("Give the limit for one request.")])


class FundForm(ActivityForm):
    """A new fund with its first activity."""

    title = StringField(
        "Name of the fund",
        filters=[stripped],
        validators=[Required("Name the fund, such as “Growth 2026”."), Short(120)],
    )
    amount = MoneyField("Budget", validators=[Required("Give the budget.")])
    starts_on = DateField("First day", validators=[Required("Give the first day.")])
    ends_on = DateField(
        "Last day", validators=[Required("Give the last day. What isn’t claimed by then expires.")]
    )


def fund_form(currency: str) -> FundForm:
    """The form in the vendor's currency."""

    class Bound(FundForm):
        cap = MoneyField(
            FundForm.cap.args[0], validators=[Required("Give the limit for one request.")], currency=currency
        )
        amount = MoneyField(
            FundForm.amount.args[0], validators=[Required("Give the budget.")], currency=currency
        )

    return Bound()


def activity_form(currency: str) -> ActivityForm:
    """The form in the fund's currency."""

    class Bound(ActivityForm):
        cap = MoneyField(
            ActivityForm.cap.args[0],
            validators=[Required("Give the limit for one request.")],
            currency=currency,
        )

    return Bound()


class GiveForm(Form):
    """Money from a fund to a partner."""

    partner = SelectField("Partner", choices=[], validators=[Required("Choose one of your partners.")])
    amount = MoneyField("Amount", validators=[Required("Give the amount.")])
    why = StringField("What for", filters=[stripped], validators=[Short(200)])


def give_form(currency: str, partners: list[tuple[str, str]]) -> GiveForm:
    """The form in the fund's currency, with the partners as (pid, name)."""

    class Bound(GiveForm):
        amount = MoneyField(
            GiveForm.amount.args[0], validators=[Required("Give the amount.")], currency=currency
        )

    form = Bound()
    form.partner.choices = [
        SelectChoice(value, label) for value, label in [("", "Choose a partner"), *partners]
    ]
    return form
