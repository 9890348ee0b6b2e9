"""mj-section and mj-wrapper: a band across the mail, with its background, and the columns or sections in it."""

from dataclasses import replace
from typing import ClassVar

from app.render.mjml import vml
from app.render.mjml.element import Element, Room
from app.render.mjml.values import Value, outlook, pixels, style, suffixed, table, written

_BORDERS = ("bottom", "left", "right", "top")
_PADDINGS = ("bottom", "left", "right", "top")


class Section(Element):
    """A band of columns."""

    tag = "mj-section"
    defaults: ClassVar[dict[str, str]] = {
        "background-repeat": "repeat", "background-size": "auto", "background-position": "top center", "direction": "ltr",
        "padding": "20px 0", "text-align": "center", "text-padding": "4px 4px 4px 0",
    }  # fmt: skip

    def inside(self) -> Room:
        return replace(self.room, width=self.box, gap=self.get("gap"))

    @property
    def is_full(self) -> bool:
        """Whether its background goes from edge to edge of the window."""
        return self.get("full-width") == "full-width"

    @property
    def has_radius(self) -> bool:
        return bool(self.get("border-radius"))

    @property
    def picture(self) -> str | None:
        """The address of the background picture."""
        return self.get("background-url")

    def background(self) -> dict[str, Value]:
        """The background as styles; size, repeat and position also apart, since Yahoo takes no shorthand."""
        if not self.picture:
            colour = self.get("background-color")
            return {"background": colour, "background-color": colour}
        position = " ".join(vml.position(self))
        return {
            "background": " ".join(
                filter(None, (self.get("background-color"), f"url('{self.picture}')", position,
                              f"/ {self.text('background-size')}", self.get("background-repeat")))
            ),
            "background-position": position, "background-repeat": self.get("background-repeat"),
            "background-size": self.get("background-size"),
        }  # fmt: skip

    def render(self) -> str:
        if self.is_full:
            return self._full_width()
        section = self._section()
        if self.picture is not None:
            section = vml.behind(self, section)
        return f"{self._before()}{section}{self._after()}"

    def _full_width(self) -> str:
        content = f"{self._before()}{self._section()}{self._after()}"
        if self.picture is not None:
            content = vml.behind(self, content)
        attributes = table(
            align="center", class_=self.get("css-class"), background=self.picture,
            style=style({**self.background(), "width": "100%"}),
        )  # fmt: skip
        return f"<table{attributes}><tbody><tr><td>{content}</td></tr></tbody></table>"

    def _before(self) -> str:
        gap = self.room.gap if self.room.index else None
        attributes = table(
            align="center", class_=suffixed(self.get("css-class"), "outlook"),
            style=style({"width": pixels(self.room.width), "padding-top": gap}), width=int(self.room.width),
            bgcolor=None if self.room.gap else self.get("background-color") or None,
        )  # fmt: skip
        cell = "line-height:0px;font-size:0px;mso-line-height-rule:exactly;"
        return f'<!--[if mso | IE]><table{attributes}><tr><td style="{cell}"><![endif]-->'

    @staticmethod
    def _after() -> str:
        return "<!--[if mso | IE]></td></tr></table><![endif]-->"

    def _section(self) -> str:
        own: dict[str, Value] = {} if self.is_full else self.background()
        div = {
            **own, "margin": "0px auto", "max-width": pixels(self.room.width), "border-radius": self.get("border-radius"),
            "overflow": "hidden" if self.has_radius else None, "margin-top": self.room.gap if self.room.index else None,
        }  # fmt: skip
        inner = {**own, "width": "100%", "border-collapse": "separate" if self.has_radius else None}
        cell = {
            **self.sided("border", order=_BORDERS), **self.some("border-radius", "direction"), "font-size": "0px",
            **self.sided("padding", order=_PADDINGS), **self.some("text-align"),
        }  # fmt: skip
        attributes = table(
            align="center", background=None if self.is_full else self.picture, style=style(inner)
        )
        layout = (
            f'<table{attributes}><tbody><tr><td style="{style(cell)}">'
            '<!--[if mso | IE]><table role="presentation" border="0" cellpadding="0" cellspacing="0"><![endif]-->'
            f"{self._wrapped()}<!--[if mso | IE]></table><![endif]--></td></tr></tbody></table>"
        )
        if self.picture is not None:
            layout = f'<div style="line-height:0;font-size:0;">{layout}</div>'
        outer = written({"class": None if self.is_full else self.get("css-class"), "style": style(div)})
        return f"<div{outer}>{layout}</div>"

    def _wrapped(self) -> str:
        def cell(child: Element) -> str:
            attributes = written(
                {"align": child.get("align"), "class": suffixed(child.get("css-class"), "outlook"),
                 "style": style(child.outlook_cell()) if isinstance(child, Cell) else ""}
            )  # fmt: skip
            return f"{outlook(f'<td{attributes}>')}{child.render()}{outlook('</td>')}"

        return f"{outlook('<tr>')}{self.children(cell)}{outlook('</tr>')}"


class Wrapper(Section):
    """A band around sections that share its background."""

    tag = "mj-wrapper"

    def _wrapped(self) -> str:
        def line(child: Element) -> str:
            attributes = written(
                {"align": child.get("align"), "class": suffixed(child.get("css-class"), "outlook"),
                 "width": pixels(self.room.width)}
            )  # fmt: skip
            return f"{outlook(f'<tr><td{attributes}>')}{child.render()}{outlook('</td></tr>')}"

        return self.children(line)


class Cell(Element):
    """What stands side by side in a section: columns and groups."""

    def outlook_cell(self) -> dict[str, Value]:
        """The style of the cell that Outlook gets instead of floating boxes."""
        raise NotImplementedError
