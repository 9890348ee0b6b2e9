"""The editor's form, made from a kit's slots, and the small forms around a campaign.

The slots' rules live in app.kits.slots; here they only become fields, hints and limits a browser shows.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from wtforms import SelectField, StringField

from app.assets.models import Asset
from app.audience.models import Topic
from app.campaigns.history import mark
from app.campaigns.models import Campaign
from app.campaigns.subject_test import MAX_SUBJECT
from app.campaigns.words import Clash, in_one_line, stored
from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.slots import default_of
from app.kits.text import length
from app.web.forms import Form, Required, Short

PREFIX = "slot-"
EVERYWHERE = "In all pieces"
_INPUT = {SlotType.URL: "url", SlotType.DATE: "date"}


def picture_size(slot: Slot) -> str:
    """What a picture must be: `at least 1,200 pixels wide, cut to 16:9`."""
    both = slot.min_width and slot.min_height
    wide = f"at least {slot.min_width:,} pixels wide" if slot.min_width else ""
    high = f"at least {slot.min_height:,} pixels high" if slot.min_height else ""
    least = f"at least {slot.min_width:,} × {slot.min_height:,} pixels" if both else wide or high
    return ", ".join(part for part in (least, f"cut to {slot.ratio}" if slot.ratio else "") if part)


@dataclass
class SlotField:
    """One slot as the editor draws it. `value` is what stands in the input, `error` what is wrong with what was typed.

    `differs`: what is stored are the partner's own words in place of `kit_words`.
    """

    slot: Slot
    value: Any
    error: str = ""
    seen: str = "kit"  # the mark of the words that stand there
    kit_words: str = ""  # in one line
    differs: bool = False
    clash: Clash | None = None
    library: list[Asset] = field(default_factory=list)  # pictures that fit it

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
        return self.slot.max_length if self.slot.type in (SlotType.TEXT, SlotType.RICH) else None

    @property
    def used(self) -> int:
        """How many characters a person counts in it."""
        value = str(self.value)
        return length(Markup(value).striptags() if self.slot.type is SlotType.RICH else value)  # noqa: S704 - only counted

    @property
    def theirs(self) -> str:
        """What somebody else wrote meanwhile, in one line."""
        if self.clash is None:
            return ""
        return in_one_line(self.slot, self.clash.theirs) or self.kit_words

    @property
    def hint(self) -> str:
        """The kit's help, and what the type asks for."""
        asks = {
            SlotType.LIST: f"One entry on each line, {self.slot.max_items} at most.",
            SlotType.RICH: "An empty line begins a paragraph. Bold, italic, lists and links are kept.",
            SlotType.COLOUR: "Such as #15324b.",
            SlotType.URL: "Begins with https://.",
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


@dataclass(frozen=True)
class Typed:
    """What a person typed and isn't saved: raw values by slot, a sentence for each that was refused, and which of them clash.

    `seen` are the marks of the words that stood there when they began.
    """

    raw: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    clashes: Mapping[str, Clash] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)


def groups(
    kit: KitSource, campaign: Campaign, typed: Typed, pictures: Mapping[str, list[Asset]]
) -> list[Group]:
    """The editor's fields under their headings: what was typed where it was refused, else what is stored, else the default.

    `pictures` of the library, by the slot that takes them.
    """
    own = stored(campaign, kit)
    found: dict[str, Group] = {}
    for slot in kit.slots:
        title = slot.group or _piece_of(kit, slot)
        found.setdefault(title, Group(title)).fields.append(_field(slot, campaign, own, typed))
        found[title].fields[-1].library = pictures.get(slot.name, [])
    return list(found.values())


def _field(slot: Slot, campaign: Campaign, own: Mapping[str, Any], typed: Typed) -> SlotField:
    name, mine, usual = slot.name, campaign.slot_values.get(slot.name), default_of(slot)
    wrong = typed.errors.get(name, "")
    value = typed.raw[name] if wrong and name in typed.raw else own.get(name, usual)
    begun = typed.seen.get(name) if wrong else None
    return SlotField(
        slot, _shown(value), wrong, begun or mark(mine), in_one_line(slot, usual), mine is not None and usual is not None,
        typed.clashes.get(name),
    )  # fmt: skip


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
    topic = SelectField("Topic", validate_choice=False)

    def offer(self, topics: Sequence[Topic]) -> None:
        """The topics that may be chosen, by public id."""
        self.topic.choices = [("", "About nothing in particular"), *((t.pid, t.name) for t in topics)]


class SubjectForm(Form):
    """Two subject lines of the partner's own."""

    subject_a = StringField("Version A", [Required("Write a subject line."), Short(MAX_SUBJECT)])
    subject_b = StringField("Version B", [Required("Write a subject line."), Short(MAX_SUBJECT)])
