"""The form of a brand; what it holds is checked by the operations, so that no way in is laxer than another."""

from wtforms import BooleanField, StringField, TextAreaField

from app.assets.brand import LIMITS, BrandInput, Upload
from app.assets.forms import PICTURES
from app.assets.models import BrandProfile
from app.web.forms import FileField, Form, Short

_MOST = 10 * 1024 * 1024


class BrandForm(Form):
    """A brand as a person types it. Each colour can be picked or typed; what was changed counts."""

    logo = FileField("Logo", kinds=PICTURES, most=_MOST)
    remove_logo = BooleanField("Take the logo out")
    primary_color = StringField("Main colour")
    primary_pick = StringField("Main colour, picked")
    call_color = StringField("Call to action")
    call_pick = StringField("Call to action, picked")
    legal_name = StringField("Legal name", [Short(LIMITS["legal_name"])])
    postal_address = TextAreaField("Postal address", [Short(LIMITS["postal_address"])])
    phone = StringField("Phone", [Short(LIMITS["phone"])])
    website = StringField("Website", [Short(LIMITS["website"])])
    sender_name = StringField("Sender name", [Short(LIMITS["sender_name"])])
    reply_to = StringField("Answers go to", [Short(LIMITS["reply_to"])])

    def given(self, brand: BrandProfile) -> BrandInput:
        """What to save, beside the `brand` as it is now."""
        return BrandInput(
            primary_color=_changed(self.primary_color.data, self.primary_pick.data, brand.primary_color),
            call_color=_changed(self.call_color.data, self.call_pick.data, brand.call_color),
            **{name: getattr(self, name).data or "" for name in LIMITS},
        )

    def upload(self) -> Upload | None:
        """The logo that came along, if one did."""
        file = self.logo.data
        if not file or not file.filename:
            return None
        return Upload(file.filename, file.read())


def _changed(typed: str | None, picked: str | None, was: str) -> str:
    """The colour that differs from the stored one: what was typed, else what was picked."""
    text, pick = (typed or "").strip(), (picked or "").strip()
    if text.lower() != was.lower():
        return text
    return pick or text
