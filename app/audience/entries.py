"""From the cells of a row to a person with a consent, or to a refusal with its reason. Pure: no database, no clock of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from app.audience import columns
from app.audience.address import BadAddress, normalise
from app.audience.cells import fuse
from app.audience.columns import Becomes
from app.audience.consent import Plan, Why
from app.audience.models import ConsentBasis
from app.audience.places import country_code, zone_name
from app.audience.table import Row
from app.errors import Invalid

_YES = frozenset(["yes", "y", "true", "1", "x", "ja", "j", "oui", "wahr"])
_NO = frozenset(["", "no", "n", "false", "0", "nee", "nein", "non", "-"])
_BASIS = {
    ConsentBasis.EXPRESS: "express agreed optin yes ja expliciet uitdrukkelijk toestemming consent doubleoptin",
    ConsentBasis.CUSTOMER: "customer klant client kunde bestaandeklant order",
    ConsentBasis.INQUIRY: "inquiry enquiry question aanvraag vraag anfrage request lead",
}
_BASIS_WORDS = {word: basis for basis, words in _BASIS.items() for word in words.split()}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_BETWEEN = "\u2502"  # stands around the cells while a whole row is looked at
_BLANK_BEFORE, _BLANK_BEHIND, _APOSTROPHE = f"{_BETWEEN} ", f" {_BETWEEN}", f"{_BETWEEN}'"
_COUNTRY, _TIME_ZONE = map(columns.TEXT_FIELDS.index, (Becomes.COUNTRY, Becomes.TIME_ZONE))
_REMEMBERED = 10_000  # different consents of one file


class Given(NamedTuple):
    """The yes of one row."""

    basis: ConsentBasis
    given_on: date
    source: str


class Entry(NamedTuple):
    """One person as a row tells of them: `texts` in the order of columns.TEXT_FIELDS, empty where the row says nothing."""

    email: str
    texts: Sequence[str]
    custom: dict[str, str]
    consent: Given | None
    tracking: bool = False
    opted_out: bool = False


@dataclass(frozen=True)
class Refusal:
    """A row that doesn't come in, and why. Only line and reason are kept in the database."""

    line: int
    reason: str
    mend: str
    cells: list[str] = field(default_factory=list)


class _No(Invalid):
    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.mend = mend


class Reader:
    """Reads the rows of one import: its headings, mapping and plan, and the day on which it is read.

    Everything that is the same for all rows is settled once, and what rows share (a domain, a country, a consent) is judged once.
    """

    def __init__(
        self,
        header: Sequence[str],
        mapping: Sequence[Becomes],
        plan: Plan,
        today: date,
        month_first: bool = False,  # 05/19/2026, in the United States
    ) -> None:
        self.header = header
        self.plan = plan
        self.today = today
        self.month_first = month_first
        at = {becomes: number for number, becomes in enumerate(mapping)}
        self._email = at.get(Becomes.EMAIL)
        self._plain = [
            (at[name], place, columns.LIMITS[name], name.label)
            for place, name in enumerate(columns.TEXT_FIELDS)
            if name in at and name not in (Becomes.COUNTRY, Becomes.TIME_ZONE)
        ]
        self._custom = [(at, header[at]) for at, becomes in enumerate(mapping) if becomes is Becomes.CUSTOM]
        self._name, self._country, self._zone = (
            at.get(name) for name in (Becomes.NAME, Becomes.COUNTRY, Becomes.TIME_ZONE)
        )
        self._opted_out, self._tracking = at.get(Becomes.OPTED_OUT), at.get(Becomes.TRACKING)
        self._basis, self._date, self._source = (
            at.get(name) for name in (Becomes.CONSENT_BASIS, Becomes.CONSENT_DATE, Becomes.CONSENT_SOURCE)
        )
        self._given: dict[tuple[str, str, str], Given | None] = {}

    def read(self, row: Row) -> Entry | Refusal:
        """What a row tells."""
        try:
            return self._entry(row.cells)
        except (_No, BadAddress) as error:
            return Refusal(row.line, error.message, error.mend, row.cells)

    def _entry(self, raw: list[str]) -> Entry:
        cells = _tidied(raw)
        missing = len(self.header) - len(cells)
        if missing < 0 and any(cells[len(self.header) :]):
            raise _No(
                f"{len(cells)} cells, where the headings are {len(self.header)}",
                "Look for a separator that should stand in quotation marks",
            )
        if missing > 0:
            cells = cells + [""] * missing
        custom = {
            name: _at_most(cells[at], columns.CUSTOM_LIMIT, name) for at, name in self._custom if cells[at]
        }
        email = normalise(cells[self._email] if self._email is not None else "")
        opted_out = self._opted_out is not None and _yes_or_no(cells[self._opted_out], "May not be mailed")
        consent = None if opted_out else self._consent(cells)
        tracking = consent is not None and (
            self.plan.tracking
            or (self._tracking is not None and _yes_or_no(cells[self._tracking], "Tracking"))
        )
        return Entry(email, self._texts(cells, custom), custom, consent, tracking, opted_out)

    def _texts(self, cells: list[str], custom: dict[str, str]) -> list[str]:
        texts = [""] * len(columns.TEXT_FIELDS)
        if self._name is not None and cells[self._name]:
            first, _, last = cells[self._name].partition(" ")
            for name, text in ((Becomes.FIRST_NAME, first), (Becomes.LAST_NAME, last)):
                texts[columns.TEXT_FIELDS.index(name)] = _at_most(text, columns.LIMITS[name], name.label)
        for at, place, limit, label in self._plain:
            text = cells[at]
            if text:
                texts[place] = text if len(text) <= limit else _at_most(text, limit, label)
        if self._country is not None and (text := cells[self._country]):
            code = country_code(text)
            if code:
                texts[_COUNTRY] = code
            else:  # kept as it is written
                heading = self.header[self._country]
                custom[heading] = _at_most(text, columns.CUSTOM_LIMIT, heading)
        if self._zone is not None and (text := cells[self._zone]):
            zone = zone_name(text)
            if zone is None:
                raise _No(
                    "The time zone isn’t one we know",
                    "Write a name such as Europe/Amsterdam, or leave it empty",
                )
            texts[_TIME_ZONE] = zone
        return texts

    def _consent(self, cells: list[str]) -> Given | None:
        told = (
            cells[self._basis] if self._basis is not None else "",
            cells[self._date] if self._date is not None else "",
            cells[self._source] if self._source is not None else "",
        )
        if told in self._given:
            return self._given[told]
        found = self._judged(*told)
        if len(self._given) < _REMEMBERED:
            self._given[told] = found
        return found

    def _judged(self, basis_text: str, date_text: str, source_text: str) -> Given | None:
        why = self.plan.why
        if why is Why.UNKNOWN:
            return None
        if why is Why.COLUMN:
            text = basis_text.casefold()
            if text in _NO:
                return None
            basis = _BASIS_WORDS.get(re.sub(r"[^a-z]", "", text))
            if basis is None:
                raise _No("The basis of the consent isn’t one we know", "Write express, customer or inquiry")
        else:
            basis = ConsentBasis(why)
        source = source_text or self.plan.source
        if not source:
            raise _No("No source of the consent", "Write where they said yes")
        return Given(basis, self._day(date_text), source[:200])

    def _day(self, text: str) -> date:
        text = self.plan.given_on or text
        if not text:
            raise _No("No date of the consent", "Write the day they said yes, or of their last order")
        day = read_date(text, self.month_first)
        if day is None:
            raise _No(
                "The date of the consent can’t be read", "Write it as year-month-day, such as 2026-05-19"
            )
        if day > self.today:
            raise _No("The date of the consent lies ahead", "Write the day they said yes")
        return day


def merge(first: Entry, later: Entry) -> Entry:
    """Two rows for one address: what the later row says counts, what it leaves empty stays."""
    return later._replace(
        texts=[new or old for old, new in zip(first.texts, later.texts, strict=True)],
        custom={**first.custom, **later.custom},
        opted_out=first.opted_out or later.opted_out,
    )


@lru_cache(maxsize=4096)
def read_date(text: str, month_first: bool = False) -> date | None:
    """A date as 2026-05-19, 19-05-2026, 19/05/2026 or 19.5.2026, with or without a time behind it; None if it is none."""
    found = re.fullmatch(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:[T ].*)?", text.strip())
    if not found:
        return None
    first, sign, second, third = found.groups()
    if len(first) == 4:
        year, month, day = first, second, third
    elif len(third) == 4:
        year, month, day = (third, first, second) if month_first and sign == "/" else (third, second, first)
    else:
        return None
    try:
        made = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return made if made.year >= 1970 else None


def _tidied(cells: list[str]) -> list[str]:
    """The cells with single blanks and without control characters; mostly they are so already, which a look at the whole row tells."""
    row = f"{_BETWEEN}{_BETWEEN.join(cells)}{_BETWEEN}"
    if row.isprintable() and not (
        "  " in row or _BLANK_BEFORE in row or _BLANK_BEHIND in row or _APOSTROPHE in row
    ):
        return cells
    return [fuse(" ".join(_CONTROL.sub(" ", raw).split())) for raw in cells]


def _at_most(text: str, most: int, name: str) -> str:
    if len(text) > most:
        raise _No(f"“{name}” is longer than {most} characters", "Shorten it")
    return text


def _yes_or_no(text: str, what: str) -> bool:
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise _No(f"“{what}” is neither yes nor no", "Write yes or no")
