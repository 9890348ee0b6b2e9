"""What no piece of a kit may contain: scripts, event handlers, frames, forms of its own, includes, and odd addresses.

The check reports it with line and mend, and rendering refuses it all the same.
"""

import html as html_module
import re
from collections.abc import Iterator
from dataclasses import replace

from app.render.errors import Problem
from app.render.markup_state import URL_ATTRIBUTES

TAG = re.compile(
    r"<(?P<close>/?)(?P<tag>[a-zA-Z][\w:-]*)(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.DOTALL
)
ATTRIBUTE = re.compile(
    r"(?P<name>[^\s=\"'/<>]+)(?:\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s>]+)))?"
)
COMMENT = re.compile(r"<!--(?!\[if).*?-->", re.DOTALL)
BANNED = {
    "script": "Mail programs and our pages run no scripts.",
    "iframe": "Frames show other people’s pages.",
    "object": "Mail programs block embedded objects.",
    "embed": "Mail programs block embedded objects.",
    "applet": "Mail programs block embedded objects.",
    "form": "The form is declared in kit.toml and drawn by the product.",
    "base": "It would turn every link around.",
    "mj-include": "A kit’s pieces stand alone: copy the part in.",
}
_SCHEMES = ("https:", "http:", "mailto:", "tel:", "#", "assets/", "cid:")


def attributes(rest: str) -> Iterator[tuple[str, str, int]]:
    """Name in small letters, value unescaped, and offset of each attribute in the inside of a tag."""
    for found in ATTRIBUTE.finditer(rest):
        value = found.group("double") or found.group("single") or found.group("bare") or ""
        yield found.group("name").lower(), html_module.unescape(value), found.start()


def position(source: str, at: int) -> tuple[int, int]:
    """Line and column, both from 1."""
    return source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)


def problems(source: str) -> Iterator[Problem]:
    """Everything forbidden in a piece's source or in its final HTML."""
    plain = COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), source)
    sound: set[str] = set()  # most tags of a mail repeat
    for found in TAG.finditer(plain):
        if found.group("close") or found.group() in sound:
            continue
        wrong = list(_tag(found))
        if not wrong:
            sound.add(found.group())
        for problem, at in wrong:
            line, column = position(plain, at)
            yield replace(problem, line=line, column=column)


def _tag(found: re.Match[str]) -> Iterator[tuple[Problem, int]]:
    """What is wrong with one tag, and where; lines are counted only for what is wrong."""
    tag = found.group("tag").lower()
    if tag in BANNED:
        message = f"<{tag}> can’t be part of a kit. {BANNED[tag]}"
        yield (
            Problem("mj-include" if tag == "mj-include" else "forbidden-tag", message, "Remove it."),
            found.start(),
        )
    if tag == "meta" and "refresh" in found.group("rest").lower():
        message = "A page can’t send people on by itself."
        yield Problem("forbidden-tag", message, "Remove this <meta>."), found.start()
    for name, value, offset in attributes(found.group("rest")):
        for problem in _attribute(name, value):
            yield problem, found.start("rest") + offset


def _attribute(name: str, value: str) -> Iterator[Problem]:
    if name.startswith("on") and len(name) > 2:
        yield Problem("event-handler", f"“{name}” would run a script.", "Remove the attribute.")
    if name in URL_ATTRIBUTES:
        squeezed = re.sub(r"[\s\x00-\x1f]", "", value).lower()
        scheme = re.match(r"[a-z][a-z0-9+.-]*:", squeezed)
        if scheme and not squeezed.startswith(_SCHEMES) and not squeezed.startswith("data:image/"):
            message = f"“{value[:60]}” is no address a mail may link to."
            yield Problem("link-scheme", message, "Use https://.")
    if name == "style" and re.search(r"expression\s*\(|javascript:|behavior\s*:", value, re.IGNORECASE):
        yield Problem("event-handler", "This style would run a script.", "Remove it.")
