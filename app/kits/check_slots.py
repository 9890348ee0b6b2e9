"""The check of slots: what their declaration asks for, and whether pieces use each as what it is."""

import re

from jinja2 import nodes

from app.kits.findings import Finding, finding, from_problems
from app.kits.locate import Lines
from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.slots import SlotError, clean
from app.kits.table import FILE
from app.render.context import Names
from app.render.filters import COLOUR_FILTERS
from app.render.markup_state import Spot
from app.render.near import near
from app.render.places import Places
from app.render.template import Template, inspect
from app.render.tree import slot_of
from app.render.walk import Walk

_COLOURS = frozenset({"primary_color", "call_color"})
_MEANS = {
    "max_length": {SlotType.TEXT, SlotType.RICH, SlotType.LIST, SlotType.URL},
    "multiline": {SlotType.TEXT},
    "choices": {SlotType.CHOICE},
    "earliest": {SlotType.DATE},
    "latest": {SlotType.DATE},
    "min_width": {SlotType.IMAGE},
    "min_height": {SlotType.IMAGE},
    "ratio": {SlotType.IMAGE},
    "max_items": {SlotType.LIST},
}


def check_template(
    kit: KitSource, source: str, names: Names, language: str, *, markup: bool
) -> tuple[Template | None, list[Finding]]:
    """Check one template, in MJML, HTML or plain text. The findings' places count inside of it; their file is not set yet."""
    names = Names(
        {slot.name: slot.type.value for slot in kit.slots},
        names.contact, names.links, names.plain, names.submitted, names.links_in_text,
    )  # fmt: skip
    choices = {slot.name: slot.choices for slot in kit.slots if slot.type is SlotType.CHOICE}
    walk = type("TypedWalk", (_TypedWalk,), {"choices": choices})
    parsed, problems = inspect(
        source, names, places=Places("tlcheck"), markup=markup, language=language, walk_of=walk
    )
    return parsed, from_problems(problems, "")


def used_slots(kit: KitSource, source: str) -> set[str]:
    """The slots a template names, also one with mistakes in it."""
    return {slot.name for slot in kit.slots if re.search(rf"\bslot\.{re.escape(slot.name)}\b", source)}


class _TypedWalk(Walk):
    """As the walk of the renderer, and also tells what would come out but make no sense: a picture as words, for instance."""

    choices: dict[str, tuple[str, ...]] = {}

    def fits(self, node: nodes.Expr, spot: Spot) -> None:
        before = len(self.problems)
        super().fits(node, spot)
        if len(self.problems) == before:
            self._as_words(node, spot)
            self._colours(node)

    def _as_words(self, node: nodes.Expr, spot: Spot) -> None:
        name = slot_of(node)
        kind, filters = self.names.slots.get(name, ""), _filters(node)
        if spot not in (Spot.TEXT, Spot.ATTRIBUTE):
            return
        if kind == "image":
            mend = f'Write src="{{{{ slot.{name}.url }}}}" and alt="{{{{ slot.{name}.alt }}}}".'
            self._wrong(node, f"The slot “{name}” is a picture; here its address would stand as words.", mend)
        elif kind == "list" and "join" not in filters:
            mend = f'Write {{% for item in slot.{name} %}}{{{{ item }}}}{{% endfor %}}, or | join(", ").'
            self._wrong(node, f"The slot “{name}” is a list, and is not looped over.", mend)
        elif kind == "colour":
            mend = "Put it into a colour attribute, or use a slot of type text."
            self._wrong(node, f"The slot “{name}” is a colour; here its code would stand as words.", mend)

    def _colours(self, node: nodes.Expr) -> None:
        """`readable_on` and `text_on` of something that is no colour fail when the mail is built."""
        if not any(name in COLOUR_FILTERS for name in _filters(node)):
            return
        target: nodes.Node | None = node
        while isinstance(target, nodes.Filter):
            target = target.node
        kind = self.names.slots.get(slot_of(node), "")
        brand = isinstance(target, nodes.Getattr) and target.attr in _COLOURS
        if (
            not brand
            and kind not in ("colour", "choice")
            and not isinstance(target, (nodes.Const, nodes.Name))
        ):
            filters = " and ".join(COLOUR_FILTERS)
            self._wrong(
                node, f"{filters} change colours, and this is none.", "Use a slot of type colour here."
            )

    def truth(self, node: nodes.Node) -> None:
        super().truth(node)
        choices = self.choices.get(slot_of(node.expr) if isinstance(node, nodes.Compare) else "")
        if not choices or not isinstance(node, nodes.Compare):
            return
        for operand in node.ops:
            if isinstance(operand.expr, nodes.Const) and operand.expr.value not in choices:
                mend = (
                    near(str(operand.expr.value), choices)
                    + f"It can be {', '.join(f'“{c}”' for c in choices)}."
                )
                message = f"The slot “{slot_of(node.expr)}” never is “{str(operand.expr.value)[:40]}”."
                self.refuse(node, message, mend, rule="slot-choice")

    def _wrong(self, node: nodes.Expr, message: str, mend: str) -> None:
        self.refuse(node, message, mend, rule="slot-type")


def _filters(node: nodes.Expr | None) -> list[str]:
    found = []
    while isinstance(node, nodes.Filter):
        found.append(node.name)
        node = node.node
    return found


def check_declared(kit: KitSource, lines: Lines, used: set[str]) -> list[Finding]:
    """Slots that no piece uses, defaults that break the slot's own limits, and limits that mean nothing for its type."""
    found = []
    for at, slot in enumerate(kit.slots):
        address = f"slots[{at}]"
        if slot.name and slot.name not in used:
            message = f"The slot “{slot.name}” is declared and used nowhere."
            mend = "Partners would be asked for something that nobody sees. Remove it, or use it."
            found.append(finding("slot-unused", FILE, *lines.value(address, "name"), message, mend))
        if problem := default_trouble(slot):
            message = f"The default of “{slot.name}” breaks the slot’s own limits. {problem}"
            mend = "Change the default or the limit."
            found.append(finding("slot-default", FILE, *lines.value(address, "default"), message, mend))
        found += _limits(slot, address, lines)
    return found


def default_trouble(slot: Slot) -> str:
    """Why a partner could not have typed this slot's default, or nothing."""
    if slot.default is None:
        return ""
    if slot.type is SlotType.IMAGE:
        return "A picture can’t have a default here: put {% else %} with a picture of the kit into the piece."
    try:
        clean(slot, slot.default)
    except SlotError as error:
        return error.message
    return ""


def _limits(slot: Slot, address: str, lines: Lines) -> list[Finding]:
    found = []
    for key, types in _MEANS.items():
        if slot.type not in types and lines.has(address, key):
            message = f"“{key}” means nothing for a slot of type {slot.type}."
            mend = f"Remove it, or use a slot of type {' or '.join(sorted(types))}."
            found.append(finding("slot-limits", FILE, *lines.where(address, key), message, mend))
    if slot.earliest and slot.latest and slot.earliest > slot.latest:
        message = f"No date is from {slot.earliest} on and up to {slot.latest}."
        found.append(
            finding("slot-limits", FILE, *lines.value(address, "latest"), message, "Swap the dates.")
        )
    return found
