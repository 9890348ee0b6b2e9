"""The editor's form, made from a kit's slots, and the small forms around a campaign.

The slots' rules live in app.kits.slots; here they only become fields, hints and limits a browser shows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wtforms import StringField

from app.campaigns.subject_test import MAX_SUBJECT
from app.kits.pieces import KitSource, Slot, SlotType
from app.web.forms import Form, Required, Short

PREFIX = "slot-"
EVERYWHERE = "In all pieces"
_INPUT = {SlotType.URL: "url", SlotType.DATE: "date"}


def picture_size(slot: Slot) -> str:
    """What a picture must be: `at least 1,200 pixels wide, cropped to 16:9`."""
    both = slot.min_width and slot.min_height
    wide = f"at least {slot.min_width:,} pixels wide" if slot.min_width else ""
    high = f"at least {slot.min_height:,} pixels high" if slot.min_height else ""
    least = f"at least {slot.min_width:,} × {slot.min_height:,} pixels" if both else wide or high
    return ", ".join(part for part in (least, f"cropped to {slot.ratio}" if slot.ratio else "") if part)


@dataclass
class SlotField:
    """One slot as the editor draws it. `value` is what stands in the input, `error` what is wrong with what was typed."""

    slot: Slot
    value: Any
    error: str = ""

    @property
    def id(self) -> str:
        """The input's id and name."""
        return PREFIX + self.slot.name

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.slot.label or self.slot.name.replace("_", " ").capitalize()

    @property
    def kind(self) -> str:
        """How it is drawn: `area`, `choice`, `image`, or the type of an input."""
        slot = self.slot
        if slot.type in (SlotType.RICH, SlotType.LIST) or (slot.type is SlotType.TEXT and slot.multiline):
            return "area"
        if slot.type in (SlotType.CHOICE, SlotType.IMAGE):
            return str(slot.type)
        return _INPUT.get(slot.type, "text")

    @property
    def limit(self) -> int | None:
        """The most characters, where a counter helps."""
        return self.slot.max_length if self.slot.type is SlotType.TEXT else None

    @property
    def hint(self) -> str:
        """The kit's help, and what the type asks for."""
        asks = {
            SlotType.LIST: f"One entry on each line, {self.slot.max_items} at most.",
            SlotType.RICH: "You may use <b>, <i>, <p>, lists and links.",
            SlotType.COLOUR: "Such as #15324b.",
        }.get(self.slot.type, "")
        return " ".join(part for part in (self.slot.help, asks) if part)

    @property
    def optional(self) -> bool:
        """Whether it may stay empty."""
        return not self.slot.required

    @property
    def size(self) -> str:
        """What a picture must be."""
        return picture_size(self.slot)


@dataclass
class Group:
    """The slots of one heading."""

    title: str
    fields: list[SlotField] = field(default_factory=list)


def groups(
    kit: KitSource, stored: Mapping[str, Any], typed: Mapping[str, Any], errors: Mapping[str, str]
) -> list[Group]:
    """The editor's fields under their headings: what was just typed where it was refused, else what is stored, else the default."""
    found: dict[str, Group] = {}
    for slot in kit.slots:
        title = slot.group or _piece_of(kit, slot)
        wrong = errors.get(slot.name, "")
        value = typed[slot.name] if wrong and slot.name in typed else stored.get(slot.name, slot.default)
        found.setdefault(title, Group(title)).fields.append(SlotField(slot, _shown(value), wrong))
    return list(found.values())


def _shown(value: Any) -> Any:
    return "\n".join(value) if isinstance(value, (list, tuple)) else "" if value is None else value


def _piece_of(kit: KitSource, slot: Slot) -> str:
    """The title of the one piece that uses the slot, or EVERYWHERE."""
    named = re.compile(rf"\bslot\.{re.escape(slot.name)}\b")
    users = [e.title for e in kit.emails if named.search(f"{e.source}{e.subject}{e.preheader}")]
    users += [p.title for p in kit.pages if named.search(f"{p.source}{p.title}{p.description}{p.form!r}")]
    return users[0] if len(users) == 1 else EVERYWHERE


class NameForm(Form):
    """A campaign's name."""

    name = StringField("Name", [Required("Write a name."), Short(120)])


class SubjectForm(Form):
    """Two subject lines of the partner's own."""

    subject_a = StringField("Version A", [Required("Write a subject line."), Short(MAX_SUBJECT)])
    subject_b = StringField("Version B", [Required("Write a subject line."), Short(MAX_SUBJECT)])
