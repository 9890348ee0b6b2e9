"""What a partner changed against the kit, or since the last round: the words side by side, cut into what stayed, went and came."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.campaigns.review_content import Snapshot
from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.slots import SlotError, clean
from app.web.hosts import public_url_for

_TOKEN = re.compile(r"\S+\s*|\s+")
_BREAK = re.compile(r"(?i)<(?:br\s*/?|/p|/li)>")
_FEW = 2
_MOST = 1_500  # words beyond which two texts are shown whole: comparing takes time with the square of them


@dataclass(frozen=True)
class Part:
    """A run of words: in both ("same"), only before ("gone") or only now ("new")."""

    kind: str
    text: str


@dataclass(frozen=True)
class Picture:
    """A picture as the reviewer sees it."""

    asset: str
    ending: str
    name: str
    alt: str
    size: str

    @property
    def url(self) -> str:
        """Where it is served."""
        return public_url_for("media.file", pid=self.asset, ending=self.ending)


@dataclass(frozen=True)
class Change:
    """One slot whose content differs. `was` is empty where there was nothing; `places` are the pieces that show it."""

    slot: str
    label: str
    kind: SlotType | None  # None: something that isn't a slot
    places: tuple[str, ...]
    was: tuple[Part, ...]
    now: tuple[Part, ...]
    note: str = ""
    picture: Picture | None = None

    @property
    def about(self) -> str:
        """What a comment on it is about."""
        return f"slot/{self.slot}" if self.kind else self.slot

    @property
    def was_text(self) -> str:
        """What stood there, in one piece."""
        return "".join(part.text for part in self.was)

    @property
    def text(self) -> str:
        """What stands there now, in one piece."""
        return "".join(part.text for part in self.now)


@dataclass(frozen=True)
class Comparison:
    """What differs, in the kit's order, and the labels of what doesn't."""

    changed: tuple[Change, ...]
    same: tuple[str, ...]


def against_kit(kit: KitSource, content: Snapshot) -> Comparison:
    """What the partner changed from what the kit suggests."""
    slots = {slot.name: _default(slot) for slot in kit.slots}
    return _compare(kit, slots, None, content)


def since(kit: KitSource, before: Snapshot, content: Snapshot) -> Comparison:
    """What the partner changed since an earlier round; what is the kit's is compared as the kit's words."""
    slots = {slot.name: before["slots"].get(slot.name, _default(slot)) for slot in kit.slots}
    found = _compare(kit, slots, before.get("test"), content)
    brand = _brand_changes(before.get("brand") or {}, content.get("brand") or {})
    return Comparison((*found.changed, *brand), found.same)


def places_of(kit: KitSource, slot: str) -> tuple[str, ...]:
    """Which pieces show a slot, in words: emails by title, `landing page`, `posts`; `all pieces` where each of them does."""
    named = re.compile(rf"\bslot\.{re.escape(slot)}\b")
    page = "landing page" if len(kit.pages) == 1 else ""
    shown = [(e.title, f"{e.source}{e.subject}{e.preheader}") for e in kit.emails]
    shown += [(page or p.title, f"{p.source}{p.title}{p.description}{p.form!r}") for p in kit.pages]
    shown += [("posts", p.source) for p in kit.posts]
    users = [title for title, text in shown if named.search(text)]
    return ("all pieces",) if len(users) == len(shown) > 1 else tuple(dict.fromkeys(users))


def words(was: str, now: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Two texts word by word, each with what is only in it."""
    old, new = _TOKEN.findall(was), _TOKEN.findall(now)
    if not old or not new or max(len(old), len(new)) > _MOST:
        return _whole("gone", was), _whole("new", now)
    left: list[Part] = []
    right: list[Part] = []
    for same, a, b, c, d in _runs([word.strip() for word in old], [word.strip() for word in new]):
        kinds = ("same", "same") if same else ("gone", "new")
        left += _whole(kinds[0], "".join(old[a:b]))
        right += _whole(kinds[1], "".join(new[c:d]))
    return tuple(left), tuple(right)


def _runs(old: list[str], new: list[str]) -> list[tuple[bool, int, int, int, int]]:
    """What is in both and what isn't, by turns; a word or two between changes, such as "the", belong to them: so it reads better."""
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    found: list[tuple[bool, int, int, int, int]] = []
    for at, (tag, a, b, c, d) in enumerate(codes):
        same = tag == "equal" and (b - a > _FEW or at in (0, len(codes) - 1))
        if found and found[-1][0] == same:
            _, first, _, third, _ = found.pop()
            a, c = first, third
        found.append((same, a, b, c, d))
    return found


def as_words(slot: Slot, value: object) -> str:
    """A slot's stored value as people read it; "" for none."""
    if value in (None, "", [], {}, ()):
        return ""
    if slot.type is SlotType.RICH:
        return Markup(_BREAK.sub(" ", str(value))).striptags()  # noqa: S704 - only to take the tags out
    if slot.type is SlotType.LIST and isinstance(value, (list, tuple)):
        return " · ".join(str(item) for item in value)
    if slot.type is SlotType.DATE:
        year, month, day = (int(part) for part in str(value).split("-"))
        return f"{day} {_MONTHS[month - 1]} {year}"
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("asset") or "")
    return str(value)


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _whole(kind: str, text: str) -> tuple[Part, ...]:
    return (Part(kind, text),) if text else ()


def _default(slot: Slot) -> object:
    try:
        return clean(slot, slot.default) if slot.default is not None else None
    except SlotError:  # a version from before a rule was made
        return None


def _compare(
    kit: KitSource, before: Mapping[str, object], test: Mapping[str, Any] | None, content: Snapshot
) -> Comparison:
    changed: list[Change] = []
    same: list[str] = []
    for slot in kit.slots:
        now = content["slots"].get(slot.name, _default(slot))
        if now == before[slot.name]:
            same.append(slot.label or slot.name)
        else:
            changed.append(_change(kit, slot, before[slot.name], now))
    return Comparison((*changed, *_lines(kit, test, content.get("test"))), tuple(same))


def _change(kit: KitSource, slot: Slot, was: object, now: object) -> Change:
    if slot.type in (SlotType.TEXT, SlotType.RICH, SlotType.LIST):
        left, right = words(as_words(slot, was), as_words(slot, now))
    else:
        left, right = _whole("gone", as_words(slot, was)), _whole("new", as_words(slot, now))
    note = _NOTES.get(slot.type, _no_note)(slot, now)
    picture = _picture(now) if isinstance(now, Mapping) else None
    return Change(
        slot.name, slot.label or slot.name, slot.type, places_of(kit, slot.name), left, right, note, picture
    )


def _picture(value: Mapping[str, Any]) -> Picture:
    size = f"{value['width']:,} × {value['height']:,}"
    return Picture(
        str(value["asset"]), str(value["ending"]), str(value.get("name", "")), str(value.get("alt", "")), size
    )


def _no_note(slot: Slot, value: object) -> str:
    return ""


def _length(slot: Slot, value: object) -> str:
    return f"{len(as_words(slot, value))} of {slot.max_length}"


def _days(slot: Slot, value: object) -> str:
    ends = [f"{d.day} {_MONTHS[d.month - 1]} {d.year}" if d else "" for d in (slot.earliest, slot.latest)]
    if all(ends):
        return f"The kit allows {ends[0]} to {ends[1]}"
    return (
        f"The kit allows up to {ends[1]}"
        if ends[1]
        else f"The kit allows from {ends[0]} on"
        if ends[0]
        else ""
    )


def _choices(slot: Slot, value: object) -> str:
    return f"One of {len(slot.choices)} choices"


_NOTES: dict[SlotType, Callable[[Slot, object], str]] = {
    SlotType.TEXT: _length,
    SlotType.RICH: _length,
    SlotType.DATE: _days,
    SlotType.CHOICE: _choices,
}


def _lines(kit: KitSource, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> list[Change]:
    """The test of a subject line, where the partner planned one in their own words or changed it."""
    if now == before or (now and before is None and all(template for _, template in now["lines"])):
        return []
    email = kit.email(str((now or before or {}).get("email", "")))
    was, new = (" / ".join(line for line, _ in test["lines"]) if test else "" for test in (before, now))
    left, right = words(was, new)
    place = (email.title,) if email else ()
    return [Change("test", "Subject lines of the test", None, place, left, right)]


_BRAND = {
    "name": "Name", "legal_name": "Legal name", "postal_address": "Postal address", "phone": "Phone", "website": "Website",
    "email": "Answers go to", "sender_name": "Sender name", "primary_color": "Main colour", "call_color": "Colour of buttons",
    "logo_sha256": "Logo",
}  # fmt: skip


def _brand_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    found = []
    for name, label in _BRAND.items():
        if before.get(name) == now.get(name):
            continue
        shown = (
            ("another picture", "a new picture")
            if name == "logo_sha256"
            else (before.get(name), now.get(name))
        )
        left, right = words(*(str(value or "") for value in shown))
        found.append(Change("brand", f"Brand: {label}", None, ("all pieces",), left, right))
    return found
