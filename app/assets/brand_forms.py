"""The forms of the brand pages; what they hold is checked by the operations, so that no way in is laxer than another."""

from wtforms import BooleanField, HiddenField, StringField, TextAreaField

from app.assets.brand import MAX_NAME, BrandInput, Upload
from app.assets.brand_fields import LIMITS, MOST_SOCIAL, NETWORKS
from app.assets.colors import clean_color
from app.assets.models import BrandProfile
from app.errors import Invalid
from app.web.forms import FileField, Form, Short

LOGOS = (".svg", ".png", ".jpg", ".jpeg", ".webp")
COLOURS = ("primary", "call")
_MOST = 10 * 1024 * 1024


class BrandForm(Form):
    """A brand as a person types it. Each colour can be picked or typed; what was changed counts."""

    logo = FileField("Logo", kinds=LOGOS, most=_MOST)
    found_logo = HiddenField()
    remove_logo = BooleanField("Take the logo out")
    plate = BooleanField("Put it on a plate in the main colour")
    dark_logo = FileField("Logo for dark grounds", kinds=LOGOS, most=_MOST)
    remove_dark_logo = BooleanField("Take the logo for dark grounds out")
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
    linkedin = StringField(NETWORKS["linkedin"].label, [Short(MOST_SOCIAL)])
    facebook = StringField(NETWORKS["facebook"].label, [Short(MOST_SOCIAL)])
    instagram = StringField(NETWORKS["instagram"].label, [Short(MOST_SOCIAL)])
    youtube = StringField(NETWORKS["youtube"].label, [Short(MOST_SOCIAL)])
    x = StringField(NETWORKS["x"].label, [Short(MOST_SOCIAL)])
    tiktok = StringField(NETWORKS["tiktok"].label, [Short(MOST_SOCIAL)])
    xing = StringField(NETWORKS["xing"].label, [Short(MOST_SOCIAL)])
    bluesky = StringField(NETWORKS["bluesky"].label, [Short(MOST_SOCIAL)])

    @classmethod
    def of(cls, brand: BrandProfile) -> "BrandForm":
        """The form as the brand is now."""
        return cls(
            formdata=None, obj=brand, primary_pick=brand.primary_color, call_pick=brand.call_color,
            plate=bool(brand.logo_plate), **(brand.social or {}),
        )  # fmt: skip

    def given(self, brand: BrandProfile) -> BrandInput:
        """What to save, beside the `brand` as it is now."""
        main, call = self.colors(brand)
        return BrandInput(
            primary_color=main,
            call_color=call,
            social={name: self[name].data or "" for name in NETWORKS},
            **{name: getattr(self, name).data or "" for name in LIMITS},
        )

    def colors(self, brand: BrandProfile) -> tuple[str, str]:
        """Main colour and call to action as they were typed or picked."""
        return (
            _changed(self.primary_color.data, self.primary_pick.data, brand.primary_color),
            _changed(self.call_color.data, self.call_pick.data, brand.call_color),
        )

    def take(self, wanted: str) -> None:
        """Put proposed colours into the form, nothing saved: `primary #15324b call #b9431a`. Raises Invalid for anything else."""
        words = wanted.split()
        for name, raw in zip(words[::2], words[1::2], strict=False):
            if name not in COLOURS:
                raise Invalid("There is no such colour.")
            color = clean_color(raw)
            self[f"{name}_color"].data = self[f"{name}_pick"].data = color

    def upload(self, name: str = "logo") -> Upload | None:
        """The logo that came along, if one did."""
        file = self[name].data
        if not file or not file.filename:
            return None
        return Upload(file.filename, file.read())


class BrandNameForm(Form):
    """What colleagues call a brand."""

    name = StringField("Name of the brand", [Short(MAX_NAME)])


def _changed(typed: str | None, picked: str | None, was: str) -> str:
    """The colour that differs from the stored one: what was typed, else what was picked."""
    text, pick = (typed or "").strip(), (picked or "").strip()
    if text.lower() != was.lower():
        return text
    return pick or text
