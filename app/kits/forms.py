"""The forms of a vendor's kits: uploading one, publishing a version, recalling it."""

from wtforms import TextAreaField

from app.web.forms import FileField, Form, Required, Short

MOST = 60 * 1024 * 1024


class UploadForm(Form):
    """A kit as a zip."""

    kit = FileField("The kit as a zip", kinds=(".zip",), most=MOST)


class PublishForm(Form):
    """What is new in the version, for the partners who use the one before it."""

    change_summary = TextAreaField(
        "What is new, in a sentence",
        [Required("Say what is new. Partners read it beside the kit."), Short(500)],
    )


class RecallForm(Form):
    """Why a version is withdrawn."""

    reason = TextAreaField(
        "Why it is recalled", [Required("Say why. Partners who use it read this."), Short(500)]
    )
