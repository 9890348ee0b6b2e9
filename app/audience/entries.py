"""From the cells of a row to a person with a consent, or to a refusal with its reason. Pure: no database, no clock of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

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


@dataclass(frozen=True)
class Given:
    """The yes of one row."""

    basis: ConsentBasis
    given_on: date
    source: str


@dataclass(frozen=True)
class Entry:
    """One person as a row tells of them. `values` holds only what is filled in."""

    email: str
    values: dict[str, str]
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


@dataclass(frozen=True)
class Reader:
    """Reads the rows of one import: its headings, mapping and plan, and the day on which it is read."""

    header: Sequence[str]
    mapping: Sequence[Becomes]
    plan: Plan
    today: date
    month_first: bool = False  # 05/19/2026, in the United States

    def read(self, row: Row) -> Entry | Refusal:
        """What a row tells."""
        try:
            return self._entry(row)
        except (_No, BadAddress) as error:
            return Refusal(row.line, error.message, error.mend, row.cells)

    def _entry(self, row: Row) -> Entry:
        if len(row.cells) > len(self.header) and any(cell.strip() for cell in row.cells[len(self.header) :]):
            raise _No(
                f"{len(row.cells)} cells, where the headings are {len(self.header)}",
                "Look for a separator that should stand in quotation marks",
            )
        cells: dict[Becomes, str] = {}
        custom: dict[str, str] = {}
        for name, becomes, raw in zip(self.header, self.mapping, row.cells, strict=False):
            if becomes is Becomes.LEAVE_OUT:
                continue
            text = _tidy(raw)
            if becomes is Becomes.CUSTOM:
                if text:
                    custom[name] = _at_most(text, columns.CUSTOM_LIMIT, name)
            else:
                cells[becomes] = text
            if becomes is Becomes.COUNTRY and text and not country_code(text):
                custom[name] = _at_most(
                    cells.pop(becomes), columns.CUSTOM_LIMIT, name
                )  # kept as it is written
        email = normalise(cells.get(Becomes.EMAIL, ""))
        opted_out = _yes_or_no(cells.get(Becomes.OPTED_OUT, ""), "May not be mailed")
        consent = None if opted_out else self._consent(cells)
        tracking = consent is not None and (
            self.plan.tracking or _yes_or_no(cells.get(Becomes.TRACKING, ""), "Tracking")
        )
        return Entry(email, _values(cells), custom, consent, tracking, opted_out)

    def _consent(self, cells: dict[Becomes, str]) -> Given | None:
        why = self.plan.why
        if why is Why.UNKNOWN:
            return None
        if why is Why.COLUMN:
            text = cells.get(Becomes.CONSENT_BASIS, "").casefold()
            if text in _NO:
                return None
            basis = _BASIS_WORDS.get(re.sub(r"[^a-z]", "", text))
            if basis is None:
                raise _No("The basis of the consent isn’t one we know", "Write express, customer or inquiry")
        else:
            basis = ConsentBasis(why)
        source = cells.get(Becomes.CONSENT_SOURCE) or self.plan.source
        if not source:
            raise _No("No source of the consent", "Write where they said yes")
        return Given(basis, self._date(cells), source[:200])

    def _date(self, cells: dict[Becomes, str]) -> date:
        text = self.plan.given_on or cells.get(Becomes.CONSENT_DATE, "")
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
    return replace(
        later,
        values={**first.values, **later.values},
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


def _tidy(raw: str) -> str:
    return fuse(" ".join(_CONTROL.sub(" ", raw).split()))


def _at_most(text: str, most: int, name: str) -> str:
    if len(text) > most:
        raise _No(f"“{name}” is longer than {most} characters", "Shorten it")
    return text


def _place(cells: dict[Becomes, str]) -> dict[Becomes, str]:
    """Country and time zone as they are stored: a code of two letters, an IANA name."""
    found = {}
    if cells.get(Becomes.COUNTRY):
        found[Becomes.COUNTRY] = country_code(cells[Becomes.COUNTRY]) or ""
    if cells.get(Becomes.TIME_ZONE):
        name = zone_name(cells[Becomes.TIME_ZONE])
        if name is None:
            raise _No(
                "The time zone isn’t one we know",
                "Write a name such as Europe/Amsterdam, or leave it empty",
            )
        found[Becomes.TIME_ZONE] = name
    return found


def _values(cells: dict[Becomes, str]) -> dict[str, str]:
    full = cells.pop(Becomes.NAME, "")
    if full:
        first, _, last = full.partition(" ")
        cells = {**cells, Becomes.FIRST_NAME: first, Becomes.LAST_NAME: last}
    cells = {**cells, **_place(cells)}
    return {
        str(name): _at_most(cells[name], columns.LIMITS[name], name.label)
        for name in columns.TEXT_FIELDS
        if cells.get(name)
    }


def _yes_or_no(text: str, what: str) -> bool:
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise _No(f"“{what}” is neither yes nor no", "Write yes or no")
