"""Which text of a finished mail stands on which background, and where that can't be read (WCAG 2.2, success criterion 1.4.3).

Styles are brought to the elements by css-inline, so that selectors and `!important` count as in a mail program; what is
inherited, laid over one another half transparent, or coloured by the program itself is worked out here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from app.assets.colors import contrast
from app.lazy import lazy

css_inline, lxml_html, image_color = lazy("css_inline"), lazy("lxml.html"), lazy("PIL.ImageColor")

Element = Any  # of lxml.html

Rgb = tuple[int, int, int]
ENOUGH, ENOUGH_LARGE = 4.5, 3.0
LARGE, LARGE_BOLD = 24.0, 18.66  # px: 18 and 14 points
_SAMPLE = 60
_SMALLEST = 2.0  # px; what is smaller is meant not to be seen
_WANTED = re.compile(
    r"(?:^|;)\s*(color|background|background-color|background-image|font-size|font-weight|display|visibility|opacity)\s*:"
    r"((?:[^;\"'(]|\"[^\"]*\"|'[^']*'|\([^)]*\))*)",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|(?:rgb|hsl)a?\([^)]*\)|\b[a-zA-Z]+\b")
_FUNCTION = re.compile(r"\b(?!rgb|hsl)[\w-]+\((?:[^()\"']|\"[^\"]*\"|'[^']*')*\)")
_RGBA = re.compile(
    r"(rgb|hsl)a?\(\s*([^,\s/]+)[\s,]+([^,\s/]+)[\s,]+([^,\s/]+)\s*(?:[,/]\s*([\d.]+)(%?)\s*)?\)", re.I
)
_SIZES = {
    "h1": 2.0,
    "h2": 1.5,
    "h3": 1.17,
    "h5": 0.83,
    "h6": 0.67,
    "small": 0.83,
    "big": 1.2,
    "sub": 0.83,
    "sup": 0.83,
}
_BOLD = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"})
_UNSEEN = frozenset({"style", "script", "title", "head", "template", "input", "select", "textarea"})
_WHITE, _BLACK, _NIGHT = (255, 255, 255), (0, 0, 0), (18, 18, 18)
_LINK, _LINK_AT_NIGHT = (0, 0, 238), (158, 158, 255)


@dataclass(frozen=True)
class Pair:
    """Text and the background it stands on, as `#rrggbb`, their ratio (1 to 21) and what this text needs; and the text's beginning.

    `is_over_picture`: a picture lies between them, so that the pair shows where pictures are off.
    """

    text: str
    ground: str
    ratio: float
    sample: str
    needed: float = ENOUGH
    is_over_picture: bool = False

    @property
    def is_readable(self) -> bool:
        """Whether most people can read it."""
        return self.ratio >= self.needed


def trouble(html: str, *, dark: bool = False) -> list[Pair]:
    """The pairs of a finished mail that can't be read, each pair of colours once, the weakest first.

    `dark`: as a mail program shows it in dark mode, with the mail's own dark rules.
    """
    worst: dict[tuple[str, str, float], Pair] = {}
    for pair in pairs(html, dark=dark):
        if not pair.is_readable:
            worst.setdefault((pair.text, pair.ground, pair.needed), pair)
    return sorted(worst.values(), key=lambda pair: pair.ratio)


def pairs(html: str, *, dark: bool = False) -> list[Pair]:
    """Every run of text with its background, in the order of the mail."""
    extra = dark_rules(html) if dark else ""
    inlined = css_inline.inline(
        html, keep_style_tags=False, load_remote_stylesheets=False, extra_css=extra or None
    )
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, huge_tree=True)
    tree = lxml_html.document_fromstring(inlined.encode(), parser=parser)
    canvas = _Look(_WHITE, _NIGHT, link=_LINK_AT_NIGHT) if dark else _Look(_BLACK, _WHITE)
    return list(_walk(tree, canvas))


def dark_rules(html: str) -> str:
    """The rules that a mail keeps for dark mode."""
    styles = "\n".join(re.findall(r"<style\b[^>]*>(.*?)</style>", html, re.DOTALL | re.IGNORECASE))
    styles = re.sub(r"/\*.*?\*/", "", styles, flags=re.DOTALL)
    found = []
    for media in re.finditer(r"@media[^{]*prefers-color-scheme\s*:\s*dark[^{]*\{", styles, re.IGNORECASE):
        depth, at = 1, media.end()
        while depth and at < len(styles):
            depth += {"{": 1, "}": -1}.get(styles[at], 0)
            at += 1
        found.append(styles[media.end() : at - 1])
    return "\n".join(found)


@dataclass(frozen=True)
class _Look:
    """How text looks at one place: its colour, what is behind it, its size in px, and whether it is seen."""

    text: Rgb
    ground: Rgb
    size: float = 16.0
    is_bold: bool = False
    is_seen: bool = True
    is_over_picture: bool = False
    link: Rgb = _LINK


def _walk(element: Element, around: _Look) -> Iterator[Pair]:
    """The pairs inside an element; by hand instead of by recursion, since a mail may nest deep."""
    waiting: list[tuple[Element, _Look, str]] = [(element, around, "open")]
    while waiting:
        at, look, moment = waiting.pop()
        if moment == "tail":
            yield from _pair(at.tail, look)
            continue
        inside = _look(at, look) if isinstance(at.tag, str) else replace(look, is_seen=False)
        waiting.append((at, look, "tail"))
        if inside.is_seen:
            yield from _pair(at.text, inside)
            waiting += [(child, inside, "open") for child in reversed(at)]


def _pair(text: str | None, look: _Look) -> Iterator[Pair]:
    words = " ".join((text or "").split())
    if look.size < _SMALLEST or not any(c.isalnum() for c in words):
        return
    is_large = look.size >= LARGE or (look.is_bold and look.size >= LARGE_BOLD)
    front, ground = _hex(look.text), _hex(look.ground)
    needed = ENOUGH_LARGE if is_large else ENOUGH
    yield Pair(front, ground, contrast(front, ground), words[:_SAMPLE], needed, look.is_over_picture)


def _look(element: Element, around: _Look) -> _Look:
    """What an element makes of the look around it."""
    style = _style(element.get("style") or "")
    ground, is_over_picture = _ground(element, style, around)
    size = _size(style.get("font-size", ""), around.size * _SIZES.get(element.tag, 1.0), around.size)
    return _Look(
        text=_text(element, style, around, ground),
        ground=ground,
        size=size,
        is_bold=_bold(element, style, around),
        is_seen=around.is_seen and not _is_hidden(element, style),
        is_over_picture=is_over_picture,
        link=around.link,
    )


def _text(element: Element, style: dict[str, str], around: _Look, ground: Rgb) -> Rgb:
    said = style.get("color") or (element.get("color") if element.tag == "font" else None)
    own = _colour(said, ground) if said else None
    if own is None and element.tag == "a" and element.get("href"):
        return around.text if said and said.strip().lower() in ("inherit", "unset") else around.link
    return own or around.text


def _bold(element: Element, style: dict[str, str], around: _Look) -> bool:
    weight = style.get("font-weight", "").strip().lower()
    bold = around.is_bold or element.tag in _BOLD
    if not weight:
        return bold
    return (
        weight in ("bold", "bolder")
        or (weight.isdigit() and int(weight) >= 700)
        or (weight == "inherit" and bold)
    )


def _ground(element: Element, style: dict[str, str], around: _Look) -> tuple[Rgb, bool]:
    """The colour behind the element's text, and whether a picture lies over it."""
    plain = style.get("background-color") or style.get("background") or element.get("bgcolor") or ""
    shown = f"{style.get('background', '')} {style.get('background-image', '')}"
    has_picture = "(" in shown and bool(re.search(r"url\(|gradient\(", shown))
    has_picture = has_picture or bool(element.get("background"))
    # In `background` the colour stands among other words; functions (url, gradients) hold none of it.
    words = _COLOUR.findall(_FUNCTION.sub(" ", plain)) if plain else []
    colour = next((c for word in words if (c := _colour(word, around.ground))), None)
    is_over_picture = has_picture or (around.is_over_picture and colour is None)
    return colour or around.ground, is_over_picture


def _is_hidden(element: Element, style: dict[str, str]) -> bool:
    return (
        element.tag in _UNSEEN
        or style.get("display", "").strip().lower() == "none"
        or style.get("visibility", "").strip().lower() in ("hidden", "collapse")
        or re.fullmatch(r"0*\.?0+%?", style.get("opacity", "1").strip()) is not None
    )


def _style(text: str) -> dict[str, str]:
    """The declarations that matter; of two the later wins, unless the earlier is important."""
    found: dict[str, str] = {}
    important: set[str] = set()
    for name, raw in _WANTED.findall(text):
        name, value = name.lower(), raw.strip()
        is_important = value.lower().endswith("!important")
        if is_important:
            value = value[: -len("!important")].strip()
        elif name in important:
            continue
        # The shorthand says all of its parts, and takes back what was said of them before.
        parts = {"background-color", "background-image"} if name == "background" and value else set()
        for part in parts if is_important else parts - important:
            found.pop(part, None)
        if is_important:
            important |= {name, *parts}
        found[name] = value
    return found


def _colour(text: str, under: Rgb) -> Rgb | None:
    """A colour of CSS, laid over the one under it where it is half transparent; None where the text names none."""
    text = text.strip().lower()
    alpha = 1.0
    if found := _RGBA.fullmatch(text):
        kind, first, second, third, share, percent = found.groups()
        alpha = (
            float(share) / (100 if percent else 1) if share and share.count(".") < 2 and share != "." else 1.0
        )
        text = f"{kind.lower()}({first},{second},{third})"
    try:
        parts = image_color.getrgb(text)
    except ValueError:
        return None
    alpha = parts[3] / 255 if len(parts) == 4 else min(max(alpha, 0.0), 1.0)
    mixed = [round(over * alpha + below * (1 - alpha)) for over, below in zip(parts[:3], under, strict=True)]
    return (mixed[0], mixed[1], mixed[2]) if alpha else None


def _size(text: str, own: float, around: float) -> float:
    """A font size in px; `own` where none is given."""
    found = re.match(r"\s*([\d.]+)\s*(px|pt|em|rem|%|$)", text, re.IGNORECASE)
    if not found or found[1].count(".") > 1 or found[1] == ".":
        return own
    unit = {"px": 1.0, "pt": 4 / 3, "em": around, "rem": 16.0, "%": around / 100, "": 0.0}[found[2].lower()]
    return own if not unit and float(found[1]) else float(found[1]) * unit


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(min(max(part, 0), 255) for part in colour))
