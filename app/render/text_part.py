"""The plain text of a mail, from its HTML: the same words in the same order, links written out, lines of 76.

Layout is inscriptis'; what it can't know (which links are buttons, what is hidden) is prepared here.
"""

import re
import textwrap

import lxml.html  # type: ignore[import-untyped]
from inscriptis import get_text  # type: ignore[import-untyped]
from inscriptis.css_profiles import CSS_PROFILES  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]

_WIDTH = 76
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SHAPING = re.compile(r"white-space|display\s*:\s*(?:block|inline\s*(?:;|$))", re.IGNORECASE)
_BLOCKS = frozenset(["div", "p", "table", "ul", "ol", "h1", "h2", "h3", "h4", "blockquote", "pre", "section"])
_BREAK, _LINK = "⏎", "⇢"


def text_from_html(html: str) -> str:
    """The text part: UTF-8 characters, `\\n` line ends, one blank line at most between paragraphs."""
    words = _COMMENT.sub("", html).encode()  # a third of a mail is for Outlook only
    tree = lxml.html.document_fromstring(words, parser=lxml.html.HTMLParser(encoding="utf-8"))
    body = tree.find("body")
    if body is None:
        return ""
    _drop_hidden(body)
    _unfold_layout(body)
    for image in list(body.iter("img")):
        _replace(image, image.get("alt", "") if image.getparent().tag == "a" else "")
    for mark in body.iter("mark"):
        mark.text, last = f"[{mark.text or ''}", list(mark)
        if last:
            last[-1].tail = f"{last[-1].tail or ''}]"
        else:
            mark.text += "]"
    for link in list(body.iter("a")):
        _spell_out(link)
    for block in body.iter("div"):
        if not any(child.tag in _BLOCKS for child in block.iterdescendants()):
            block.tag = "p"
    _keep_ampersands(body)
    config = ParserConfig(css=CSS_PROFILES["strict"])
    return _tidy(get_text(lxml.html.tostring(body, encoding="unicode"), config))


def _keep_ampersands(body: lxml.html.HtmlElement) -> None:
    """inscriptis reads entities once more in what was read already: `&amp;lt;` has to stay the words `&lt;`."""
    for element in body.iter():
        if element.text and "&" in element.text:
            element.text = element.text.replace("&", "&amp;")
        if element.tail and "&" in element.tail:
            element.tail = element.tail.replace("&", "&amp;")


def _drop_hidden(body: lxml.html.HtmlElement) -> None:
    for element in list(body.iter()):
        style = element.get("style", "") if isinstance(element.tag, str) else ""
        hidden = style and _HIDDEN.search(style)
        if style and not _SHAPING.search(style):
            del element.attrib["style"]  # it says nothing about words, and reading it takes long
        dropped = hidden or element.tag in ("style", "script", "title", "input", "label")
        if dropped and element.getparent() is not None:
            _replace(element, "")


def _unfold_layout(body: lxml.html.HtmlElement) -> None:
    """Tables that only lay out are blocks one below the other; figures in rows stay tables."""
    for table in list(body.iter("table")):
        if table.get("role") in ("presentation", "none") or "mj-accordion" in (table.get("class") or ""):
            rows = [row for part in table for row in (part if part.tag == "tbody" else [part])]
            for part in [*table, *rows, *(cell for row in rows for cell in row)]:
                part.tag = "div"
            table.tag = "div"


def _replace(element: lxml.html.HtmlElement, text: str) -> None:
    """Take an element out and leave `text` in its stead."""
    if text:
        element.tail = f" {text} {element.tail or ''}"
    element.drop_tree()


def _spell_out(link: lxml.html.HtmlElement) -> None:
    """`words: address` where the link stands alone, `words (address)` inside a sentence, nothing where there is no word."""
    words = " ".join(link.text_content().split())
    address = link.get("href", "")
    parent = link.getparent()
    if not words or not address or address.startswith("#"):
        return
    bare = address.partition(":")[2].lstrip("/") if ":" in address else address
    if address.startswith(("tel:", "mailto:")):
        bare = re.sub(r"[^\w@.+-]", "", words) if address.startswith("tel:") else bare
    if words in (address, bare) or address.startswith("tel:"):
        return
    alone = parent is not None and " ".join(parent.text_content().split()) == words
    for child in list(link):
        child.drop_tag()
    link.text = f"{words}:{_BREAK}{_LINK}{address}" if alone else f"{words} ({_LINK}{address})"


def _tidy(text: str) -> str:
    out: list[str] = []
    for line in text.replace("\xa0", " ").replace("\u034f", "").replace(_BREAK, "\n").split("\n"):
        bullet = re.match(r"\s*(?:[*-]|\d+\.) ", line)
        words = " ".join(line.split())
        if not words:
            if out and out[-1]:
                out.append("")
            continue
        prefix = "* " if bullet and bullet.group().strip() in "*-" else ""
        words = words.removeprefix("* ").removeprefix("- ") if prefix else words
        out += textwrap.wrap(
            words, _WIDTH, initial_indent=prefix, subsequent_indent=" " * len(prefix),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    return "\n".join(out).replace(_LINK, "").strip() + "\n"
