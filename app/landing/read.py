"""What a person sent, held against the form the page declared: typed, limited, nothing unknown accepted."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from app.errors import Invalid
from app.render.form import FieldType, FormField, FormSpec

TRAP = "website"
HIDDEN = ("form_token", "t", "v")
_KEPT = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


@dataclass(frozen=True)
class Answers:
    """A form's clean content. `trapped`: the field nobody sees was filled, as robots do."""

    email: str
    fields: dict[str, str]
    consents: dict[str, bool]
    trapped: bool


def read(form: FormSpec, raw: Mapping[str, str]) -> Answers:
    """Check what was sent. Raises Invalid with a line for each field that can't be accepted, or for unknown keys."""
    names = {f.name for f in form.fields} | {c.name for c in form.consents}
    unknown = set(raw) - names - {TRAP, *HIDDEN, *_KEPT}
    if unknown:
        raise Invalid("This form has no such field.", {}, unknown=len(unknown))
    wrong: dict[str, str] = {}
    fields: dict[str, str] = {}
    for item in form.fields:
        try:
            fields[item.name] = _clean(item, raw.get(item.name, ""))
        except ValueError as error:
            wrong[item.name] = str(error)
    consents = {c.name: bool(raw.get(c.name)) for c in form.consents}
    wrong |= {
        c.name: "Tick this box, or we may not contact you."
        for c in form.consents
        if c.required and not consents[c.name]
    }
    if wrong:
        raise Invalid("Some answers need mending.", wrong)
    email = next(fields[f.name] for f in form.fields if f.type is FieldType.EMAIL)
    return Answers(email, fields, consents, bool(raw.get(TRAP)))


def kept_source(query: Mapping[str, str]) -> dict[str, str]:
    """The UTM parameters of an address, cut to a sane length."""
    return {key: query[key][:120] for key in _KEPT if query.get(key)}


def _clean(item: FormField, typed: str) -> str:
    value = "".join(
        c for c in typed.replace("\r\n", "\n") if c == "\n" or unicodedata.category(c) != "Cc"
    ).strip()
    if not value:
        if item.required:
            raise ValueError(f"{item.label} is needed.")
        return ""
    if len(value) > item.max_length:
        raise ValueError(f"At most {item.max_length} characters; this has {len(value)}.")
    match item.type:
        case FieldType.EMAIL:
            return _address(value)
        case FieldType.SELECT if value not in item.options:
            raise ValueError("Choose one of the answers given.")
        case FieldType.NUMBER if not value.removeprefix("-").isdecimal():
            raise ValueError("Write a whole number.")
        case FieldType.TEXT | FieldType.TEL if "\n" in value:
            raise ValueError("One line only.")
    return value


def _address(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise ValueError("That does not look like an email address. Check it once more.") from None
