"""What fills columns: text, buttons, lines, gaps, tables, and HTML as it is."""

from typing import ClassVar

from app.render.mjml import values
from app.render.mjml.element import Element
from app.render.mjml.values import Value, outlook, style, table, written

FONT = "Ubuntu, Helvetica, Arial, sans-serif"
_BORDERS = ("bottom", "left", "right", "top")


class Raw(Element):
    """mj-raw: goes out as it is."""

    tag = "mj-raw"
    is_raw = True

    def render(self) -> str:
        return self.node.content


class Text(Element):
    """mj-text."""

    tag = "mj-text"
    defaults: ClassVar[dict[str, str]] = {
        "align": "left", "color": "#000000", "font-family": FONT, "font-size": "13px", "line-height": "1",
        "padding": "10px 25px",
    }  # fmt: skip

    def render(self) -> str:
        look = {
            **self.some("font-family", "font-size", "font-style", "font-weight", "letter-spacing", "line-height"),
            "text-align": self.get("align"), **self.some("text-decoration", "text-transform", "color", "height"),
        }  # fmt: skip
        text = f'<div style="{style(look)}">{self.node.content}</div>'
        height = self.get("height")
        if not height:
            return text
        cell = f'<td height="{height}" style="vertical-align:top;height:{height};">'
        opening = outlook(f'<table role="presentation" border="0" cellpadding="0" cellspacing="0"><tr>{cell}')
        return f"{opening}{text}{outlook('</td></tr></table>')}"


class Button(Element):
    """mj-button: a link that looks like one in Outlook too."""

    tag = "mj-button"
    defaults: ClassVar[dict[str, str]] = {
        "align": "center", "background-color": "#414141", "border": "none", "border-radius": "3px", "color": "#ffffff",
        "font-family": FONT, "font-size": "13px", "font-weight": "normal", "inner-padding": "10px 25px",
        "line-height": "120%", "padding": "10px 25px", "target": "_blank", "text-decoration": "none",
        "text-transform": "none", "vertical-align": "middle",
    }  # fmt: skip

    def render(self) -> str:
        ground = self.get("background-color")
        cell = {
            **self.sided("border", order=_BORDERS), **self.some("border-radius"), "cursor": "auto",
            **self.some("font-style", "height"), "mso-padding-alt": self.get("inner-padding"),
            **self.some("text-align"), "background": ground,
        }  # fmt: skip
        outer = {"border-collapse": "separate", "width": self.get("width"), "line-height": "100%"}
        attributes: dict[str, Value] = {
            "align": "center", "bgcolor": None if ground == "none" else ground, "role": "presentation",
            "style": style(cell), "valign": self.get("vertical-align"),
        }  # fmt: skip
        return f"<table{table(style=style(outer))}><tbody><tr><td{written(attributes)}>{self._link()}</td></tr></tbody></table>"

    def _link(self) -> str:
        tag = "a" if self.get("href") else "p"
        look = {
            "display": "inline-block", "width": self._inner_width(), "background": self.get("background-color"),
            **self.some("color", "font-family", "font-size", "font-style", "font-weight", "line-height", "letter-spacing"),
            "margin": "0", **self.some("text-decoration", "text-transform"), "padding": self.get("inner-padding"),
            "mso-padding-alt": "0px", **self.some("border-radius"),
        }  # fmt: skip
        attributes = written(
            {**self.some("href", "name", "rel", "title"), "style": style(look),
             "target": self.get("target") if tag == "a" else None}
        )  # fmt: skip
        return f"<{tag}{attributes}>{self.node.content}</{tag}>"

    def _inner_width(self) -> str | None:
        width = self.get("width")
        number, unit = values.size(width) if width else (0, "")
        if unit != "px":
            return None
        inner = self.space("inner-padding", "left") + self.space("inner-padding", "right")
        return values.pixels(number - inner - self.edges)


class Divider(Element):
    """mj-divider: a line."""

    tag = "mj-divider"
    defaults: ClassVar[dict[str, str]] = {
        "border-color": "#000000", "border-style": "solid", "border-width": "4px", "padding": "10px 25px", "width": "100%",
        "align": "center",
    }  # fmt: skip

    def render(self) -> str:
        margin = {"left": "0px", "right": "0px 0px 0px auto"}.get(self.text("align"), "0px auto")
        line = " ".join(self.text(f"border-{part}") for part in ("style", "width", "color"))
        look: dict[str, Value] = {
            "border-top": line, "font-size": "1px", "margin": margin, "width": self.get("width")
        }  # fmt: skip
        width = self._outlook_width()
        attributes = table(align=self.get("align"), style=style({**look, "width": width}), width=width)
        fallback = outlook(
            f'<table{attributes}><tr><td style="height:0;line-height:0;"> &nbsp;</td></tr></table>'
        )
        return f'<p style="{style(look)}"></p>{fallback}'

    def _outlook_width(self) -> str:
        room = int(self.room.width) - self.paddings
        number, unit = values.size(self.text("width"))
        if unit == "%":
            return values.pixels(room * number / 100)
        return self.text("width") if unit == "px" else values.pixels(room)


class Spacer(Element):
    """mj-spacer: a gap."""

    tag = "mj-spacer"
    defaults: ClassVar[dict[str, str]] = {"height": "20px"}

    def render(self) -> str:
        height = self.get("height")
        return f'<div style="{style({"height": height, "line-height": height})}">&#8202;</div>'


class Table(Element):
    """mj-table: a table of words and figures."""

    tag = "mj-table"
    defaults: ClassVar[dict[str, str]] = {
        "align": "left", "border": "none", "cellpadding": "0", "cellspacing": "0", "color": "#000000", "font-family": FONT,
        "font-size": "13px", "line-height": "22px", "padding": "10px 25px", "table-layout": "auto", "width": "100%",
    }  # fmt: skip

    def render(self) -> str:
        spaced = values.number(self.text("cellspacing").lstrip()) > 0
        look = {
            **self.some("color", "font-family", "font-size", "line-height", "table-layout", "width", "border"),
            "border-collapse": "separate" if spaced else None,
        }  # fmt: skip
        attributes = written(
            {**self.some("cellpadding", "cellspacing", "role"), "width": self._width(), "border": "0",
             "style": style(look)}
        )  # fmt: skip
        return f"<table{attributes}>{self.node.content}</table>"

    def _width(self) -> Value:
        width = self.text("width")
        number, unit = values.size(width)
        return width if width == "auto" or unit == "%" else int(number)
