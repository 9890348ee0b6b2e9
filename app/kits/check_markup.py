"""A tolerant reader of MJML and HTML with placeholders: elements and attributes with their offsets, and what is not closed.

It never fails: whatever can't be a tag is text. Placeholders are masked first, so that quotes inside them end nothing.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jinja2 import Environment, TemplateSyntaxError

from app.kits.locate import Places
from app.kits.mjml_schema import VOID

VALUE, BLOCK = "\ue000", "\ue001"  # what stands for a character of {{ … }}, and of {% … %} or a comment
_JINJA = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)|\{#.*?(?:#\}|\Z)", re.DOTALL)
_LEXER = Environment(autoescape=False, keep_trailing_newline=True)  # noqa: S701 - it only cuts, and renders nothing
_OPEN = re.compile(r"<(?P<close>/?)(?P<tag>[a-zA-Z][\w:.-]*)")
_ATTRIBUTE = re.compile(
    rf"[\s/{BLOCK}]*(?P<name>[^\s=\"'/<>{BLOCK}]+)(?:\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s>]+)))?"
)
_ENDS = re.compile(rf"[\s{BLOCK}]*(?P<slash>/?)[\s{BLOCK}]*(?P<end>>|\Z)")
_RAW_TEXT = frozenset({"style", "script", "mj-style", "textarea", "title", "mj-title"})
_OPTIONAL_END = frozenset(
    {"p", "li", "dt", "dd", "td", "th", "tr", "tbody", "thead", "tfoot", "option", "colgroup"}
)


@dataclass(frozen=True)
class Attribute:
    """One attribute. `value` is unescaped; where it `is_open` a placeholder stands in it, as \ue000 in `value`."""

    name: str
    value: str
    start: int
    value_start: int

    @property
    def is_open(self) -> bool:
        """Whether what it will be is known only once it is filled."""
        return VALUE in self.value or BLOCK in self.value

    @property
    def fixed(self) -> str:
        """The value, or nothing where it is open."""
        return "" if self.is_open else self.value


@dataclass(eq=False)
class Element:
    """One tag with what is inside it. Offsets: `start` of its `<`, `inner` of its content, `end` of the content."""

    tag: str
    start: int
    inner: int
    attributes: dict[str, Attribute] = field(default_factory=dict)
    parent: "Element | None" = None
    children: list["Element"] = field(default_factory=list)
    end: int = 0
    twice: list[Attribute] = field(default_factory=list)
    around: frozenset[str] = frozenset()
    """The tags of all elements around it; shared between elements, so that deep nesting costs nothing."""

    def walk(self) -> Iterator["Element"]:
        """This element and everything inside it, in the order of the source."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += reversed(element.children)

    def fixed(self, name: str) -> str:
        """An attribute's value where it is given and known."""
        found = self.attributes.get(name)
        return found.fixed if found else ""

    def above(self) -> Iterator["Element"]:
        """The elements around it, nearest first."""
        at = self.parent
        while at is not None:
            yield at
            at = at.parent


@dataclass(frozen=True)
class Fault:
    """A tag that is not closed, or closes nothing: offset, message, mend; `is_html` inside a component that holds HTML."""

    start: int
    message: str
    mend: str
    is_html: bool = False


@dataclass
class Markup:
    """A piece as read. `masked` is as long as the source: placeholders are \ue000 and \ue001, comments are spaces."""

    source: str
    masked: str
    top: list[Element]
    faults: list[Fault]
    places: Places

    def elements(self) -> Iterator[Element]:
        """Every element, in the order of the source."""
        for element in self.top:
            yield from element.walk()

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1."""
        return self.places.at(offset)

    def text(self, element: Element) -> str:
        """What stands in the element, tags taken out; placeholders are \ue000."""
        return re.sub(r"<[^>]*>", "", self.masked[element.inner : element.end]).replace(BLOCK, "")


def read_markup(source: str, holders: frozenset[str] = frozenset()) -> Markup:
    """Read a piece. `holders` are the components that hold HTML: what is open in one of them ends with it."""
    masked = mask(source)
    masked = re.sub(r"<!--(?!\[if|<!\[endif).*?(?:-->|\Z)", _blank, masked, flags=re.DOTALL)
    reader = _Reader(masked, holders)
    reader.read()
    return Markup(source, masked, reader.top, reader.faults, Places(source))


def mask(source: str) -> str:
    """The source with every placeholder replaced by as many marks; line breaks and what `raw` keeps stay."""
    out: list[str] = []
    at, mark = 0, ""
    try:
        for _, kind, text in _LEXER.lex(source):
            found = max(source.find(text, at), at)  # a minus beside a block swallows the white space between
            out.append(_marked(source[at:found], BLOCK))
            if kind.endswith("_begin"):
                mark = VALUE if kind == "variable_begin" else BLOCK
            out.append(text if kind == "data" else _marked(text, mark))
            at = found + len(text)
    except TemplateSyntaxError:
        return _JINJA.sub(lambda m: _marked(m[0], VALUE if m[0].startswith("{{") else BLOCK), source)
    return "".join(out) + source[at:]


def _marked(text: str, mark: str) -> str:
    return re.sub(r"[^\n]", mark, text)


def _blank(found: re.Match[str]) -> str:
    return _marked(found[0], " ")


class _Reader:
    """One pass over masked markup; `top` and `faults` are the result."""

    def __init__(self, masked: str, holders: frozenset[str]) -> None:
        self.text = masked
        self.holders = holders
        self.top: list[Element] = []
        self.faults: list[Fault] = []
        self.stack: list[Element] = []
        self.is_lost = False  # after one tag that fits nowhere, what else is open can't be told

    def read(self) -> None:
        at = 0
        while (at := self.text.find("<", at)) >= 0:
            at = self._next(at)
        for element in reversed(self.stack):
            element.end = len(self.text)
            if not self.holders.isdisjoint(element.around):
                self._left_open(element)
            elif element.tag not in _OPTIONAL_END and not self.is_lost:
                message = f"<{element.tag}> is never closed."
                self.faults.append(Fault(element.start, message, f"Add </{element.tag}>."))
                self.is_lost = True

    def _next(self, at: int) -> int:
        """Past the tag, comment or declaration that begins here."""
        if self.text.startswith("<![CDATA[", at):
            end = self.text.find("]]>", at)
            return len(self.text) if end < 0 else end + 3
        found = _OPEN.match(self.text, at)
        if not found:
            return at + 1
        if found["close"]:
            end = self.text.find(">", found.end())
            end = len(self.text) if end < 0 else end + 1
            self._close(found["tag"].lower(), at)
            return end
        return self._open(found)

    def _open(self, found: re.Match[str]) -> int:
        element = Element(found["tag"].lower(), found.start(), 0)
        at = found.end()
        while not (end := _ENDS.match(self.text, at)):
            given = _ATTRIBUTE.match(self.text, at)
            if not given or given.end() == at:
                at += 1
                continue
            self._attribute(element, given)
            at = given.end()
        element.inner = element.end = end.end()
        element.parent = self.stack[-1] if self.stack else None
        if element.parent is not None:
            above, tag = element.parent.around, element.parent.tag
            element.around = above if tag in above else above | {tag}
        (element.parent.children if element.parent else self.top).append(element)
        if end["slash"] or element.tag in VOID:
            return element.inner
        self.stack.append(element)
        if element.tag in _RAW_TEXT:
            closing = re.compile(rf"</{re.escape(element.tag)}\b", re.IGNORECASE).search(
                self.text, element.inner
            )
            return closing.start() if closing else element.inner
        return element.inner

    def _attribute(self, element: Element, given: re.Match[str]) -> None:
        group = next((g for g in ("double", "single", "bare") if given[g] is not None), "")
        value, start = (given[group], given.start(group)) if group else ("", given.end())
        plain = html.unescape(re.sub(f"{VALUE}+", VALUE, value))
        attribute = Attribute(given["name"], plain, given.start("name"), start)
        # With an if around it an attribute may stand there twice, and be given once.
        if attribute.name in element.attributes and BLOCK not in self.text[element.start : given.end()]:
            element.twice.append(attribute)
        element.attributes.setdefault(attribute.name, attribute)

    def _close(self, tag: str, at: int) -> None:
        holder = next(
            (i for i in range(len(self.stack) - 1, -1, -1) if self.stack[i].tag in self.holders), -1
        )
        depth = len(self.stack) - 1
        while depth > holder and self.stack[depth].tag != tag and self.stack[depth].tag in _OPTIONAL_END:
            depth -= 1
        if depth >= 0 and self.stack[depth].tag == tag:
            self._end(depth, at)
        elif holder >= 0 and self.stack[holder].tag == tag:
            for element in self.stack[holder + 1 :]:
                self._left_open(element)
            self._end(holder, at)
        elif holder >= 0 and not tag.startswith("mj"):
            self._close_html(tag, holder, at)
        else:
            self._astray(tag, at)

    def _end(self, depth: int, at: int) -> None:
        for element in self.stack[depth:]:
            element.end = at
        del self.stack[depth:]

    def _close_html(self, tag: str, holder: int, at: int) -> None:
        """A closing tag inside a component that doesn't fit the one opened last: nothing outside of the component is touched."""
        fits = next((i for i in range(len(self.stack) - 1, holder, -1) if self.stack[i].tag == tag), None)
        if fits is not None:
            for element in self.stack[fits + 1 :]:
                self._left_open(element)
            self._end(fits, at)
        elif tag not in VOID and self.stack[holder].tag != "mj-raw":
            self.faults.append(Fault(at, f"</{tag}> closes nothing.", "Remove it.", is_html=True))

    def _left_open(self, element: Element) -> None:
        """HTML that isn't closed. What begins in one mj-raw may end in another."""
        if element.tag not in _OPTIONAL_END and "mj-raw" not in element.around:
            message = f"<{element.tag}> is never closed."
            self.faults.append(Fault(element.start, message, f"Add </{element.tag}>.", is_html=True))

    def _astray(self, tag: str, at: int) -> None:
        """A closing tag that doesn't fit: said once, and then the nearest that fits is closed, so that reading goes on."""
        if tag in VOID:
            return
        fits = next((i for i in range(len(self.stack) - 1, -1, -1) if self.stack[i].tag == tag), None)
        if not self.is_lost and fits is None:
            self.faults.append(Fault(at, f"</{tag}> closes nothing.", "Remove it."))
        elif not self.is_lost:
            opened = self.stack[-1]
            line = self.text.count("\n", 0, opened.start) + 1
            message = f"</{tag}> stands where <{opened.tag}> from line {line} is still open."
            self.faults.append(Fault(at, message, f"Add </{opened.tag}> before it."))
        self.is_lost = True
        if fits is not None:
            self._end(fits, at)
