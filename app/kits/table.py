"""One table of kit.toml, read key by key: wrong types, missing and unknown keys become findings with line and mend.

The reader goes on after a finding, so that an author sees all of them at once.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from app.kits.archive import KitError
from app.kits.locate import Lines
from app.render.near import near

E = TypeVar("E", bound=StrEnum)
FILE = "kit.toml"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_WORDS = {
    str: "text in quotes",
    int: "a whole number",
    bool: "true or false",
    dt.date: "a date like 2026-06-12",
}
_EXAMPLES = {str: '"…"', int: "3", bool: "true", dt.date: "2026-06-12"}


class TomlError(KitError):
    """Something in kit.toml that is not as the format wants it, with the column too (from 1; 0: the whole line)."""

    def __init__(self, message: str, line: int, column: int, mend: str, rule: str) -> None:
        super().__init__(message, FILE, line or 1, mend, rule)
        self.column = column


@dataclass
class Problems:
    """What has been found so far in one file."""

    lines: Lines
    found: list[KitError] = field(default_factory=list)

    def add(
        self,
        message: str,
        mend: str,
        address: str,
        key: str = "",
        rule: str = "toml-value",
        *,
        at_key: bool = False,
    ) -> None:
        """Remember what is wrong with a value, or with its key itself, or (without key) with a whole table."""
        where = self.lines.where if at_key or not key else self.lines.value
        line, column = where(address, key)
        self.found.append(TomlError(message, line, column, mend, rule))


class Table:
    """A table under its address. Each getter marks its key as read; `done` reports the others."""

    def __init__(self, data: object, address: str, problems: Problems) -> None:
        self.address = address
        self.problems = problems
        self.read: set[str] = set()
        self.data: Mapping[str, object] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.wrong("", "This has to be a table.", f"Write it as [{address}].", "toml-type")

    @property
    def line(self) -> int:
        return self.problems.lines.of(self.address)

    def wrong(self, key: str, message: str, mend: str, rule: str = "toml-value") -> None:
        self.problems.add(message, mend, self.address, key, rule)

    def _get(self, key: str, kind: type, required: bool, rule: str = "") -> object:
        self.read.add(key)
        value = self.data.get(key)
        if value is None and required:
            header = re.sub(r"\[\d+\]", "", self.address)
            place = f"to {self._header(header)}" if header else "at the top of the file"
            self.wrong(key, f"“{key}” is missing.", f"Add {key} = … {place}.", rule or "toml-missing")
        fits = (
            isinstance(value, kind)
            and not (kind is int and isinstance(value, bool))
            and type(value) is not dt.datetime
        )
        if value is not None and not fits:
            mend = f"It is {_kind(value)} now: write {key} = {_EXAMPLES[kind]}."
            self.wrong(key, f"“{key}” has to be {_WORDS[kind]}.", mend, "toml-type")
            return None
        return value

    def text(
        self, key: str, default: str = "", *, required: bool = False, longest: int = 2_000, rule: str = ""
    ) -> str:
        """A text. `rule` is what its absence breaks, where that has a rule of its own."""
        value = self._get(key, str, required, rule)
        if isinstance(value, str) and len(value) > longest:
            self.wrong(key, f"“{key}” is longer than {longest} characters.", "Shorten it.")
        if required and value is not None and not str(value).strip():
            self.wrong(key, f"“{key}” is empty.", "Write something there.", rule or "toml-value")
        return value if isinstance(value, str) else default

    def name(self, key: str = "name") -> str:
        value = self.text(key, required=True)
        if value and not NAME.fullmatch(value):
            self.wrong(
                key,
                f"“{value[:40]}” is no name.",
                "Use small letters, digits and _, beginning with a letter.",
            )
        return value

    def number(self, key: str, default: int, low: int, high: int) -> int:
        value = self._get(key, int, False)
        if isinstance(value, int) and not low <= value <= high:
            self.wrong(key, f"“{key}” is out of range.", f"Use {low} to {high}.")
            return default
        return value if isinstance(value, int) else default

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._get(key, bool, False)
        return value if isinstance(value, bool) else default

    def date(self, key: str) -> dt.date | None:
        value = self._get(key, dt.date, False)
        return value if isinstance(value, dt.date) else None

    def texts(self, key: str, default: tuple[str, ...] = (), longest: int = 300) -> tuple[str, ...]:
        self.read.add(key)
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, list) or not all(isinstance(v, str) and len(v) <= longest for v in value):
            wrong = f"{key}[{_odd(value, longest)}]" if isinstance(value, list) else key
            mend = f'Write {key} = ["one", "two"].'
            self.wrong(wrong, f"“{key}” has to be a list of texts.", mend, "toml-type")
            return default
        return tuple(value)

    def choice(self, key: str, kind: type[E], default: E) -> E:
        value = self.text(key, default.value)
        try:
            return kind(value)
        except ValueError:
            self.wrong(key, f"“{value[:40]}” is not a known {key}.", "Use one of: " + ", ".join(kind) + ".")
            return default

    def tables(self, key: str, most: int = 100) -> list["Table"]:
        self.read.add(key)
        value = self.data.get(key, [])
        address = f"{self.address}.{key}" if self.address else key
        if not isinstance(value, list):
            mend = f"Write {self._header(re.sub(r'[[][0-9]+]', '', address), True)} above each."
            self.wrong(key, f"“{key}” has to be a list of tables.", mend, "toml-type")
            return []
        if len(value) > most:
            self.wrong(key, f"There are more than {most} of “{key}”.", "Leave some out.")
        return [Table(v, f"{address}[{i}]", self.problems) for i, v in enumerate(value[:most])]

    def table(self, key: str) -> "Table":
        self.read.add(key)
        address = f"{self.address}.{key}" if self.address else key
        return Table(self.data.get(key, {}), address, self.problems)

    def raw(self, key: str) -> object:
        self.read.add(key)
        return self.data.get(key)

    def done(self) -> None:
        """Report keys nobody has asked for: most are misspelt."""
        for key in self.data:
            if key not in self.read:
                mend = f"{near(key, self.read)}Known here: {', '.join(sorted(self.read))}."
                message = f"“{key[:60]}” is not part of the kit format."
                self.problems.add(message, mend, self.address, key, "toml-key", at_key=True)

    def _header(self, dotted: str, array: bool = False) -> str:
        """`[pages.form]`, or `[[slots]]` for the tables of a list."""
        return f"[[{dotted}]]" if array or self.address.endswith("]") else f"[{dotted}]"


def _kind(value: object) -> str:
    """What a TOML value is, in words."""
    spoken: list[tuple[type, str]] = [
        (str, "text"), (bool, "true or false"), (int, "a whole number"), (float, "a number with a point"),
        (dt.datetime, "a date with a time"), (dt.date, "a date"), (dt.time, "a time of day"), (list, "a list"),
    ]  # fmt: skip
    return next((words for kind, words in spoken if isinstance(value, kind)), "a table")


def _odd(values: list[object], longest: int) -> int:
    """The index of the first entry that is no text or too long."""
    return next(i for i, v in enumerate(values) if not isinstance(v, str) or len(v) > longest)
