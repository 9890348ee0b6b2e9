"""What people type about an address that bounced."""

from wtforms import StringField

from app.web.forms import Form, Required, Short, stripped


class AddressForm(Form):
    """The right address."""

    email = StringField("The right address", [Required("Type the address."), Short(254)], filters=[stripped])


class LiftForm(Form):
    """Why an address that bounced should be mailed again."""

    why = StringField(
        "How do you know that it works?", [Required("Say how you know."), Short(200)], filters=[stripped]
    )
