"""mj-navbar: links in a row, which fold behind a button on phones where the author says so."""

from typing import ClassVar

from app.render.mjml.content import FONT
from app.render.mjml.element import Element
from app.render.mjml.values import not_outlook, outlook, style, suffixed, written

_ORDER = ("top", "left", "right", "bottom")
_STYLE = """noinput.mj-menu-checkbox {{ display:block!important; max-height:none!important; visibility:visible!important; }}
@media only screen and (max-width:{width}) {{
.mj-menu-checkbox[type="checkbox"] ~ .mj-inline-links {{ display:none!important; }}
.mj-menu-checkbox[type="checkbox"]:checked ~ .mj-inline-links,
.mj-menu-checkbox[type="checkbox"] ~ .mj-menu-trigger {{ display:block!important; max-width:none!important; max-height:none!important; font-size:inherit!important; }}
.mj-menu-checkbox[type="checkbox"] ~ .mj-inline-links > a {{ display:block!important; }}
.mj-menu-checkbox[type="checkbox"]:checked ~ .mj-menu-trigger .mj-menu-icon-close {{ display:block!important; }}
.mj-menu-checkbox[type="checkbox"]:checked ~ .mj-menu-trigger .mj-menu-icon-open {{ display:none!important; }}
}}"""


class Navbar(Element):
    """A row of links."""

    tag = "mj-navbar"
    defaults: ClassVar[dict[str, str]] = {
        "align": "center", "ico-align": "center", "ico-open": "&#9776;", "ico-close": "&#8855;", "ico-color": "#000000",
        "ico-font-size": "30px", "ico-font-family": FONT, "ico-text-transform": "uppercase", "ico-padding": "10px",
        "ico-text-decoration": "none", "ico-line-height": "30px",
    }  # fmt: skip

    def render(self) -> str:
        self.sheet.component_styles[self.tag] = _STYLE.format(width=self.sheet.narrow)
        button = self._button() if self.get("hamburger") == "hamburger" else ""
        opening = f'<table role="presentation" border="0" cellpadding="0" cellspacing="0" align="{self.text("align")}"><tr>'
        links = self.children(None, {"navbar-base-url": self.get("base-url")})
        return (
            f'{button}<div class="mj-inline-links">{outlook(opening)}{links}{outlook("</tr></table>")}</div>'
        )

    def _button(self) -> str:
        name = f"mj-menu-{self.sheet.new_id()}"
        hidden = "display:none !important; max-height:0; visibility:hidden;"
        box = f'<input type="checkbox" id="{name}" class="mj-menu-checkbox" style="{hidden}" />'
        look = {
            "display": "block", "cursor": "pointer", "mso-hide": "all", "-moz-user-select": "none", "user-select": "none",
            **{part: self.get(f"ico-{part}") for part in ("color", "font-size", "font-family", "text-transform", "text-decoration", "line-height")},
            **self.sided("padding", "ico-"),
        }  # fmt: skip
        label = written(
            {"for": name, "class": "mj-menu-label", "style": style(look), "align": self.get("ico-align")}
        )
        return (
            f"{not_outlook(box, explorer=False)}"
            '<div class="mj-menu-trigger" style="display:none;max-height:0px;max-width:0px;font-size:0px;overflow:hidden;">'
            f'<label{label}><span class="mj-menu-icon-open" style="mso-hide:all;">{self.text("ico-open")}</span>'
            f'<span class="mj-menu-icon-close" style="display:none;mso-hide:all;">{self.text("ico-close")}</span></label></div>'
        )


class NavbarLink(Element):
    """One link."""

    tag = "mj-navbar-link"
    defaults: ClassVar[dict[str, str]] = {
        "color": "#000000", "font-family": FONT, "font-size": "13px", "font-weight": "normal", "line-height": "22px",
        "padding": "15px 10px", "target": "_blank", "text-decoration": "none", "text-transform": "uppercase",
    }  # fmt: skip

    def render(self) -> str:
        padding = self.sided("padding", order=_ORDER)
        look = {
            "display": "inline-block",
            **self.some("color", "font-family", "font-size", "font-style", "font-weight", "letter-spacing", "line-height",
                        "text-decoration", "text-transform"),
            **padding,
        }  # fmt: skip
        css_class = f"mj-link {self.text('css-class')}".strip()
        base, href = self.text("navbar-base-url"), self.get("href")
        attributes = written(
            {"class": css_class, "href": f"{base}{href or ''}" if base else href, **self.some("rel", "target", "name"),
             "style": style(look)}
        )  # fmt: skip
        cell = written({"style": style(padding), "class": suffixed(self.get("css-class"), "outlook")})
        return f"{outlook(f'<td{cell}>')}<a{attributes}>{self.node.content}</a> {outlook('</td>')}"
