"""The components of MJML: where each may stand, its attributes and their types, as the npm package's validator has them.

`mjml_schema.json` is written by `node frontend/mjml_schema.mjs`; like the reference, our compiler leaves out silently what it
doesn't know, so a misspelt tag or attribute would just vanish from the mail.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
"""HTML's elements without content, which need no closing tag."""

_ANY = "*"
_LONGEST = 300  # characters of a value that are looked at; no colour or size is longer


@dataclass(frozen=True)
class Component:
    """One component. `attributes` maps names to types; `is_ending` where it holds HTML and no other component."""

    tag: str
    attributes: dict[str, str]
    children: tuple[str, ...]
    parents: tuple[str, ...]
    is_ending: bool

    def allows(self, attribute: str) -> bool:
        """Whether it takes this attribute. `mj-all` and the like, which only hold attributes of others, take any."""
        return attribute in self.attributes or not self.is_checked or attribute in _read()["everywhere"]

    @property
    def is_checked(self) -> bool:
        """Whether its attributes are known."""
        return self.tag in _read()["components"]

    @property
    def names(self) -> tuple[str, ...]:
        """Every attribute it takes."""
        return (*self.attributes, *_read()["everywhere"])

    def holds(self, tag: str) -> bool:
        """Whether this component may stand directly in it."""
        return tag in self.children or _ANY in self.children


@cache
def components() -> dict[str, Component]:
    """Every component by its tag, `mjml` included."""
    data = _read()
    tags = ["mjml", *data["components"], *data["componentless"]]
    return {tag: _component(tag) for tag in tags}


@cache
def holding_html() -> frozenset[str]:
    """The components that hold HTML: nothing inside them is compiled."""
    return frozenset(known.tag for known in components().values() if known.is_ending)


def _component(tag: str) -> Component:
    data = _read()
    own = data["components"].get(tag, {"attributes": {}, "ending": False})
    parents = tuple(sorted(parent for parent, held in data["children"].items() if tag in held))
    # mj-attributes holds anything, but only the three that have no other home are at home there.
    parents = parents or (("mj-attributes",) if tag in data["componentless"] else ())
    return Component(tag, own["attributes"], tuple(data["children"].get(tag, ())), parents, own["ending"])


def fits(kind: str, value: str) -> bool:
    """Whether the value is one of this type, `unit(px,%)` for instance, by the same patterns as the npm validator."""
    return len(value) > _LONGEST or any(pattern.search(value) for pattern in _patterns(kind))


def spoken(kind: str) -> tuple[str, str]:
    """A type in words, and how to write it: ("a colour", "Write it like #15324b.")."""
    name, _, rest = kind.partition("(")
    inside, _, after = rest.partition(")")
    if name == "color":
        return "a colour", "Write it like #15324b, rgb(21, 50, 75) or navy."
    if name == "boolean":
        return "true or false", "Write true or false."
    if name == "integer":
        return "a whole number", "Write digits only."
    if name == "enum":
        choices = [choice or "nothing" for choice in inside.split(",")]
        return "one of its words", f"Use one of: {', '.join(choices)}."
    units = [unit for unit in inside.split(",") if unit and unit != "auto"]
    auto = " or auto" if "auto" in inside.split(",") else ""
    most = " One to four such sizes with a space between them." if after.startswith("{1,4") else ""
    return "a size", f"Write a number with {' or '.join(units)}, like 10{units[0]}{auto}.{most}"


@cache
def _read() -> dict[str, Any]:  # in the script's shape
    return dict(json.loads(Path(__file__).with_name("mjml_schema.json").read_text("utf-8")))


@cache
def _patterns(kind: str) -> tuple[re.Pattern[str], ...]:
    # JavaScript's $ is the very end, Python's may stand before a line break; \d is 0 to 9 there.
    found = _read()["types"].get(kind, [".*"])
    return tuple(re.compile(str(pattern).replace("$", r"\Z"), re.ASCII) for pattern in found)
