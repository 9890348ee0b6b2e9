"""Line breaks for HTML mail: no line longer than the limit, and none that a reader could see.

Breaks go inside tags, at spaces of text, and where text has no space into an empty comment. A place counts as wide as
the longest value that may be spliced into it.
"""

import re

LINE_LIMIT = 900
VALUE_LIMIT = 240
_TOKEN = re.compile(
    r"<!--.*?-->|<![^>]*>|<(?P<tag>[a-zA-Z/][^\s>]*)(?:[^>\"']|\"[^\"]*\"|'[^']*')*>|[^<]+|<", re.DOTALL
)
_ATTRIBUTE = re.compile(r"\s+[^\s=>]+(?:=(?:\"[^\"]*\"|'[^']*'))?|[^\s]+|\s+")
_COMMENT = "<!--\n-->"


def fold_html(html: str, mark: str) -> str:
    """The same HTML in lines of at most 900 bytes as UTF-8, counted with every place at its widest."""
    place = re.compile(rf"{mark}\d+z")
    out: list[str] = []
    width = 0
    raw = ""
    for found in _TOKEN.finditer(html):
        token = found.group()
        whole = len(token.encode()) + (token.count(mark) * VALUE_LIMIT)
        if width + whole <= LINE_LIMIT:  # most tokens fit as they are
            out.append(token)
            width = width + whole if "\n" not in token else _width(token, place)
        else:
            width = _cut(out, token, _breaks(token, raw), width, place)
        raw = _raw_after(found.group("tag"), raw)
    return "".join(out)


def _cut(out: list[str], token: str, breaks: str, width: int, place: re.Pattern[str]) -> int:
    """Add a token in pieces, with breaks where they are needed; returns the width of the last line."""
    for piece in _pieces(token, breaks, place):
        size = _width(piece, place)
        if width + size > LINE_LIMIT and out:
            piece = _break_before(piece, breaks, out[-1])
            size = _width(piece, place)
            width = 0 if "\n" in piece else width
        out.append(piece)
        width = size if "\n" in piece else width + size
    return width


def _raw_after(tag: str | None, raw: str) -> str:
    if tag and tag.lower() in ("style", "title", "pre", "textarea"):
        return tag.lower()
    return "" if tag and raw and tag.lower() == f"/{raw}" else raw


def _breaks(token: str, raw: str) -> str:
    """How this token may be broken: tag, comment (not at all), style, or text."""
    if token.startswith(("<!--", "<!")):
        return "tag" if token.startswith("<!--[if") else "comment"
    if token.startswith("<") and len(token) > 1:
        return "tag"
    return "style" if raw == "style" else "space" if raw else "text"


def _pieces(token: str, breaks: str, place: re.Pattern[str]) -> list[str]:
    """The token cut where a line may break, so that no piece alone is too long."""
    if breaks == "comment":
        return [token]
    if breaks == "tag":
        return [piece for attribute in _ATTRIBUTE.findall(token) for piece in _attribute(attribute, place)]
    if breaks == "style":
        return [part for piece in re.findall(r"[^{};]*[{};]?", token) for part in _selectors(piece, place)]
    words = re.findall(r"\s+[^\s]*|[^\s]+", token)
    return [piece for word in words for piece in _halves(word, place)]


def _selectors(piece: str, place: re.Pattern[str]) -> list[str]:
    """A rule's selectors may break after their commas."""
    if not piece.endswith("{") or _width(piece, place) <= LINE_LIMIT // 2:
        return [piece]
    return re.findall(r"[^,]*,|[^,]+", piece)


def _attribute(text: str, place: re.Pattern[str]) -> list[str]:
    """An attribute whole; one too long is cut where a break means nothing: after a style's semicolon, at other spaces.

    Never inside a style's quotes: a line break in a font's name voids the whole style.
    """
    if _width(text, place) <= LINE_LIMIT // 2:
        return [text]
    if re.match(r"\s+style\b", text):
        return re.findall(r"[^;]*;|[^;]+", text)
    return re.findall(r"\s+[^\s]*|[^\s]+", text)


def _halves(word: str, place: re.Pattern[str]) -> list[str]:
    """A word too long for a line in pieces; entities and places stay whole."""
    if _width(word, place) <= LINE_LIMIT // 2:
        return [word]
    atoms = re.findall(rf"{place.pattern}|&[#\w]+;|\s+|.", word, re.DOTALL)
    pieces, width = [""], 0
    for atom in atoms:
        size = _width(atom, place)
        if width + size > LINE_LIMIT // 2 and pieces[-1]:
            pieces.append("")
            width = 0
        pieces[-1] += atom
        width += size
    return pieces


def _break_before(piece: str, breaks: str, before: str) -> str:
    if piece[:1].isspace():
        return "\n" + piece.lstrip()
    if breaks == "style":
        return "\n" + piece
    if breaks == "tag":
        if piece.startswith("<"):
            return _COMMENT + piece
        return "\n" + piece if before.endswith(";") else piece
    return _COMMENT + piece if breaks == "text" else piece


def _width(text: str, place: re.Pattern[str]) -> int:
    """Bytes after the last line break, each place at its widest."""
    last = text.rpartition("\n")[2]
    places = len(place.findall(last))
    return len(place.sub("", last).encode()) + places * VALUE_LIMIT
