"""A segment's rules as values: groups of conditions on a contact, each group holding for all, for any or for none of its conditions.

What is stored is what `Rules.to_json` gives: ids and names of the partner's own, checked when the rules were made (see read_rules.py).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Value = str | float | bool | tuple[str, ...] | tuple[float, ...] | None


class Join(StrEnum):
    """How conditions in a group, or groups in the rules, belong together."""

    ALL = "all"
    ANY = "any"
    NONE = "none"  # only of a group: whoever meets one of its conditions is left out


class About(StrEnum):
    """What a condition looks at."""

    LANGUAGE = "language"
    REGION = "region"
    COUNTRY = "country"
    TIME_ZONE = "time_zone"
    COMPANY = "company"
    JOB_TITLE = "job_title"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    PHONE = "phone"
    EMAIL_DOMAIN = "email_domain"
    FIELD = "field"  # one of the partner's own; `key` is its name
    LIST = "list"
    ADDED = "added"
    MARKETING = "marketing"  # consent to it
    TRACKING = "tracking"
    BASIS = "basis"  # of the consent to marketing that counts today
    SOURCE = "source"
    SENT = "sent"
    OPENED = "opened"
    CLICKED = "clicked"
    SUBMITTED = "submitted"
    BOUGHT = "bought"
    MAILABLE = "mailable"


class How(StrEnum):
    """How it compares."""

    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    BEGINS = "begins"
    EMPTY = "empty"
    FILLED = "filled"
    LESS = "less"
    MORE = "more"
    BETWEEN = "between"
    BEFORE = "before"
    AFTER = "after"
    WITHIN = "within"  # in the last so many days, today among them
    LONGER = "longer"  # more than so many days ago
    YES = "yes"
    NO = "no"
    EXPIRES = "expires"  # within so many days from today
    EVER = "ever"
    NEVER = "never"
    NOT_WITHIN = "not_within"
    TIMES = "times"  # at least so many


@dataclass(frozen=True)
class Condition:
    """One condition. `key` names a field of the partner's own, `kind` says how it is kept; `campaign` narrows a deed down to one."""

    about: About
    how: How
    value: Value = None
    key: str = ""
    kind: str = ""
    campaign: int = 0

    def to_json(self) -> dict[str, Any]:
        """What is stored."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        found: dict[str, Any] = {"about": str(self.about), "how": str(self.how), "value": value}
        extra = {"key": self.key, "kind": self.kind, "campaign": self.campaign}
        return found | {name: each for name, each in extra.items() if each}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Condition":
        """What was stored, read back."""
        value = tuple(raw["value"]) if isinstance(raw["value"], list) else raw["value"]
        return cls(**{**raw, "about": About(raw["about"]), "how": How(raw["how"]), "value": value})


@dataclass(frozen=True)
class Group:
    """Conditions that hold together; one without any says nothing about anybody."""

    conditions: tuple[Condition, ...]
    join: Join = Join.ALL


@dataclass(frozen=True)
class Rules:
    """Groups, of which all or one must hold. Without any condition they mean everybody."""

    groups: tuple[Group, ...] = ()
    join: Join = Join.ALL

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition, group after group."""
        return tuple(condition for group in self.groups for condition in group.conditions)

    @property
    def lists(self) -> frozenset[int]:
        """The ids of all lists that are asked about."""
        return frozenset(
            int(each)
            for one in self.conditions
            if one.about is About.LIST and isinstance(one.value, tuple)
            for each in one.value
        )

    @property
    def names_a_language(self) -> bool:
        """Whether everybody they mean has one of some languages."""
        if self.join is not Join.ALL and len(self.groups) > 1:
            return False
        must = (each for group in self.groups if group.join is Join.ALL for each in group.conditions)
        return any(each.about is About.LANGUAGE and each.how in (How.IS, How.IN) for each in must)

    def to_json(self) -> dict[str, Any]:
        """What is stored."""
        groups = [
            {"join": str(group.join), "conditions": [each.to_json() for each in group.conditions]}
            for group in self.groups
        ]
        return {"join": str(self.join), "groups": groups}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Rules":
        """What was stored, read back."""
        groups = tuple(
            Group(tuple(Condition.from_json(each) for each in group["conditions"]), Join(group["join"]))
            for group in raw["groups"]
        )
        return cls(groups, Join(raw["join"]))


EVERYONE = Rules()
