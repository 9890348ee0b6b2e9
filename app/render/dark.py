"""Dark mode for mails that say nothing about it, so that no mail program has to invent colours.

Light grounds turn dark and their texts light, brands' strong colours stay; a picture that may be see-through, as logos are,
keeps the ground it was drawn for.
"""

import re
from dataclasses import dataclass, field, replace

from app.render import shades

_TOKEN = re.compile(
    r"<!--.*?-->|<(?P<close>/?)(?P<tag>[a-zA-Z][\w:-]*)(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.DOTALL
)
_STYLE = re.compile(r"\sstyle\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_CLASS = re.compile(r"(\sclass\s*=\s*[\"'])", re.IGNORECASE)
_BGCOLOR = re.compile(r"\sbgcolor\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_PICTURE = re.compile(r"\sbackground\s*=", re.IGNORECASE)
_SOURCE = re.compile(r"\ssrc\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
_DOT = re.compile(r"\s(?:width|height)\s*=\s*[\"']?1[\"'\s/]", re.IGNORECASE)
_OWN = re.compile(r"prefers-color-scheme|name\s*=\s*[\"']?(?:supported-)?color-scheme", re.IGNORECASE)
_HEAD_COLOURS = re.compile(
    r"(?<![-\w])(?:background(?:-color)?|color)\s*:\s*(?!inherit|transparent|none)", re.IGNORECASE
)
_VOID = frozenset(["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"])
_METAS = '<meta name="color-scheme" content="{0}">\n<meta name="supported-color-schemes" content="{0}">\n'
_INK = "#000000"


@dataclass(frozen=True)
class _Ground:
    """What an element stands on: the colour by day, by night (None: it stays), and the text's colour by day."""

    day: str = "#ffffff"
    night: str | None = None
    ink: str = _INK


@dataclass
class _Sheet:
    names: dict[str, str] = field(default_factory=dict)

    def name(self, rules: dict[str, str]) -> str:
        """The class that says this by night."""
        text = ";".join(f"{name}:{value} !important" for name, value in rules.items())
        return self.names.setdefault(text, f"d{len(self.names) + 1}")

    def css(self) -> str:
        rules = "\n".join(f".{name} {{ {text} }}" for text, name in self.names.items())
        return f"@media (prefers-color-scheme: dark) {{\n{rules}\n}}"


def with_dark(html: str) -> str:
    """The mail with dark styles, or as it is where it has its own.

    Where its colours hang on selectors of the head, it says that it is light only: half a translation can't be read.
    """
    head, split, body = html.partition("</head>")
    if _OWN.search(head):
        return html
    styles = "".join(re.findall(r"<style\b[^>]*>(.*?)</style>", head, re.DOTALL))
    if _HEAD_COLOURS.search(styles):
        return f"{head}{_METAS.format('light only')}{split}{body}"
    walk = _Walk()
    dressed = _TOKEN.sub(walk.token, body)
    style = f'<style type="text/css">\n:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}\n{walk.sheet.css()}\n</style>\n'
    return f"{head}{_METAS.format('light dark')}{style}{split}{dressed}"


class _Walk:
    """One pass over the tags of the body, which knows what each stands on."""

    def __init__(self) -> None:
        self.sheet = _Sheet()
        self.open: list[tuple[str, _Ground]] = [("", _Ground(night=shades.CARD))]
        self.known: dict[tuple[str, str, _Ground], tuple[_Ground, dict[str, str]]] = {}

    def token(self, found: re.Match[str]) -> str:
        tag = (found.group("tag") or "").lower()
        if not tag:
            return found.group()
        if found.group("close"):
            self._close(tag)
            return found.group()
        rest = found.group("rest")
        around = self.open[-1][1]
        key = (tag, rest, around)  # most tags of a mail repeat
        if key not in self.known:
            self.known[key] = self._look(*key)
        here, rules = self.known[key]
        if tag not in _VOID and not rest.rstrip().endswith("/"):
            self.open.append((tag, here))
        if not rules:
            return found.group()
        # Said in the tag it would win over everything, and by day it wins all the same.
        plain = _STYLE.sub(lambda style: re.sub(r"\s*!important", "", style.group()), rest)
        return f"<{found.group('tag')}{_classed(plain, self.sheet.name(rules))}>"

    def _close(self, tag: str) -> None:
        at = next((i for i in range(len(self.open) - 1, 0, -1) if self.open[i][0] == tag), 0)
        if at:
            del self.open[at:]

    def _look(self, tag: str, rest: str, around: _Ground) -> tuple[_Ground, dict[str, str]]:
        """What the element's children stand on, and what it is by night."""
        if tag == "img":
            return around, _behind(rest, around)
        styled = _STYLE.search(rest)
        style = _declared(styled.group(1) or styled.group(2) or "") if styled else {}
        here, rules = _grounded(tag, rest, style, around)
        rules |= _inked(tag, rest, style, here)
        if own := shades.parsed(style.get("color", "")):
            here = replace(here, ink=own)
        if around.night:
            rules |= _lined(style, here.night or around.night)
        return here, rules


def _declared(style: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in style.split(";"))
    return {
        name.strip().lower(): value.replace("!important", "").strip() for name, _, value in pairs if value
    }


def _grounded(tag: str, rest: str, style: dict[str, str], around: _Ground) -> tuple[_Ground, dict[str, str]]:
    written = style.get("background-color") or style.get("background", "")
    if "url(" in style.get("background", "") + style.get("background-image", "") or _PICTURE.search(rest):
        return replace(around, night=None), {"color": around.ink} if around.night else {}
    given = _BGCOLOR.search(rest)
    day = shades.parsed(written.split(" ")[0]) or shades.parsed(given.group(1) if given else "")
    if day is None:
        if tag == "body":
            return around, {
                "background-color": around.night or shades.CARD,
                "color": shades.ink(_INK, "#ffffff", shades.CARD),
            }
        return around, {}
    night = shades.ground(day)
    if night is None:
        return _kept(tag, given is not None, day, around)
    rules = {"background": night, "background-color": night}
    if tag == "body" or around.night is None:
        rules["color"] = shades.ink(around.ink, day, night)
    return replace(around, day=day, night=night), rules


def _kept(tag: str, is_cell: bool, day: str, around: _Ground) -> tuple[_Ground, dict[str, str]]:
    """A dark or strong ground stays, and so does the text on it; a button that would drown gets lighter."""
    here = _Ground(day, None, around.ink)
    if around.night is None:
        return here, {}
    rules = {"color": around.ink}
    if (tag == "a" or is_cell) and (shade := shades.button(day, around.night)) != day:
        rules |= {"background": shade, "background-color": shade}
    return here, rules


def _inked(tag: str, rest: str, style: dict[str, str], here: _Ground) -> dict[str, str]:
    """The text's colour on a ground that turned dark; one that stayed keeps what was written."""
    own = shades.parsed(style.get("color", ""))
    if here.night is None:
        return {"color": own} if own else {}
    if own:
        return {"color": shades.ink(own, here.day, here.night)}
    if tag == "a" and "href" in rest and "color" not in style:
        return {"color": shades.LINK}
    return {}


def _lined(style: dict[str, str], around: str) -> dict[str, str]:
    rules = {}
    for name, value in style.items():
        if name.startswith("border") and "radius" not in name and "solid" in value + "dashed dotted":
            colour = next((c for part in value.split() if (c := shades.parsed(part))), None)
            if colour:
                rules[f"{name.removesuffix('-color')}-color"] = shades.line(colour, around)
    return rules


def _behind(rest: str, around: _Ground) -> dict[str, str]:
    """A picture that may be see-through gets the ground it was drawn for."""
    source = _SOURCE.search(rest)
    opaque = source and re.search(r"\.jpe?g(?:$|[?#])", source.group(1), re.IGNORECASE)
    if around.night is None or source is None or opaque or _DOT.search(rest):
        return {}
    return {"background-color": around.day}


def _classed(rest: str, name: str) -> str:
    if _CLASS.search(rest):
        return _CLASS.sub(rf"\g<1>{name} ", rest, count=1)
    end = "/" if rest.rstrip().endswith("/") else ""
    return f'{rest.rstrip().removesuffix("/").rstrip()} class="{name}"{" " + end if end else ""}'
