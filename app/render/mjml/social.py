"""mj-social: icons of networks with links, in a row or one below the other."""

from typing import ClassVar

from app.render.mjml.content import FONT
from app.render.mjml.element import Element
from app.render.mjml.values import Value, integer, outlook, style, table, written

_ICONS = "https://www.mailjet.com/images/theme/v1/icons/ico-social/"
# Name: icon, colour, and where its link leads to share an address (none: the link is the address itself).
_NETWORKS = {
    "facebook": ("facebook", "#3b5998", "https://www.facebook.com/sharer/sharer.php?u={}"),
    "twitter": ("twitter", "#55acee", "https://twitter.com/intent/tweet?url={}"),
    "x": ("twitter-x", "#000000", "https://twitter.com/intent/tweet?url={}"),
    "google": ("google-plus", "#dc4e41", "https://plus.google.com/share?url={}"),
    "pinterest": ("pinterest", "#bd081c", "https://pinterest.com/pin/create/button/?url={}&media=&description="),
    "linkedin": ("linkedin", "#0077b5", "https://www.linkedin.com/shareArticle?mini=true&url={}&title=&summary=&source="),
    "instagram": ("instagram", "#3f729b", ""),
    "web": ("web", "#4BADE9", ""),
    "snapchat": ("snapchat", "#FFFA54", ""),
    "youtube": ("youtube", "#EB3323", ""),
    "tumblr": ("tumblr", "#344356", "https://www.tumblr.com/widgets/share/tool?canonicalUrl={}"),
    "github": ("github", "#000000", ""),
    "xing": ("xing", "#296366", "https://www.xing.com/app/user?op=share&url={}"),
    "vimeo": ("vimeo", "#53B4E7", ""),
    "medium": ("medium", "#000000", ""),
    "soundcloud": ("soundcloud", "#EF7F31", ""),
    "dribbble": ("dribbble", "#D95988", ""),
}  # fmt: skip
_PASSED_DOWN = (
    "border-radius", "color", "font-family", "font-size", "font-weight", "font-style", "icon-size", "icon-height",
    "icon-padding", "text-padding", "line-height", "text-decoration",
)  # fmt: skip


class Social(Element):
    """A row or a column of networks."""

    tag = "mj-social"
    defaults: ClassVar[dict[str, str]] = {
        "align": "center", "border-radius": "3px", "color": "#333333", "font-family": FONT, "font-size": "13px",
        "icon-size": "20px", "line-height": "22px", "mode": "horizontal", "padding": "10px 25px", "text-decoration": "none",
    }  # fmt: skip

    def render(self) -> str:
        passed = {"padding": self.get("inner-padding")} if self.get("inner-padding") else {}
        passed |= {name: value for name in _PASSED_DOWN if (value := self.get(name)) is not None}
        if self.get("mode") != "horizontal":
            return f"<table{table(style='margin:0px;')}><tbody>{self.children(None, passed)}</tbody></table>"
        align = self.get("align")
        each = table(align=align, style="float:none;display:inline-table;")

        def draw(child: Element) -> str:
            content = f"<table{each}><tbody>{child.render()}</tbody></table>"
            return f"{outlook('<td>')}{content}{outlook('</td>')}"

        return f"{outlook(f'<table{table(align=align)}><tr>')}{self.children(draw, passed)}{outlook('</tr></table>')}"


class SocialElement(Element):
    """One network: icon and words."""

    tag = "mj-social-element"
    defaults: ClassVar[dict[str, str]] = {
        "alt": "", "align": "left", "icon-position": "left", "color": "#000", "border-radius": "3px", "font-family": FONT,
        "font-size": "13px", "line-height": "1", "padding": "4px", "text-padding": "4px 4px 4px 0", "target": "_blank",
        "text-decoration": "none", "vertical-align": "middle",
    }  # fmt: skip

    def render(self) -> str:
        parts = [self._icon(), self._words()]
        if self.get("icon-position") != "left":
            parts.reverse()
        return f"<tr{written({'class': self.get('css-class')})}>{' '.join(parts)}</tr>"

    @property
    def _network(self) -> tuple[str, str, str]:
        name = self.text("name")
        plain = name.removesuffix("-noshare")
        icon, colour, share = _NETWORKS.get(plain, ("", "", ""))
        return (f"{_ICONS}{icon}.png" if icon else "", colour, "" if name != plain else share)

    @property
    def _href(self) -> str | None:
        href, share = self.get("href"), self._network[2]
        return share.format(href) if href and share else href

    def _link(self, **more: Value) -> str:
        return f"<a{written({'href': self._href, **more, 'rel': self.get('rel'), 'target': self.get('target')})}>"

    def _icon(self) -> str:
        source, colour, _ = self._network
        size = self.get("icon-size")
        cell = style({**self.sided("padding"), **self.some("vertical-align")})
        box = {
            "background": self.get("background-color") or colour or None,
            **self.some("border-radius"),
            "width": size,
        }
        spot = {
            "padding": self.get("icon-padding"), "font-size": "0", "height": self.get("icon-height") or size,
            "vertical-align": "middle", "width": size,
        }  # fmt: skip
        image = written(
            {**self.some("alt", "title"), "src": self.get("src") or source or None,
             "style": style({**self.some("border-radius"), "display": "block"}),
             "width": integer(size) if size else None, **self.some("sizes", "srcset")}
        )  # fmt: skip
        picture = f"<img{image} />"
        if self.get("href"):
            picture = f"{self._link()}{picture}</a>"
        return f'<td style="{cell}"><table{table(style=style(box))}><tbody><tr><td style="{style(spot)}">{picture}</td></tr></tbody></table></td>'

    def _words(self) -> str:
        words = self.node.content
        if not words:
            return ""
        cell = style(
            {"vertical-align": "middle", "padding": self.get("text-padding"), "text-align": self.get("align")}
        )
        look = style(
            self.some(
                "color",
                "font-size",
                "font-weight",
                "font-style",
                "font-family",
                "line-height",
                "text-decoration",
            )
        )
        opening, closing = (
            (self._link(style=look), "</a>") if self.get("href") else (f'<span style="{look}">', "</span>")
        )
        return f'<td style="{cell}">{opening}{words}{closing}</td>'
