"""The base of every form, and the fields that read what people type into the values the product computes with.

A field's error is one line that says what is wrong and what mends it.
"""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from flask_wtf import FlaskForm
from flask_wtf.file import FileField as BaseFileField
from werkzeug.datastructures import FileStorage
from wtforms import DateField as BaseDateField
from wtforms import Field
from wtforms import Form as PlainForm
from wtforms import TimeField as BaseTimeField
from wtforms.validators import InputRequired, Length, StopValidation
from wtforms.widgets import TextInput

from app.errors import Invalid
from app.money import Money, parse_money
from app.web.filters import amount, size

__all__ = [
    "DateField",
    "FileField",
    "Form",
    "MoneyField",
    "PublicForm",
    "Required",
    "Short",
    "TimeField",
    "stripped",
]


def stripped(value: str | None) -> str | None:
    """A filter for text fields: no blanks around, nothing left is None."""
    return (value.strip() or None) if isinstance(value, str) else value


class _Words:
    """What WTForms says by itself, in the product's words."""

    _OURS: ClassVar[dict[str, str]] = {
        "This field is required.": "Fill this in.",
        "Not a valid choice.": "Choose one of these.",
        "Not a valid choice": "Choose one of these.",
        "Not a valid integer value.": "Write a whole number.",
        "Not a valid decimal value.": "Write a number.",
        "Not a valid float value.": "Write a number.",
        "Invalid email address.": "Write an address such as name@company.example.",
        "Invalid URL.": "Write an address that starts with https://.",
        "Invalid input.": "Write it as the hint says.",
    }

    def gettext(self, text: str) -> str:
        """Our words for WTForms' own, its own where we have none."""
        return self._OURS.get(text, text)

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The same for plurals."""
        return self.gettext(one if n == 1 else many)


class _Marked:
    """What all our forms share."""

    def refuse(self, fields: dict[str, str]) -> bool:
        """Put the words of an `Invalid` raised by an operation beside its fields. True when every one found its field."""
        known = {name: text for name, text in fields.items() if name in self}  # type: ignore[operator]
        for name, text in known.items():
            field: Field = self[name]  # type: ignore[index]
            field.errors = [*field.errors, text]
        return len(known) == len(fields)


class Form(_Marked, FlaskForm):  # type: ignore[misc]
    """A form of signed-in pages: bound to the session by a CSRF token."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def get_translations(self, _form: Any) -> _Words:
            """The product's words."""
            return _Words()


class PublicForm(_Marked, PlainForm):
    """A form of prospects' pages, where no session is; the token in its address guards it."""

    class Meta:
        csrf: ClassVar[bool] = False

        def get_translations(self, _form: Any) -> _Words:
            """The product's words."""
            return _Words()


class Required(InputRequired):
    """The field must be filled in; `message` says with what ("Write a headline.")."""

    field_flags = {"required": True}

    def __init__(self, message: str = "Fill this in.") -> None:
        super().__init__(message)

    def __call__(self, form: Any, field: Field) -> None:
        """Refuse what was left empty; what was filled in but can't be read keeps its own error."""
        if not any(_filled(value) for value in field.raw_data or ()):
            field.errors = []
            raise StopValidation(str(self.message))


def _filled(value: object) -> bool:
    text = value.filename if isinstance(value, FileStorage) else value
    return bool(text.strip()) if isinstance(text, str) else bool(text)


class Short(Length):
    """At most `most` characters; the counter beside the field reads the same limit."""

    def __init__(self, most: int) -> None:
        super().__init__(max=most, message=f"{most:,} characters at most.")


class MoneyField(Field):
    """An amount typed by a person; `data` is a Money in `currency`, or None when left empty."""

    widget = TextInput()
    data: Money | None

    def __init__(
        self,
        label: str | None = None,
        validators: Sequence[Any] | None = None,
        currency: str = "EUR",
        **kwargs: Any,
    ) -> None:
        super().__init__(label, list(validators or ()), **kwargs)
        self.currency = currency

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return amount(self.data) if isinstance(self.data, Money) else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read `1,200.00`; what can't be read is an error with the mend."""
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = parse_money(text, self.currency)
        except Invalid as error:
            raise ValueError(error.message) from error


class DateField(BaseDateField):
    """The browser's own date input; `data` is a date."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read `2026-05-19`."""
        if not valuelist or not valuelist[0]:
            return
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError("Write the date as year, month, day: 2026-05-19.") from error


class TimeField(BaseTimeField):
    """The browser's own time input; `data` is a time without a zone: the organisation's is meant."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read `09:30`."""
        if not valuelist or not valuelist[0]:
            return
        try:
            super().process_formdata([valuelist[0][:5]])
        except ValueError as error:
            raise ValueError("Write the time as hours and minutes: 09:30.") from error


class FileField(BaseFileField):  # type: ignore[misc]
    """One file. `kinds` are the endings taken (with dot), `most` the size in bytes; `accept` for the browser follows."""

    def __init__(
        self,
        label: str | None = None,
        validators: Sequence[Any] | None = None,
        kinds: Collection[str] = (),
        most: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, validators, **kwargs)
        self.kinds = tuple(kinds)
        self.most = most

    def pre_validate(self, form: Any) -> None:
        """Refuse other endings and what is too large; the content itself is checked by whoever reads it."""
        file = self.data
        if not isinstance(file, FileStorage) or not file.filename:
            return
        if self.kinds and not file.filename.lower().endswith(self.kinds):
            wanted = f"a {self.kinds[0]} file" if len(self.kinds) == 1 else f"one of {', '.join(self.kinds)}"
            raise StopValidation(f"{file.filename} isn’t {wanted}.")
        if self.most and _length(file) > self.most:
            raise StopValidation(
                f"{file.filename} has {size(_length(file))}. Send {size(self.most)} at most."
            )


def _length(file: FileStorage) -> int:
    stream = file.stream
    at = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(at)
    return end
