"""mj-hero: a picture with text, buttons and the like in front of it."""

import math
from dataclasses import replace
from typing import ClassVar

from app.render.mjml.element import Element, Room
from app.render.mjml.values import Value, integer, pixels, style, table, written

_ORDER = ("top", "left", "right", "bottom")


class Hero(Element):
    """A picture behind a column."""

    tag = "mj-hero"
    defaults: ClassVar[dict[str, str]] = {
        "mode": "fixed-height", "height": "0px", "background-position": "center center", "padding": "0px",
        "background-color": "#ffffff", "vertical-align": "top",
    }  # fmt: skip

    def inside(self) -> Room:
        return replace(self.room, width=self.room.width - self.paddings)

    def render(self) -> str:
        width = pixels(self.room.width)
        outlook_table = table(align="center", style=style({"width": width}), width=int(self.room.width))
        picture = {
            "border": "0", "height": self.get("background-height"), "mso-position-horizontal": "center",
            "position": "absolute", "top": "0", "width": self.get("background-width") or width, "z-index": "-3",
        }  # fmt: skip
        image = written(
            {
                "style": style(picture),
                "src": self.get("background-url"),
                "xmlns:v": "urn:schemas-microsoft-com:vml",
            }
        )
        outer = written(
            {"align": self.get("align"), "class": self.get("css-class"),
             "style": style({"margin": "0 auto", "max-width": width})}
        )  # fmt: skip
        cell = "line-height:0;font-size:0;mso-line-height-rule:exactly;"
        return (
            f'<!--[if mso | IE]><table{outlook_table}><tr><td style="{cell}"><v:image{image} /><![endif]-->'
            f'<div{outer}><table{table(style="width:100%;")}><tbody><tr style="vertical-align:top;">{self._cells()}</tr></tbody></table></div>'
            "<!--[if mso | IE]></td></tr></table><![endif]-->"
        )

    def _cells(self) -> str:
        look: dict[str, Value] = {
            "background": self._background(), "background-position": self.get("background-position"),
            "background-repeat": "no-repeat", **self.some("border-radius"), **self.sided("padding", order=_ORDER),
            **self.some("vertical-align"),
        }  # fmt: skip
        attributes: dict[str, Value] = {"background": self.get("background-url")}
        if self.get("mode") == "fluid-height":
            keep = style({"width": "0.01%", "padding-bottom": self._ratio(), "mso-padding-bottom-alt": "0"})
            edge = f'<td style="{keep}"></td>'
            return f"{edge}<td{written({**attributes, 'style': style(look)})}>{self._content()}</td>{edge}"
        height = integer(self.get("height")) - self.space("padding", "top") - self.space("padding", "bottom")
        fixed = {**attributes, "style": style({**look, "height": f"{height}px"}), "height": height}
        return f"<td{written(fixed)}>{self._content()}</td>"

    def _ratio(self) -> str:
        """The picture's height in percent of its width, which keeps the hero as high as the picture."""
        width, height = integer(self.get("background-width")), integer(self.get("background-height"))
        return f"{math.floor(height / width * 100 + 0.5)}%" if width else "0%"

    def _background(self) -> str:
        parts = [self.get("background-color")]
        if self.get("background-url"):
            position = f"{self.text('background-position')} / cover"
            parts += [f"url('{self.text('background-url')}')", "no-repeat", position]
        return " ".join(part for part in parts if part)

    def _content(self) -> str:
        width = pixels(self.room.width)
        inner = {
            "background-color": self.get("inner-background-color"), **self.sided("padding", "inner-", _ORDER)
        }  # fmt: skip
        outlook_table = written(
            {"align": self.get("align"), "border": "0", "cellpadding": "0", "cellspacing": "0",
             "style": style({"width": width}), "width": width.removesuffix("px")}
        )  # fmt: skip
        box = {
            "background-color": self.get("inner-background-color"), "float": self.get("align"), "margin": "0px auto",
            "width": self.get("width"),
        }  # fmt: skip
        outer = written({"align": self.get("align"), "class": "mj-hero-content", "style": style(box)})
        rows = self.children(
            lambda child: self.row(child, background=child.get("container-background-color"))
        )
        layout = table(style="width:100%;margin:0px;")
        return (
            f"<!--[if mso | IE]><table{outlook_table}><tr><td{written({'style': style(inner)})}><![endif]-->"
            f"<div{outer}><table{layout}><tbody><tr><td><table{layout}><tbody>{rows}</tbody></table></td></tr></tbody></table></div>"
            "<!--[if mso | IE]></td></tr></table><![endif]-->"
        )
