"""The playbook with the partner's values filled in: as a page with its contents, and as a PDF to print or pass on."""

import html as html_module
import re
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from app.campaigns import paper
from app.campaigns.posts import NO_LINK
from app.campaigns.prepare import Prepared
from app.kits import prose
from app.kits.pieces import Playbook
from app.render.filters import readable_on
from app.render.post import render_words

_HEADING = re.compile(r"<h([2-4])>(.*?)</h\1>", re.DOTALL)  # as prose writes them; all else in it is escaped
_TAG = re.compile(r"<[^>]+>")
_A_MINUTE = 200  # words that most people read in one


@dataclass(frozen=True)
class Heading:
    """A heading of the playbook: its level from 2, its words, and where it is."""

    level: int
    text: Markup
    anchor: str


@dataclass(frozen=True)
class Read:
    """A playbook ready to be read."""

    title: str
    html: Markup
    headings: tuple[Heading, ...]
    minutes: int

    @property
    def contents(self) -> tuple[Heading, ...]:
        """The headings of its parts; none where there are too few to be worth a list."""
        parts = tuple(h for h in self.headings if h.level <= 3)
        return parts if len(parts) > 2 else ()


def read(made: Prepared, playbook: Playbook, page_url: str | None) -> Read:
    """The playbook in the partner's words; marks stand where words are missing. Raises RenderError."""
    words = render_words(
        playbook.source, made.slots, made.partner, made.vendor, page_url or NO_LINK, made.language, mark_missing=True
    )  # fmt: skip
    return laid_out(words)


def laid_out(markdown: str) -> Read:
    """Markdown as HTML whose headings can be jumped to. A first heading of the first level is its title, and taken out."""
    html = str(prose.to_html(markdown))
    title = "Playbook"
    first = _HEADING.match(html)
    title_taken = bool(first and markdown.lstrip().startswith("# "))
    if first and title_taken:
        title = html_module.unescape(_TAG.sub("", first[2]))
        html = html[first.end() :].lstrip()
    up = 1 if title_taken else 0  # what stood below the title stands below the page's own heading
    headings: list[Heading] = []

    def named(found: re.Match[str]) -> str:
        anchor, level = f"part-{len(headings) + 1}", max(int(found[1]) - up, 2)
        headings.append(Heading(level, Markup(found[2]), anchor))  # noqa: S704 – prose escaped it
        return f'<h{level} id="{anchor}">{found[2]}</h{level}>'

    done = _HEADING.sub(named, html)
    return Read(title, Markup(done), tuple(headings), minutes(markdown))  # noqa: S704 – prose escaped it


def minutes(words: str) -> int:
    """How long most people take to read it; at least one."""
    return max(round(len(words.split()) / _A_MINUTE), 1)


def to_html(made: Prepared, found: Read) -> str:
    """The playbook as a document of its own, which a browser shows and prints without anything beside it."""
    return _document(made, found, "")


def to_pdf(made: Prepared, found: Read) -> bytes:
    """The playbook as PDF, A4, with the pages of its parts in the list of contents."""
    return paper.to_pdf(_document(made, found, paper.FONTS))


def _document(made: Prepared, found: Read, fonts: str) -> str:
    ink = str(readable_on(made.partner.primary_color))
    listed = "".join(
        f'<li class="l{h.level}"><a href="#{h.anchor}">{_TAG.sub("", str(h.text))}</a></li>'
        for h in found.contents
    )
    contents = f"<nav><h2>What is in it</h2><ol>{listed}</ol></nav>" if listed else ""
    foot = f"{made.partner.name} with {made.vendor.name}"
    css = f"""{fonts}
@page {{ size: A4; margin: 20mm 20mm 18mm; @bottom-left {{ content: {_css_text(foot)}; font: 8pt {paper.TEXT}; color: #5b6b79 }}
         @bottom-right {{ content: counter(page) " of " counter(pages); font: 8pt {paper.TEXT}; color: #5b6b79 }} }}
body {{ font: 11pt/1.5 {paper.TEXT}; color: #1c2b39; max-width: 42em; margin: 2em auto; padding: 0 1em }}
h1, h2, h3, h4 {{ font-family: {paper.HEADS}; font-weight: 500; line-height: 1.2; color: {ink}; break-after: avoid }}
h1 {{ font-size: 26pt; margin: 0 0 .3em }} h2 {{ font-size: 16pt; margin: 1.4em 0 .4em }} h3 {{ font-size: 13pt; margin: 1.2em 0 .3em }}
p, li {{ orphans: 2; widows: 2 }} li {{ margin: .25em 0 }} a {{ color: {ink} }}
nav {{ border-left: 1mm solid {ink}; padding: .1em 1.2em; margin: 1.4em 0 }} nav h2 {{ font-size: 12pt; margin: .4em 0 }}
nav ol {{ list-style: none; margin: 0; padding: 0 }} nav .l3 {{ padding-left: 1.2em }} nav a {{ text-decoration: none }}
blockquote {{ margin: 1em 0; padding-left: 1em; border-left: .6mm solid #c9d3db; color: #44525e }}
@media print {{ body {{ margin: 0; padding: 0; max-width: none }} nav a::after {{ content: leader(dotted) target-counter(attr(href), page) }} }}"""
    return (
        f'<!doctype html>\n<html lang="{escape(made.language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(found.title)}</title>\n'
        f"<style>{css}</style>\n</head>\n<body>\n<h1>{escape(found.title)}</h1>\n{contents}\n{found.html}\n</body>\n</html>\n"
    )


def _css_text(text: str) -> str:
    """A name as CSS writes text: every character that could end it by its number."""
    return '"' + "".join(c if c.isalnum() or c in " .,&-" else f"\\{ord(c):x} " for c in text) + '"'
