"""What is different between two versions of a kit: its terms, its slots with their limits, and every file with was and is."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Literal

from app.kits.pieces import KitSource, Slot, SlotType

Kind = Literal["added", "removed", "changed"]
Line = tuple[int, str, str]  # number, text, "del", "add" or ""

_TERMS = {
    "name": "Name",
    "summary": "Summary",
    "goal": "Goal",
    "languages": "Languages",
    "tiers": "Tiers",
    "regions": "Regions",
    "valid_from": "Valid from",
    "valid_until": "Valid until",
    "review": "Review",
}
_LIMITS = {
    "type": "kind",
    "label": "label",
    "help": "help",
    "group": "heading",
    "required": "needed",
    "default": "your words",
    "max_length": "longest, in characters",
    "multiline": "several lines",
    "choices": "choices",
    "earliest": "earliest day",
    "latest": "latest day",
    "min_width": "least width, in pixels",
    "min_height": "least height, in pixels",
    "ratio": "shape",
    "max_items": "most entries",
}
_CONTEXT = 2
_LONGEST = 4_000  # lines; texts beyond are told, not compared
_WIDTH = 400


@dataclass(frozen=True)
class Change:
    """One thing with what it was and what it is."""

    what: str
    was: str
    now: str


@dataclass(frozen=True)
class SlotChange:
    """A slot that came, went, or got other limits."""

    name: str
    label: str
    kind: Kind
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class FileChange:
    """A file that came, went or is another. `hunks`: the places where a text differs; sizes in bytes, None where it isn't there."""

    path: str
    kind: Kind
    was: int | None
    now: int | None
    hunks: tuple[tuple[Line, ...], ...] = ()
    is_text: bool = False


@dataclass(frozen=True)
class Diff:
    """Everything that differs; empty parts where nothing does."""

    terms: tuple[Change, ...]
    slots: tuple[SlotChange, ...]
    files: tuple[FileChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two are the same."""
        return not (self.terms or self.slots or self.files)


def compare(
    was: KitSource, now: KitSource, was_files: Mapping[str, bytes], now_files: Mapping[str, bytes]
) -> Diff:
    """From one version to another."""
    terms = tuple(_differences(was, now, _TERMS))
    return Diff(terms, tuple(slots(was, now)), tuple(_files(was_files, now_files)))


def slots(was: KitSource, now: KitSource) -> Iterator[SlotChange]:
    """Slots that differ, in the newer kit's order, those that went last."""
    for slot in now.slots:
        before = was.slot(slot.name)
        label = slot.label or slot.name
        if before is None:
            yield SlotChange(
                slot.name, label, "added", tuple(_differences(Slot(slot.name), slot, _limits(slot)))
            )
        elif changes := tuple(_differences(before, slot, _LIMITS)):
            yield SlotChange(slot.name, label, "changed", changes)
    for slot in was.slots:
        if now.slot(slot.name) is None:
            yield SlotChange(slot.name, slot.label or slot.name, "removed")


def _limits(slot: Slot) -> dict[str, str]:
    """What is worth saying of a new slot: its kind and what it takes."""
    names = ["type", "required", "default"]
    names += ["max_length"] if slot.type in (SlotType.TEXT, SlotType.RICH) else []
    names += ["choices", "earliest", "latest", "min_width", "min_height", "ratio"]
    return {name: _LIMITS[name] for name in names}


def _differences(was: object, now: object, names: Mapping[str, str]) -> Iterator[Change]:
    for name, words in names.items():
        before, after = getattr(was, name, None), getattr(now, name, None)
        if before != after:
            yield Change(words, _said(before), _said(after))


def _said(value: object) -> str:
    if value is None or value in ("", (), 0):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _files(was: Mapping[str, bytes], now: Mapping[str, bytes]) -> Iterator[FileChange]:
    for path in sorted({*was, *now}, key=lambda name: (name != "kit.toml", name)):
        before, after = was.get(path), now.get(path)
        if before == after:
            continue
        kind: Kind = "added" if before is None else "removed" if after is None else "changed"
        old, new = _text(before), _text(after)
        is_text = old is not None and new is not None
        hunks = tuple(_hunks(old or [], new or [])) if is_text and kind == "changed" else ()
        sizes = (None if before is None else len(before), None if after is None else len(after))
        yield FileChange(path, kind, *sizes, hunks, is_text)


def _text(data: bytes | None) -> list[str] | None:
    """The lines of a text file; None for anything else, and for one too long to compare."""
    if data is None:
        return []
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return None
    return None if b"\0" in data or len(lines) > _LONGEST else lines


def _hunks(was: list[str], now: list[str]) -> Iterator[tuple[Line, ...]]:
    """The places that differ with two lines around each; numbers are those of the newer text, of lines that went the older's."""
    matcher = difflib.SequenceMatcher(None, was, now)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        lines: list[Line] = []
        for tag, a, b, c, d in group:
            if tag == "equal":
                lines += [(c + n + 1, _cut(text), "") for n, text in enumerate(now[c:d])]
                continue
            lines += [(a + n + 1, _cut(text), "del") for n, text in enumerate(was[a:b])]
            lines += [(c + n + 1, _cut(text), "add") for n, text in enumerate(now[c:d])]
        yield tuple(lines)


def _cut(text: str) -> str:
    text = text.replace("\t", "  ")
    return text if len(text) <= _WIDTH else text[:_WIDTH] + "…"


assert {*_LIMITS} <= {field.name for field in fields(Slot)}  # noqa: S101 — a renamed limit must not vanish from the page
