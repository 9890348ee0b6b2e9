"""Background pictures for Outlook, which knows them only as VML."""

import re
from typing import TYPE_CHECKING

from app.render.mjml.values import Value, pixels, shown, style, written

if TYPE_CHECKING:
    from app.render.mjml.section import Section

_PERCENT = re.compile(r"(\d+)(\.\d+)?%")
_ACROSS = {"left": "0%", "center": "50%", "right": "100%"}
_DOWN = {"top": "0%", "center": "50%", "bottom": "100%"}


def position(section: "Section") -> tuple[str, str]:
    """Where the picture stands across and down, whatever order the words were written in."""
    across, down = _parsed(section.text("background-position"))
    return section.get("background-position-x") or across, section.get("background-position-y") or down


def _parsed(text: str) -> tuple[str, str]:
    words = text.split(" ")
    if len(words) == 1:
        return ("center", words[0]) if words[0] in ("top", "bottom") else (words[0], "center")
    if len(words) == 2:
        first, second = words
        swapped = first in ("top", "bottom") or (first == "center" and second in ("left", "right"))
        return (second, first) if swapped else (first, second)
    return "center", "top"


def behind(section: "Section", content: str) -> str:
    """The content with the section's picture behind it in Outlook."""
    box: dict[str, Value] = (
        {"mso-width-percent": "1000"} if section.is_full else {"width": pixels(section.room.width)}
    )
    rect = written(
        {"style": style(box), "xmlns:v": "urn:schemas-microsoft-com:vml", "fill": "true", "stroke": "false"}
    )
    return (
        f"<!--[if mso | IE]><v:rect{rect}><v:fill{written(_fill(section))} />"
        '<v:textbox style="mso-fit-shape-to-text:true" inset="0,0,0,0"><![endif]-->'
        f"{content}<!--[if mso | IE]></v:textbox></v:rect><![endif]-->"
    )


def _fill(section: "Section") -> dict[str, Value]:
    across, down = position(section)
    repeats = section.get("background-repeat") == "repeat"
    x, y = (_share(across, _ACROSS, "50%", repeats), _share(down, _DOWN, "0%", repeats))
    origin = place = f"{x}, {y}"
    kind = "frame" if section.get("background-repeat") == "no-repeat" else "tile"
    size = section.text("background-size")
    if size == "auto":  # Outlook can't use a picture's own size in a frame
        kind, origin, place = "tile", "0.5, 0", "0.5, 0"
    return {
        "origin": origin, "position": place, "src": section.picture, "color": section.get("background-color"), "type": kind,
        **_size(size),
    }  # fmt: skip


def _share(word: str, words: dict[str, str], otherwise: str, repeats: bool) -> str:
    found = _PERCENT.fullmatch(words.get(word, word)) or _PERCENT.fullmatch(otherwise)
    part = int(found.group(1)) / 100 if found else 0.0
    return shown(part if repeats else (-50 + part * 100) / 100)


def _size(size: str) -> dict[str, Value]:
    if size in ("cover", "contain"):
        return {"size": "1,1", "aspect": "atleast" if size == "cover" else "atmost"}
    if size == "auto":
        return {}
    parts = size.split(" ")
    return {"size": size, "aspect": "atmost"} if len(parts) == 1 else {"size": ",".join(parts)}
