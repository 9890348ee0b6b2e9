"""mj-column and mj-group: what stands side by side on wide screens, and stacks on phones unless it is a group."""

from dataclasses import replace
from typing import ClassVar

from app.render.mjml.element import Element, Room
from app.render.mjml.section import Cell
from app.render.mjml.values import Value, integer, outlook, pixels, shown, size, style, table, written

_PADDINGS = ("padding", "padding-bottom", "padding-left", "padding-right", "padding-top")
_BORDERS = ("border", "border-bottom", "border-left", "border-radius", "border-right", "border-top")


class _Side(Cell):
    """What columns and groups share: a width out of an attribute, or a fair part of the section."""

    @property
    def width(self) -> tuple[float, str]:
        """Number and unit of the width on wide screens."""
        return size(self.get("width") or f"{shown(100 / self.room.siblings)}%", whole=False)

    def outlook_cell(self) -> dict[str, Value]:
        return {"vertical-align": self.get("vertical-align"), "width": pixels(self.outlook_width)}

    @property
    def outlook_width(self) -> float:
        """The width in pixels."""
        number, unit = self.width
        return self.room.width * number / 100 if unit == "%" else number

    def room_within(self, less: float) -> Room:
        """The room inside, `less` what paddings and borders take."""
        wanted = self.get("width") or pixels(self.room.width / self.room.siblings)
        number, unit = size(wanted, whole=False)
        return replace(self.room, width=(self.room.width * number / 100 if unit == "%" else number) - less)

    def classes(self, name: str) -> str:
        """The classes of the box, with that of its width, which goes into the head."""
        number, unit = self.width
        self.sheet.add_width(name, number, unit)
        return " ".join(filter(None, (name, "mj-outlook-group-fix", self.get("css-class"))))


class Column(_Side):
    """A column of texts, pictures and the like."""

    tag = "mj-column"
    defaults: ClassVar[dict[str, str]] = {"direction": "ltr", "vertical-align": "top"}

    def inside(self) -> Room:
        inner = self.edge("left", "inner-border") + self.edge("right", "inner-border")
        return self.room_within(self.paddings + self.edges + inner)

    def render(self) -> str:
        number, unit = self.width
        name = f"mj-column-{'per' if unit == '%' else 'px'}-{shown(number).replace('.', '-', 1)}"
        box = {
            "font-size": "0px", "text-align": self.sheet.start, "direction": self.get("direction"), "display": "inline-block",
            "vertical-align": self.get("vertical-align"), "width": self._phone_width(),
        }  # fmt: skip
        content = self._gutter() if self._has_gutter else self._rows()
        return f"<div{written({'class': self.classes(name), 'style': style(box)})}>{content}</div>"

    def _phone_width(self) -> str:
        if self.get("mobilewidth") != "mobilewidth":
            return "100%"
        wanted = self.get("width")
        if wanted is None:
            return f"{int(100 / self.room.siblings)}%"
        number, unit = size(wanted, whole=False)
        return wanted if unit == "%" else f"{shown(number / int(self.room.width) * 100)}%"

    @property
    def _has_gutter(self) -> bool:
        return any(self.get(name) is not None for name in _PADDINGS)

    @property
    def _look(self) -> dict[str, Value]:
        separate = "separate" if self.get("border-radius") else None
        return {
            **self.some("background-color", *_BORDERS, "vertical-align"), "border-collapse": separate
        }  # fmt: skip

    def _gutter(self) -> str:
        outer = style({"border-collapse": "separate"}) if self.get("border-radius") else ""
        cell = style({**self._look, **self.sided("padding")})
        return f'<table{table(width="100%", style=outer)}><tbody><tr><td style="{cell}">{self._rows()}</td></tr></tbody></table>'

    def _rows(self) -> str:
        look = self._look
        if self._has_gutter:
            look = {name: self.get(f"inner-{name}") for name in ("background-color", *_BORDERS)}
        if self.get("inner-border-radius"):
            look["border-collapse"] = "separate"
        rows = self.children(self.row)
        return f"<table{table(style=style(look), width='100%')}><tbody>{rows}</tbody></table>"


class Group(_Side):
    """Columns that stay side by side on phones."""

    tag = "mj-group"
    defaults: ClassVar[dict[str, str]] = {"direction": "ltr"}

    def inside(self) -> Room:
        return self.room_within(self.paddings)

    def render(self) -> str:
        number, unit = self.width
        name = f"mj-column-{'per' if unit == '%' else 'px'}-{integer(number)}"
        colour = self.get("background-color")
        box = {
            "font-size": "0", "line-height": "0", "text-align": self.sheet.start, "display": "inline-block", "width": "100%",
            **self.some("direction", "vertical-align", "background-color"),
        }  # fmt: skip
        inner = table(bgcolor=None if colour == "none" else colour)
        columns = self.children(self._column, {"mobilewidth": "mobilewidth"})
        return (
            f"<div{written({'class': self.classes(name), 'style': style(box)})}>{outlook(f'<table{inner}><tr>')}"
            f"{columns}{outlook('</tr></table>')}</div>"
        )

    def _column(self, child: Element) -> str:
        width = (
            child.outlook_width
            if isinstance(child, _Side)
            else integer(child.get("width") or self.room.width)
        )
        cell = style({"vertical-align": child.get("vertical-align"), "width": pixels(int(width))})
        opening = outlook(f'<td style="{cell}">')
        return f"{opening}{child.render()}{outlook('</td>')}"
