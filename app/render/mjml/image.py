"""mj-image: a picture, never wider than its column, and on phones as wide as the screen where the author says so."""

from typing import ClassVar

from app.render.mjml.element import Element
from app.render.mjml.values import Value, integer, style, table, written

_ON_PHONES = """@media only screen and (max-width:{width}) {{
table.mj-full-width-mobile {{ width: 100% !important; }}
td.mj-full-width-mobile {{ width: auto !important; }}
}}"""


class Image(Element):
    """A picture, with a link if it has one."""

    tag = "mj-image"
    defaults: ClassVar[dict[str, str]] = {
        "alt": "", "align": "center", "border": "0", "height": "auto", "padding": "10px 25px", "target": "_blank",
        "font-size": "13px",
    }  # fmt: skip

    @property
    def _width(self) -> int:
        wanted = self.get("width")
        return min(self.box, integer(wanted)) if wanted else self.box

    def render(self) -> str:
        self.sheet.component_styles[self.tag] = _ON_PHONES.format(width=self.sheet.narrow)
        full = "100%" if self.get("full-width") == "full-width" else None
        width = f"{self._width}px"
        fluid = "mj-full-width-mobile" if self.get("fluid-on-mobile") not in (None, "", "false") else None
        outer = {
            "min-width": full, "max-width": full, "width": width if full else None, "border-collapse": "collapse",
            "border-spacing": "0px",
        }  # fmt: skip
        cell = written({"style": style({"width": None if full else width}), "class": fluid})
        return f"<table{table(style=style(outer), class_=fluid)}><tbody><tr><td{cell}>{self._picture(full)}</td></tr></tbody></table>"

    def _picture(self, full: str | None) -> str:
        look: dict[str, Value] = {
            **self.sided("border", order=("left", "right", "top", "bottom")), **self.some("border-radius"),
            "display": "block", "outline": "none", "text-decoration": "none", **self.some("height", "max-height"),
            "min-width": full, "width": "100%", "max-width": full, **self.some("font-size"),
        }  # fmt: skip
        height = self.get("height")
        attributes: dict[str, Value] = {
            **self.some("alt", "src", "srcset", "sizes"), "style": style(look), "title": self.get("title"),
            "width": self._width, "usemap": self.get("usemap"),
            "height": None if not height else height if height == "auto" else integer(height),
        }  # fmt: skip
        picture = f"<img{written(attributes)} />"
        if not self.get("href"):
            return picture
        return f"<a{written(self.some('href', 'target', 'rel', 'name', 'title'))}>{picture}</a>"
