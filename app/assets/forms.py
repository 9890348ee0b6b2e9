"""The library's form; what it holds is checked by the operations, so that no way in is laxer than another."""

from app.web.forms import FileField, Form

PICTURES = (".png", ".jpg", ".jpeg", ".webp")


class LibraryForm(Form):
    """A file for the library."""

    file = FileField("File", kinds=(*PICTURES, ".pdf"), most=20 * 1024 * 1024)
