"""mj-carousel: pictures to leaf through where the mail program can do that, the first one elsewhere."""

from dataclasses import replace
from typing import ClassVar

from app.render.mjml import carousel_style
from app.render.mjml.element import Element, Room
from app.render.mjml.values import Value, integer, not_outlook, style, suffixed, table, written


class Carousel(Element):
    """Pictures, arrows and thumbnails."""

    tag = "mj-carousel"
    defaults: ClassVar[dict[str, str]] = {
        "align": "center", "border-radius": "6px", "icon-width": "44px", "left-icon": "https://i.imgur.com/xTh3hln.png",
        "right-icon": "https://i.imgur.com/os7o9kz.png", "thumbnails": "visible", "tb-border": "2px solid transparent",
        "tb-border-radius": "6px", "tb-hover-border-color": "#fead0d", "tb-selected-border-color": "#ccc",
    }  # fmt: skip

    def inside(self) -> Room:
        return replace(self.room, thumbnails=self.get("thumbnails"))

    def render(self) -> str:
        name = self.sheet.new_id()
        pictures = [part for part in self.parts({"carousel-id": name}) if isinstance(part, CarouselImage)]
        if not pictures:
            return ""
        self.sheet.component_styles[f"carousel-{name}"] = carousel_style.sheet(
            name, len(pictures), self.text("icon-width"), self.text("tb-selected-border-color"),
            self.text("tb-hover-border-color"),
        )  # fmt: skip
        look = "display:table;width:100%;table-layout:fixed;text-align:center;font-size:0px;"
        content = (
            f'<div class="mj-carousel">{"".join(p.radio() for p in pictures)}'
            f'<div class="mj-carousel-content mj-carousel-{name}-content" style="{look}">'
            f"{self._thumbnails(name)}{self._main(name, len(pictures))}</div></div>"
        )
        first = self._images()[0].render()
        return f"{not_outlook(content, explorer=False)}<!--[if mso]>{first}<![endif]-->"

    def _images(self) -> list[Element]:
        return self.parts({"border-radius": self.get("border-radius")})

    def _thumbnails(self, name: str) -> str:
        if self.get("thumbnails") not in ("visible", "supported"):
            return ""
        width = self.get("tb-width") or f"{min(self.room.width / len(self.node.children), 110):g}px"
        passed = {
            "tb-border": self.get("tb-border"), "tb-border-radius": self.get("tb-border-radius"), "tb-width": width,
            "carousel-id": name,
        }  # fmt: skip
        return "".join(part.thumbnail() for part in self.parts(passed) if isinstance(part, CarouselImage))

    def _main(self, name: str, count: int) -> str:
        look = "caption-side:top;display:table-caption;table-layout:fixed;width:100%;"
        images = "".join(image.render() for image in self._images())
        cells = (
            self._arrows(name, "previous", count)
            + f'<td style="padding:0px;"><div class="mj-carousel-images">{images}</div></td>'
            + self._arrows(name, "next", count)
        )
        attributes = table(style=look, width="100%", class_="mj-carousel-main")
        return f"<table{attributes}><tbody><tr>{cells}</tr></tbody></table>"

    def _arrows(self, name: str, direction: str, count: int) -> str:
        width = self.text("icon-width")
        icon: dict[str, Value] = {
            "src": self.get("left-icon" if direction == "previous" else "right-icon"), "alt": direction,
            "style": style({"display": "block", "width": width, "height": "auto"}), "width": integer(width),
        }  # fmt: skip
        labels = "".join(
            f'<label for="mj-carousel-{name}-radio-{at}" class="mj-carousel-{direction} mj-carousel-{direction}-{at}"><img{written(icon)} /></label>'
            for at in range(1, count + 1)
        )
        return (
            f'<td class="mj-carousel-{name}-icons-cell" style="font-size:0px;display:none;mso-hide:all;padding:0px;">'
            f'<div class="mj-carousel-{direction}-icons" style="display:none;mso-hide:all;">{labels}</div></td>'
        )


class CarouselImage(Element):
    """One picture."""

    tag = "mj-carousel-image"
    defaults: ClassVar[dict[str, str]] = {"alt": "", "target": "_blank"}

    @property
    def _number(self) -> int:
        return self.room.index + 1

    def radio(self) -> str:
        """The hidden switch that shows this picture."""
        name = self.text("carousel-id")
        attributes = written(
            {"class": f"mj-carousel-radio mj-carousel-{name}-radio mj-carousel-{name}-radio-{self._number}",
             "checked": "checked" if self.room.index == 0 else None, "type": "radio", "name": f"mj-carousel-radio-{name}",
             "id": f"mj-carousel-{name}-radio-{self._number}", "style": "display:none;mso-hide:all;"}
        )  # fmt: skip
        return f"<input{attributes} />"

    def thumbnail(self) -> str:
        """The small picture to choose this one by."""
        name, number = self.text("carousel-id"), self._number
        shows = (self.get("thumbnails") or self.room.thumbnails) != "supported"
        look = {
            "border": self.get("tb-border"), "border-radius": self.get("tb-border-radius"),
            "display": "inline-block" if shows else "none", "overflow": "hidden", "width": self.get("tb-width"),
        }  # fmt: skip
        own = suffixed(self.get("css-class"), "thumbnail")
        classes = (
            f"mj-carousel-thumbnail mj-carousel-{name}-thumbnail mj-carousel-{name}-thumbnail-{number} {own}"
        )
        link = written(
            {
                "style": style(look),
                "href": f"#{number}",
                "target": self.get("target"),
                "class": classes.strip(),
            }
        )
        image = written(
            {"style": "display:block;width:100%;height:auto;", "src": self.get("thumbnails-src") or self.get("src"),
             "alt": self.get("alt"), "width": integer(self.get("tb-width"))}
        )  # fmt: skip
        return f'<a{link}><label for="mj-carousel-{name}-radio-{number}"><img{image} /></label></a>'

    def render(self) -> str:
        width = int(self.room.width)
        look = {
            "border-radius": self.get("border-radius"), "display": "block", "width": f"{self.room.width:g}px",
            "max-width": "100%", "height": "auto",
        }  # fmt: skip
        image = written(
            {**self.some("title", "src", "alt"), "style": style(look), "width": width, "border": "0"}
        )
        picture = f"<img{image} />"
        if self.get("href"):
            picture = f"<a{written({**self.some('href', 'rel'), 'target': '_blank'})}>{picture}</a>"
        classes = f"mj-carousel-image mj-carousel-image-{self._number} {self.text('css-class')}".strip()
        hidden = "display:none;mso-hide:all;" if self.room.index else ""
        return f"<div{written({'class': classes, 'style': hidden})}>{picture}</div>"
