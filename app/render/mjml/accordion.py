"""mj-accordion: titles that show their text when they are touched, where the mail program can do that."""

from dataclasses import replace
from typing import ClassVar

from app.render.mjml.content import FONT
from app.render.mjml.element import Element, Room
from app.render.mjml.parse import Node
from app.render.mjml.values import not_outlook, style, written

_PASSED_DOWN = (
    "border", "icon-align", "icon-width", "icon-height", "icon-position", "icon-wrapped-url", "icon-wrapped-alt",
    "icon-unwrapped-url", "icon-unwrapped-alt",
)  # fmt: skip
_ORDER = ("bottom", "left", "right", "top")
_STYLE = """noinput.mj-accordion-checkbox { display:block!important; }
@media yahoo, only screen and (min-width:0) {
.mj-accordion-element { display:block; }
input.mj-accordion-checkbox, .mj-accordion-less { display:none!important; }
input.mj-accordion-checkbox + * .mj-accordion-title { cursor:pointer; touch-action:manipulation; -webkit-user-select:none; -moz-user-select:none; user-select:none; }
input.mj-accordion-checkbox + * .mj-accordion-content { overflow:hidden; display:none; }
input.mj-accordion-checkbox + * .mj-accordion-more { display:block!important; }
input.mj-accordion-checkbox:checked + * .mj-accordion-content { display:block; }
input.mj-accordion-checkbox:checked + * .mj-accordion-more { display:none!important; }
input.mj-accordion-checkbox:checked + * .mj-accordion-less { display:block!important; }
}
.moz-text-html input.mj-accordion-checkbox + * .mj-accordion-title { cursor: auto; touch-action: auto; -webkit-user-select: auto; -moz-user-select: auto; user-select: auto; }
.moz-text-html input.mj-accordion-checkbox + * .mj-accordion-content { overflow: hidden; display: block; }
.moz-text-html input.mj-accordion-checkbox + * .mj-accordion-ico { display: none; }
@goodbye { @gmail }"""


class Accordion(Element):
    """Several titles with their texts."""

    tag = "mj-accordion"
    defaults: ClassVar[dict[str, str]] = {
        "border": "2px solid black", "font-family": FONT, "icon-align": "middle",
        "icon-wrapped-url": "https://i.imgur.com/bIXv1bk.png", "icon-wrapped-alt": "+",
        "icon-unwrapped-url": "https://i.imgur.com/w4uTygT.png", "icon-unwrapped-alt": "-", "icon-position": "right",
        "icon-height": "32px", "icon-width": "32px", "padding": "10px 25px",
    }  # fmt: skip

    def inside(self) -> Room:
        return replace(self.room, accordion_font=self.get("font-family"))

    def render(self) -> str:
        self.sheet.component_styles[self.tag] = _STYLE
        look = {
            "width": "100%", "border-collapse": "collapse", "border": self.get("border"), "border-bottom": "none",
            "font-family": self.get("font-family"),
        }  # fmt: skip
        rows = self.children(None, {name: self.get(name) for name in _PASSED_DOWN})
        return f'<table cellspacing="0" cellpadding="0" class="mj-accordion" style="{style(look)}"><tbody>{rows}</tbody></table>'


class AccordionElement(Element):
    """One title and its text; either may be missing."""

    tag = "mj-accordion-element"

    def inside(self) -> Room:
        return replace(self.room, element_font=self.get("font-family"))

    def render(self) -> str:
        box = '<input class="mj-accordion-checkbox" type="checkbox" style="display:none;" />'
        cell = style({"padding": "0px", "background-color": self.get("background-color")})
        label = style({"font-size": "13px", "font-family": self.get("font-family")})
        return (
            f'<tr{written({"class": self.get("css-class")})}><td style="{cell}">'
            f'<label class="mj-accordion-element" style="{label}">{not_outlook(box)}<div>{self._parts()}</div></label></td></tr>'
        )

    def _parts(self) -> str:
        passed = {name: self.get(name) for name in _PASSED_DOWN}
        tags = [child.tag for child in self.node.children]
        parts = [self.children(None, passed)]
        if AccordionTitle.tag not in tags:
            parts.insert(0, self._empty(AccordionTitle, passed))
        if AccordionText.tag not in tags:
            parts.append(self._empty(AccordionText, passed))
        return "".join(parts)

    def _empty(self, kind: type[Element], passed: dict[str, str | None]) -> str:
        plain = replace(self.sheet, for_all={})
        return kind(
            Node(kind.tag, {}, self.node.line, self.node.column), plain, self.inside(), passed
        ).render()


class _Part(Element):
    """What title and text share: the font of whichever is nearest."""

    @property
    def _font(self) -> str | None:
        own = self.get("font-family") if "font-family" in self.node.attributes else None
        return own or self.room.element_font or self.room.accordion_font


class AccordionTitle(_Part):
    """A title with its icons."""

    tag = "mj-accordion-title"
    defaults: ClassVar[dict[str, str]] = {"font-size": "13px", "padding": "16px"}

    def render(self) -> str:
        ground = self.get("background-color")
        look = {
            "width": "100%", "background-color": ground, **self.some("color", "font-size"), "font-family": self._font,
            **self.some("font-weight"), **self.sided("padding", order=_ORDER),
        }  # fmt: skip
        attributes = written({"class": self.get("css-class"), "style": style(look)})
        parts = [f"<td{attributes}>{self.node.content}</td>", not_outlook(self._icons())]
        if self.get("icon-position") != "right":
            parts.reverse()
        outer = style({"width": "100%", "border-bottom": self.get("border")})
        return (
            f'<div class="mj-accordion-title"><table cellspacing="0" cellpadding="0" style="{outer}">'
            f"<tbody><tr>{''.join(parts)}</tr></tbody></table></div>"
        )

    def _icons(self) -> str:
        look = style({"display": "none", "width": self.get("icon-width"), "height": self.get("icon-height")})
        icons = "".join(
            f"<img{written({'src': self.get(f'icon-{state}-url'), 'alt': self.get(f'icon-{state}-alt'), 'class': name, 'style': look})} />"
            for state, name in (("wrapped", "mj-accordion-more"), ("unwrapped", "mj-accordion-less"))
        )
        ground = self.get("background-color")
        cell = style({"padding": "16px", "background": ground, "vertical-align": self.get("icon-align")})
        return f'<td class="mj-accordion-ico" style="{cell}">{icons}</td>'


class AccordionText(_Part):
    """The text behind a title."""

    tag = "mj-accordion-text"
    defaults: ClassVar[dict[str, str]] = {"font-size": "13px", "line-height": "1", "padding": "16px"}

    def render(self) -> str:
        look = {
            "background": self.get("background-color"), **self.some("font-size"), "font-family": self._font,
            **self.some("font-weight", "letter-spacing", "line-height", "color"), **self.sided("padding", order=_ORDER),
        }  # fmt: skip
        attributes = written({"class": self.get("css-class"), "style": style(look)})
        outer = style({"width": "100%", "border-bottom": self.get("border")})
        return (
            f'<div class="mj-accordion-content"><table cellspacing="0" cellpadding="0" style="{outer}">'
            f"<tbody><tr><td{attributes}>{self.node.content}</td></tr></tbody></table></div>"
        )
