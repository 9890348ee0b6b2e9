"""The library's forms; what they hold is checked by the operations, so that no way in is laxer than another."""

from collections.abc import Collection
from typing import Any

from flask_wtf.file import MultipleFileField
from wtforms import StringField, TextAreaField
from wtforms.validators import Optional

from app.assets.manage import LIMITS, Details
from app.assets.upload import MAX_FILE_BYTES, File
from app.web.forms import DateField, FileField, Form, Short

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
TAKEN = (*PICTURES, ".gif", ".pdf")


class FilesField(MultipleFileField):  # type: ignore[misc]
    """Several files at once; each is looked at by itself, so that one that is refused doesn't take the others with it."""

    def __init__(self, label: str, kinds: Collection[str], most: int, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.kinds = tuple(kinds)
        self.most = most


class LibraryForm(Form):
    """Files for the library."""

    file = FilesField("Files", kinds=TAKEN, most=MAX_FILE_BYTES)

    def files(self) -> list[File]:
        """What came along, in its order."""
        return [File(one.filename, one.read()) for one in self.file.data or () if one and one.filename]


class DetailsForm(Form):
    """What a person writes about a file."""

    name = StringField("Name", [Short(LIMITS["name"])])
    alt = TextAreaField("What it shows", [Short(LIMITS["alt"])])
    credit = StringField("Credit and licence", [Short(LIMITS["credit"])])
    rights_until = DateField("May be used until", [Optional()])
    tags = StringField("Tags", [Short(500)])

    def details(self) -> Details:
        """What to save."""
        return Details(
            name=self.name.data or "",
            alt=self.alt.data or "",
            credit=self.credit.data or "",
            rights_until=self.rights_until.data,
            tags=self.tags.data or "",
        )


class ReplaceForm(Form):
    """The file that takes another's place."""

    file = FileField("New file", kinds=TAKEN, most=MAX_FILE_BYTES)

    def upload(self) -> File | None:
        """The file that came along, if one did."""
        given = self.file.data
        return File(given.filename, given.read()) if given and given.filename else None
