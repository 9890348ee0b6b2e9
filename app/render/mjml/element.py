"""What all components share: attributes after the head's rules, the room they have, and their children.

A component says its defaults and how it draws itself; `Sheet` collects what it needs in the head.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import ClassVar

from app.render.mjml import values
from app.render.mjml.parse import Node
from app.render.mjml.values import Value, written

_SHORT_COLOUR = re.compile(r"#(\w)(\w)(\w)", re.ASCII)
SIDES = ("top", "right", "bottom", "left")
GOOGLE = "https://fonts.googleapis.com/css?family="


@dataclass
class Sheet:
    """What the head says and what the body needs of it."""

    language: str = "und"
    direction: str = "auto"
    is_mirrored: bool = False
    title: str = ""
    breakpoint: str = "480px"
    background: str = ""
    for_all: dict[str, str] = field(default_factory=dict)
    by_tag: dict[str, dict[str, str]] = field(default_factory=dict)
    classes: dict[str, dict[str, str]] = field(default_factory=dict)
    in_classes: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    fonts: dict[str, str] = field(
        default_factory=lambda: {
            name: f"{GOOGLE}{name.replace(' ', '+')}:300,400,500,700"
            for name in ("Open Sans", "Droid Sans", "Lato", "Roboto", "Ubuntu")
        }
    )
    styles: list[str] = field(default_factory=list)
    inline_styles: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    html_attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    widths: dict[str, str] = field(default_factory=dict)
    component_styles: dict[str, str] = field(default_factory=dict)
    ids: int = 0

    def add_width(self, name: str, width: float, unit: str) -> None:
        """A column's width on wide screens."""
        size = f"{values.shown(width)}{unit}"
        self.widths[name] = f"{{ width:{size} !important; max-width: {size}; }}"

    @property
    def start(self) -> str:
        """The side that lines begin at."""
        return "right" if self.is_mirrored else "left"

    @property
    def narrow(self) -> str:
        """The widest screen that counts as a phone's."""
        digits = re.search(r"\d+", self.breakpoint)
        return f"{int(digits.group()) - 1}px" if digits else self.breakpoint

    def new_id(self) -> str:
        """A word that no other component of this mail has."""
        self.ids += 1
        return f"c{self.ids}"


@dataclass(frozen=True)
class Room:
    """Where a component stands: its container's width in pixels, its place among its siblings, and what parents pass down."""

    width: float = 600
    index: int = 0
    siblings: int = 1
    gap: str | None = None
    accordion_font: str | None = None
    element_font: str | None = None
    thumbnails: str | None = None


class Element:
    """A component at its place, ready to draw itself."""

    tag: ClassVar[str] = ""
    defaults: ClassVar[Mapping[str, str]] = {}
    kinds: ClassVar[dict[str, type["Element"]]] = {}
    is_raw: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        if cls.tag:
            Element.kinds[cls.tag] = cls

    def __init__(self, node: Node, sheet: Sheet, room: Room, inherited: Mapping[str, str | None]) -> None:
        self.node = node
        self.sheet = sheet
        self.room = room
        defaults = _mirrored(self.tag) if sheet.is_mirrored else self.defaults
        given = {**defaults, **sheet.for_all, **inherited, **node.resolved}
        self.attributes: dict[str, str | None] = {
            name: _colour(value) if value and name.endswith("color") else value
            for name, value in given.items()
        }

    def render(self) -> str:
        """The component as HTML."""
        raise NotImplementedError

    def get(self, name: str) -> str | None:
        """An attribute; None where nobody gave it."""
        return self.attributes.get(name)

    def text(self, name: str) -> str:
        """An attribute, or nothing."""
        return self.attributes.get(name) or ""

    def some(self, *names: str) -> dict[str, Value]:
        """Attributes that are styles of the same name."""
        return {name: self.attributes.get(name) for name in names}

    def sided(self, name: str, prefix: str = "", order: tuple[str, ...] = SIDES) -> dict[str, Value]:
        """`padding` or `border` and its four sides as styles; `prefix` is that of the attributes."""
        names = (name, *(f"{name}-{side}" for side in order))
        return {style: self.attributes.get(prefix + style) for style in names}

    def space(self, name: str, side: str) -> int:
        """The pixels of padding on one side."""
        one = self.text(f"{name}-{side}")
        return values.integer(one) if one else values.side(self.text(name), side) if self.get(name) else 0

    def edge(self, side: str, name: str = "border") -> int:
        """The pixels of the border on one side."""
        return values.border(self.text(f"{name}-{side}") or self.text(name) or "0")

    @property
    def edges(self) -> int:
        """The pixels of the borders left and right."""
        return self.edge("right") + self.edge("left")

    @property
    def paddings(self) -> int:
        """The pixels of the paddings left and right."""
        return self.space("padding", "right") + self.space("padding", "left")

    @property
    def box(self) -> int:
        """The pixels that are left inside of padding and border."""
        return int(self.room.width) - self.paddings - self.edges

    def inside(self) -> Room:
        """The room for children."""
        return self.room

    def children(
        self,
        draw: Callable[["Element"], str] | None = None,
        inherited: Mapping[str, str | None] | None = None,
    ) -> str:
        """All children, each through `draw`; unknown ones are left out, as the reference does."""
        return "".join(
            draw(child) if draw and not child.is_raw else child.render()
            for child in self.parts(inherited or {})
        )

    def parts(self, inherited: Mapping[str, str | None]) -> list["Element"]:
        """The children as components."""
        nodes = self.node.children
        room = replace(self.inside(), siblings=sum(n.tag != "mj-raw" for n in nodes))
        return [
            kind(node, self.sheet, replace(room, index=at), inherited)
            for at, node in enumerate(nodes)
            if (kind := Element.kinds.get(node.tag))
        ]

    def row(self, child: "Element", **more: Value) -> str:
        """A child in a table's row of its own, with its padding around it."""
        cell = {"background": child.get("container-background-color"), "font-size": "0px"}
        style = values.style({**cell, **child.sided("padding"), "word-break": "break-word"})
        attributes = written(
            {"align": child.get("align"), **more, "class": child.get("css-class"), "style": style}
        )
        return f"<tr><td{attributes}>{child.render()}</td></tr>"


@cache
def _mirrored(tag: str) -> dict[str, str]:
    """A component's defaults for a language that runs from right to left; what stands in rows turns with them by itself."""
    turned = {"left": "right", "right": "left", "ltr": "rtl"}
    sided = ("align", "direction")
    defaults = {
        name: turned.get(value, value) if name in sided else value
        for name, value in Element.kinds[tag].defaults.items()
    }
    if padding := defaults.get("text-padding"):
        top, right, bottom, left = padding.split()
        defaults["text-padding"] = f"{top} {left} {bottom} {right}"
    return defaults


def _colour(value: str) -> str:
    """#abc as #aabbcc: some mail programs know the long form only."""
    found = _SHORT_COLOUR.fullmatch(value)
    return "#" + "".join(2 * digit for digit in found.groups()) if found else value
