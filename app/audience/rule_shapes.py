"""What a condition may ask: for each subject its comparisons, and what each of them wants to know."""

from enum import StrEnum

from app.audience.models import FieldKind
from app.audience.rules import About, How


class Wants(StrEnum):
    """What stands behind a comparison."""

    NOTHING = "nothing"
    TEXT = "text"
    TEXTS = "texts"  # several, separated by commas
    CHOICE = "choice"  # one of a short list
    LIST = "list"
    NUMBER = "number"
    RANGE = "range"
    DATE = "date"
    DAYS = "days"
    TIMES = "times"


_WORDS = (How.IS, How.IS_NOT, How.IN, How.CONTAINS, How.BEGINS, How.FILLED, How.EMPTY)
_CODES = (How.IS, How.IS_NOT, How.IN, How.FILLED, How.EMPTY)
_DEED = (How.EVER, How.NEVER, How.WITHIN, How.NOT_WITHIN, How.LONGER, How.TIMES)
_CONSENT = (How.YES, How.NO, How.EXPIRES, How.WITHIN, How.LONGER)
_DAY = (How.WITHIN, How.LONGER, How.BEFORE, How.AFTER)
COMPARISONS: dict[About, tuple[How, ...]] = {
    About.LANGUAGE: _CODES,
    About.REGION: _WORDS,
    About.COUNTRY: _CODES,
    About.TIME_ZONE: _CODES,
    About.COMPANY: _WORDS,
    About.JOB_TITLE: _WORDS,
    About.FIRST_NAME: _WORDS,
    About.LAST_NAME: _WORDS,
    About.EMAIL_DOMAIN: (How.IS, How.IS_NOT, How.IN, How.CONTAINS, How.BEGINS),
    About.PHONE: (How.FILLED, How.EMPTY),
    About.LIST: (How.IN, How.NOT_IN),
    About.ADDED: _DAY,
    About.MARKETING: _CONSENT,
    About.TRACKING: _CONSENT,
    About.BASIS: (How.IS, How.IS_NOT),
    About.SOURCE: (How.IS, How.IS_NOT, How.CONTAINS, How.BEGINS),
    About.MAILABLE: (How.YES, How.NO),
    About.SENT: _DEED,
    About.OPENED: _DEED,
    About.CLICKED: _DEED,
    About.SUBMITTED: _DEED,
    About.BOUGHT: _DEED,
}
FIELD_COMPARISONS: dict[FieldKind, tuple[How, ...]] = {
    FieldKind.TEXT: _WORDS,
    FieldKind.CHOICE: _CODES,
    FieldKind.NUMBER: (How.IS, How.LESS, How.MORE, How.BETWEEN, How.FILLED, How.EMPTY),
    FieldKind.DATE: (*_DAY, How.FILLED, How.EMPTY),
    FieldKind.YES_NO: (How.YES, How.NO, How.FILLED, How.EMPTY),
}
DEEDS = (About.SENT, About.OPENED, About.CLICKED, About.SUBMITTED, About.BOUGHT)
_WANTS = {
    How.IS: Wants.TEXT,
    How.IS_NOT: Wants.TEXT,
    How.IN: Wants.TEXTS,
    How.CONTAINS: Wants.TEXT,
    How.BEGINS: Wants.TEXT,
    How.LESS: Wants.NUMBER,
    How.MORE: Wants.NUMBER,
    How.BETWEEN: Wants.RANGE,
    How.BEFORE: Wants.DATE,
    How.AFTER: Wants.DATE,
    How.WITHIN: Wants.DAYS,
    How.LONGER: Wants.DAYS,
    How.NOT_WITHIN: Wants.DAYS,
    How.EXPIRES: Wants.DAYS,
    How.TIMES: Wants.TIMES,
}


def comparisons(about: About, kind: str = "") -> tuple[How, ...]:
    """How this subject may be compared; `kind` is that of a field of the partner's own."""
    return FIELD_COMPARISONS[FieldKind(kind)] if about is About.FIELD else COMPARISONS[about]


def wants(about: About, how: How, kind: str = "") -> Wants:
    """What this comparison needs to be told."""
    if about is About.LIST:
        return Wants.LIST
    found = _WANTS.get(how, Wants.NOTHING)
    if found is Wants.TEXT and kind == FieldKind.NUMBER:
        return Wants.NUMBER
    one_of_few = about is About.BASIS or kind == FieldKind.CHOICE
    return Wants.CHOICE if one_of_few and found is Wants.TEXT else found
