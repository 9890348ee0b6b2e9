"""The builder of a segment: what its buttons do to the draft, and each condition as its page draws it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.audience.consent import BASIS_WORDS
from app.audience.read_rules import (
    FIELD_PREFIX,
    MOST_CONDITIONS,
    MOST_GROUPS,
    Box,
    Draft,
    Known,
    Row,
    subject,
)
from app.audience.rule_shapes import COMPARISONS, DEEDS, Wants, comparisons, wants
from app.audience.rule_words import ABOUT_WORDS, KNOWN_ONLY, how_words
from app.audience.rules import About, How, Join
from app.errors import Invalid

Option = tuple[str, str]
_TOGETHER = (
    ("Who they are", tuple(each for each in COMPARISONS if each not in DEEDS)[:10]),
    ("Lists and consent", (About.LIST, About.ADDED, About.MAILABLE, About.MARKETING, About.TRACKING, About.BASIS, About.SOURCE)),
    ("What they did", DEEDS),
)  # fmt: skip


@dataclass(frozen=True)
class Clause:
    """One condition on the page: the names of its inputs begin with `prefix`; `left` is how many are meant with it."""

    prefix: str
    number: int  # counted from 1 over the whole builder
    word: str
    row: Row
    hows: tuple[Option, ...]
    wants: Wants
    choices: tuple[Option, ...]
    is_deed: bool
    left: str = ""


def pressed(draft: Draft, what: str) -> Draft:
    """The draft after one of its buttons: `add-0` a condition to the first group, `group` a group, `drop-0-2` the condition away.

    Raises Invalid for a button that the page doesn't have.
    """
    match what.split("-"):
        case ["add", group] if _fits(draft, group):
            boxes = list(draft.boxes)
            boxes[int(group)] = replace(boxes[int(group)], rows=(*boxes[int(group)].rows, Row()))
        case ["group"]:
            boxes = [*draft.boxes, Box(Join.NONE if len(draft.boxes) == 1 else Join.ALL, (Row(),))]
        case ["drop", group, number] if _fits(draft, group) and number.isascii() and number.isdigit():
            boxes = list(draft.boxes)
            rows = tuple(row for at, row in enumerate(boxes[int(group)].rows) if at != int(number))
            boxes[int(group)] = replace(boxes[int(group)], rows=rows)
            boxes = [box for box in boxes if box.rows]
        case _:
            raise Invalid("This form doesn’t fit the segment. Load the page again.")
    if len(boxes) > MOST_GROUPS or sum(len(box.rows) for box in boxes) > MOST_CONDITIONS:
        raise Invalid(f"A segment has at most {MOST_GROUPS} groups and {MOST_CONDITIONS} conditions.")
    return replace(draft, boxes=tuple(boxes) or Draft().boxes)


def _fits(draft: Draft, group: str) -> bool:
    return group.isascii() and group.isdigit() and len(group) < 3 and int(group) < len(draft.boxes)


def subjects(known: Known) -> list[tuple[str, list[Option]]]:
    """What a condition may be about, in groups for a select."""
    found = [(title, [(str(each), ABOUT_WORDS[each]) for each in abouts]) for title, abouts in _TOGETHER]
    if known.fields:
        found.insert(1, ("Your own fields", [(FIELD_PREFIX + each.pid, each.name) for each in known.fields]))
    return found


def clauses(draft: Draft, known: Known, left: Sequence[int | None]) -> list[list[Clause]]:
    """The conditions of each group as the page draws them; `left` has the counts of those that can be read, in their order."""
    counts, number, found = iter(left), 0, []
    for place, box in enumerate(draft.boxes):
        rows = []
        for at, row in enumerate(box.rows):
            number += 1
            first = number == 1
            words = _left(row, next(counts, None), first, draft.join, box.join) if row.condition else ""
            rows.append(_clause(row, known, f"g{place}-{at}", number, _word(box.join, at), words))
        found.append(rows)
    return found


def _word(join: Join, at: int) -> str:
    if at == 0:
        return "who"
    return "and" if join is Join.ALL else "or"


def _left(row: Row, count: int | None, first: bool, join: Join, group: Join) -> str:
    if count is None:
        return "not counted by itself: that would take too long"
    people = "1 person" if count == 1 else f"{count:,} people"
    if not first:
        together = join is Join.ANY or group is Join.ANY
        people = (
            f"{count:,} so far"
            if together
            else f"{count:,} left"
            if group is Join.NONE
            else f"{count:,} of them"
        )
    known_only = row.condition is not None and row.condition.about in KNOWN_ONLY
    return f"{people}; people only, of those who agreed to tracking" if known_only else people


def _clause(row: Row, known: Known, prefix: str, number: int, word: str, left: str) -> Clause:
    if not row.about:
        return Clause(prefix, number, word, row, (), Wants.NOTHING, (), False, left)
    about, own = subject(row.about, known)
    kind = str(own.kind) if own else ""
    hows = tuple((str(how), how_words(about, how)) for how in comparisons(about, kind))
    need = wants(about, How(row.how), kind)
    choices: tuple[Option, ...] = ()
    if need is Wants.LIST:
        choices = tuple((each.pid, each.name) for each in known.lists)
    elif need is Wants.CHOICE and own is not None:
        choices = tuple((each, each) for each in own.choices)
    elif need is Wants.CHOICE:
        choices = tuple((str(each), words) for each, words in BASIS_WORDS.items())
    return Clause(prefix, number, word, row, hows, need, choices, about in DEEDS, left)
