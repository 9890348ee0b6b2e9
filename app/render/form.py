"""The form of a landing page as a kit declares it: typed fields, consents in exact words, and what follows.

The page renderer draws it and the landing room checks what people send against it.
"""

from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    """What a form may ask for."""

    TEXT = "text"
    EMAIL = "email"
    TEL = "tel"
    TEXTAREA = "textarea"
    SELECT = "select"
    NUMBER = "number"


@dataclass(frozen=True)
class FormField:
    """One question. `name` is also the key a submission stores; `half` puts two fields on one line."""

    name: str
    label: str
    type: FieldType = FieldType.TEXT
    required: bool = False
    autocomplete: str = ""
    help: str = ""
    options: tuple[str, ...] = ()
    max_length: int = 200
    half: bool = False


@dataclass(frozen=True)
class Consent:
    """One unticked box. `text` is a template; its rendered words are what a submission records."""

    name: str
    text: str
    required: bool = False


@dataclass(frozen=True)
class NextStep:
    """One line of "what happens next" on the thank-you page."""

    when: str
    text: str


@dataclass(frozen=True)
class Thanks:
    """The thank-you page; all texts are templates and may use what was sent: `{{ submitted.name | first_word }}`."""

    title: str = "Thank you"
    text: str = ""
    steps: tuple[NextStep, ...] = ()


@dataclass(frozen=True)
class FormSpec:
    """A landing page's form. Texts (`title`, `intro`, `note`, consents, `button`) are templates of slots and brands."""

    fields: tuple[FormField, ...]
    consents: tuple[Consent, ...] = ()
    title: str = ""
    intro: str = ""
    button: str = "Send"
    note: str = ""
    thanks: Thanks = Thanks()
