"""MJML as a tree. What stands inside components that take HTML (mj-text, mj-button, …) is kept to the letter.

As forgiving as the reference about case, quotes, entities and comments, but a tag that is never closed is an error with its line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.render.errors import Problem, RenderError

ENDING = frozenset(
    ["mj-accordion-text", "mj-accordion-title", "mj-breakpoint", "mj-button", "mj-carousel-image", "mj-html-attribute",
     "mj-navbar-link", "mj-preview", "mj-raw", "mj-social-element", "mj-style", "mj-table", "mj-text", "mj-title"]
)  # fmt: skip
VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)  # fmt: skip
_TOKEN = re.compile(
    r"<!--(?P<comment>.*?)-->|<!\[CDATA\[.*?\]\]>|<[!?][^>]*>"
    r"|<(?P<close>/?)(?P<tag>[a-zA-Z][\w:.-]*)(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"(?P<name>[^\s=\"'/<>]+)(?:\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s>]+)))?"
)
_BARE_ENDS = str.maketrans({'"': "&quot;", "<": "&lt;", ">": "&gt;"})
MAX_DEPTH = 40


@dataclass(eq=False)
class Node:
    """One tag. `content` is the inside of components that take HTML; `resolved` what attributes it has after the head's rules."""

    tag: str
    attributes: dict[str, str]
    line: int
    column: int
    children: list["Node"] = field(default_factory=list)
    content: str = ""
    resolved: dict[str, str] = field(default_factory=dict)

    def find(self, tag: str) -> "Node | None":
        """The first child of this name."""
        return next((child for child in self.children if child.tag == tag), None)


def parse(source: str) -> Node:
    """The `<mjml>` of the source. Raises RenderError with line and column where tags don't fit together."""
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.root = Node("", {}, 1, 1)
        self.open = [self.root]

    def read(self) -> Node:
        at = 0
        while found := _TOKEN.search(self.source, at):
            at = self._token(found)
        last = self.open[-1]
        if last is not self.root:
            raise _error(f"<{last.tag}> is never closed.", f"Add </{last.tag}>.", last.line, last.column)
        mjml = self.root.find("mjml")
        if mjml is None:
            raise _error("This is no MJML: there is no <mjml>.", "Begin with <mjml>.", 1, 1)
        return mjml

    def _token(self, found: re.Match[str]) -> int:
        """Take one token in; returns where reading goes on."""
        tag = (found.group("tag") or "").lower()
        if not tag:
            self._comment(found)
        elif found.group("close"):
            self._close(found, tag)
        else:
            return self._opened(found, tag)
        return found.end()

    def _comment(self, found: re.Match[str]) -> None:
        # The reference keeps comments; among pictures of a carousel they would count as one.
        if found.group("comment") is not None and self.open[-1].tag not in ("", "mjml", "mj-carousel"):
            node = Node("mj-raw", {}, *self._where(found.start()), content=found.group())
            self.open[-1].children.append(node)

    def _close(self, found: re.Match[str], tag: str) -> None:
        node = self.open[-1]
        if node.tag == tag:
            self.open.pop()
            return
        where = self._where(found.start())
        if tag in VOID:
            return
        if node is self.root:
            raise _error(f"</{tag}> closes nothing.", "Remove it.", *where)
        message = f"</{tag}> stands where <{node.tag}> from line {node.line} is still open."
        raise _error(message, f"Add </{node.tag}> before it.", *where)

    def _opened(self, found: re.Match[str], tag: str) -> int:
        node = Node(tag, attributes(found.group("rest")), *self._where(found.start()))
        self.open[-1].children.append(node)
        if len(self.open) > MAX_DEPTH:
            raise _error("Tags are nested too deep.", "Make it simpler.", node.line, node.column)
        if found.group("rest").rstrip().endswith("/") or tag in VOID:
            return found.end()
        if tag in ENDING:
            node.content, end = self._inside(found, node)
            return end
        self.open.append(node)
        return found.end()

    def _inside(self, start: re.Match[str], node: Node) -> tuple[str, int]:
        """What stands up to the closing tag, and where that ends."""
        depth = 1
        for found in _TOKEN.finditer(self.source, start.end()):
            if (found.group("tag") or "").lower() not in ENDING:
                continue
            if found.group("close"):
                depth -= 1
            elif not found.group("rest").rstrip().endswith("/"):
                depth += 1
            if depth == 0:
                if found.group("tag").lower() != node.tag:
                    break
                return self.source[start.end() : found.start()].strip(), found.end()
        raise _error(f"<{node.tag}> is never closed.", f"Add </{node.tag}>.", node.line, node.column)

    def _where(self, at: int) -> tuple[int, int]:
        return self.source.count("\n", 0, at) + 1, at - self.source.rfind("\n", 0, at)


def attributes(rest: str) -> dict[str, str]:
    """Names in small letters and values in one line, as they can stand in double quotes; the first of a name counts."""
    return dict(reversed(list(_pairs(rest))))


def _pairs(rest: str) -> Iterator[tuple[str, str]]:
    for found in _ATTRIBUTE.finditer(rest):
        value = found.group("double") or found.group("single") or found.group("bare") or ""
        yield found.group("name").lower(), " ".join(value.split()).translate(_BARE_ENDS)


def _error(message: str, mend: str, line: int, column: int) -> RenderError:
    return RenderError([Problem("mjml", message, mend, line, column)])
