"""What people type to invite a partner, and what a new partner says about itself."""

from wtforms import EmailField, HiddenField, StringField, TextAreaField
from wtforms.validators import Optional

from app.accounts.forms import OrganisationForm, one_address, one_line, text_of
from app.programs.invite import Offer
from app.web.forms import FileField, Form, Required, Short, stripped

PICTURES = (".svg", ".png", ".jpg", ".jpeg", ".webp")


class PartnerForm(Form):
    """A company to invite, through one person there."""

    company = StringField(
        "Company", [Required("Write the company’s name."), Short(120), one_line], filters=[stripped]
    )
    name = StringField(
        "Name of one person there",
        [Required("Write the person’s name."), Short(120), one_line],
        filters=[stripped],
    )
    email = EmailField(
        "Their work email", [Required("Write the person’s work email."), one_address], filters=[stripped]
    )
    tier = StringField("Tier", [Optional(), Short(40), one_line], filters=[stripped])
    region = StringField("Region", [Optional(), Short(80), one_line], filters=[stripped])

    def offer(self) -> Offer:
        """What was typed, as the operation takes it."""
        return Offer(
            text_of(self.company),
            text_of(self.name),
            text_of(self.email),
            text_of(self.tier),
            text_of(self.region),
        )


class ThisIsUsForm(OrganisationForm):
    """A partner's first page: what stands in every mail, and where they are at home."""

    sender_name = StringField(
        "Sender name",
        [Required("Write the name that people see in their inbox."), Short(80), one_line],
        filters=[stripped],
    )
    reply_to = EmailField(
        "Answers go to", [Required("Write the address that answers go to."), one_address], filters=[stripped]
    )
    phone = StringField("Phone", [Optional(), Short(40), one_line], filters=[stripped])
    website = StringField("Website", [Optional(), Short(300), one_line], filters=[stripped])
    postal_address = TextAreaField(
        "Postal address",
        [
            Required("Write street, postcode and town. The law wants the full address in each mail."),
            Short(300),
        ],
        filters=[stripped],
    )
    logo = FileField("Your logo", [Optional()], kinds=PICTURES, most=10 * 1024 * 1024)
    found_logo = HiddenField()  # what was read from the website, until it is saved
    primary_color = HiddenField()
    call_color = HiddenField()
