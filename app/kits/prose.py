"""Playbooks on the page: the everyday part of Markdown as HTML, with everything else shown as it was written.

Text is escaped first and only our own tags are put around it, so nothing a kit holds can become markup of its own.
"""

import re
from collections.abc import Iterator
from itertools import groupby

from markupsafe import Markup, escape

_BOLD = re.compile(r"\*\*(\S(?:.*?\S)?)\*\*")
_ITALIC = re.compile(r"(?<!\w)[*_](\S(?:[^*_]*?\S)?)[*_](?!\w)")
_LINK = re.compile(r"\[([^\]]+)\]\((https://[^\s()<>\"']+)\)")
_HEADING = re.compile(r"(#{1,4})\s+(.+)")
_ITEM = re.compile(r"(?:[-*+]|(\d+)[.)])\s+(.+)")


def to_html(source: str) -> Markup:
    """Headings (one level lower than written: the page has its own first), paragraphs, lists, quotes, bold, italic, https links."""
    return Markup("\n").join(_blocks(source.replace("\r\n", "\n")))


def _blocks(source: str) -> Iterator[Markup]:
    for block in re.split(r"\n\s*\n", source.strip()):
        lines = [line.strip() for line in block.split("\n") if line.strip()]
        for kind, group in groupby(_joined(lines), key=_kind):
            yield from _drawn(kind, list(group))


def _joined(lines: list[str]) -> list[str]:
    """Lines that go on a list item or a paragraph are put behind it."""
    joined: list[str] = []
    for line in lines:
        starts = not joined or _kind(line) != "p" or _kind(joined[-1]) in ("h", "quote")
        if starts:
            joined.append(line)
        else:
            joined[-1] += f" {line}"
    return joined


def _kind(line: str) -> str:
    if _HEADING.fullmatch(line):
        return "h"
    if item := _ITEM.fullmatch(line):
        return "ol" if item[1] else "ul"
    return "quote" if line.startswith(">") else "p"


def _drawn(kind: str, lines: list[str]) -> Iterator[Markup]:
    if kind == "h":
        for line in lines:
            marks, words = _HEADING.fullmatch(line).groups()  # type: ignore[union-attr]
            level = min(len(marks) + 1, 4)
            yield Markup("<h{0}>{1}</h{0}>").format(level, _inline(words))
    elif kind in ("ul", "ol"):
        found = [item[2] for line in lines if (item := _ITEM.fullmatch(line))]
        items = Markup("").join(Markup("<li>{}</li>").format(_inline(words)) for words in found)
        yield Markup("<{0}>{1}</{0}>").format(Markup(kind), items)  # noqa: S704
    elif kind == "quote":
        yield Markup("<blockquote><p>{}</p></blockquote>").format(
            _inline(" ".join(line.lstrip("> ") for line in lines))
        )
    else:
        for line in lines:
            yield Markup("<p>{}</p>").format(_inline(line))


def _inline(text: str) -> Markup:
    safe = str(escape(text))
    safe = _LINK.sub(r'<a href="\2" rel="noopener">\1</a>', safe)
    safe = _ITALIC.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", safe))
    return Markup(safe)  # noqa: S704 – escaped above; only the tags of this function are in it
