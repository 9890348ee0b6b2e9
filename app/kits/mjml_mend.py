"""What the check would refuse in a foreign template is taken out, each with a note: components and attributes that MJML lacks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.kits.check_markup import Element, Markup, read_markup
from app.kits.check_mjml import check_mjml, component_attributes
from app.kits.findings import Finding, Report
from app.render import unsafe

_ROUNDS = 8
_CUTS = ("mjml-tag", "mjml-place", "mjml")
_ATTRIBUTE = re.compile(r"\s*[^\s=\"'/<>]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?")


@dataclass(frozen=True)
class Cut:
    """What is taken out: from offset to offset, with what is said about it."""

    start: int
    end: int
    note: str


def mend(source: str) -> tuple[str, list[str]]:
    """The source without what can't be part of a kit, and a note for each thing that went."""
    notes: list[str] = []
    for _ in range(_ROUNDS):
        cuts = _outermost(_cuts(source))
        if not cuts:
            break
        for cut in reversed(cuts):
            source = source[: cut.start] + source[cut.end :]
        notes += [cut.note for cut in cuts]
    return source, list(dict.fromkeys(notes))


def _cuts(source: str) -> Iterator[Cut]:
    markup = read_markup(source)
    report = Report("", markup.places)
    by_place = {markup.at(element.start): element for element in markup.elements()}
    for found in check_mjml(markup, report):
        element = by_place.get((found.line, found.column))
        if found.rule in _CUTS and element is not None and element.tag not in ("mjml", "mj-body"):
            yield _whole(markup, element, found)
    for element, attribute in component_attributes(markup):
        shown = f"{attribute.name}=“{attribute.value[:40]}”" if attribute.value else attribute.name
        text = f"<{element.tag}> has no attribute {shown}, which did nothing: it was removed."
        yield _attribute(source, attribute.start, text)
    for problem in unsafe.problems(markup.masked):
        at = _offset(source, problem.line, problem.column)
        element = by_place.get((problem.line, problem.column))
        if problem.rule == "forbidden-tag" and element is not None:
            yield Cut(element.start, _end(markup, element), f"{problem.message} It was removed.")
        elif problem.rule in ("event-handler", "link-scheme"):
            yield _attribute(source, at, f"{problem.message} It was removed.")


def _whole(markup: Markup, element: Element, found: Finding) -> Cut:
    words = " ".join(markup.text(element).split())[:60]
    note = f"{found.message} It was removed" + (f", with its words “{words}”." if words else ".")
    return Cut(element.start, _end(markup, element), note)


def _end(markup: Markup, element: Element) -> int:
    """Behind the closing tag, where there is one."""
    closing = re.compile(rf"</{re.escape(element.tag)}\s*>", re.IGNORECASE).match(markup.source, element.end)
    return closing.end() if closing else max(element.end, element.inner)


def _attribute(source: str, at: int, note: str) -> Cut:
    """The attribute that begins here, with the space before it."""
    found = _ATTRIBUTE.match(source, at)
    start = at
    while start and source[start - 1] in " \t":
        start -= 1
    return Cut(start, found.end() if found else at + 1, note)


def _offset(source: str, line: int, column: int) -> int:
    return sum(len(text) + 1 for text in source.split("\n")[: line - 1]) + column - 1


def _outermost(cuts: Iterator[Cut]) -> list[Cut]:
    """In order, without those inside of others."""
    kept: list[Cut] = []
    for cut in sorted(cuts, key=lambda c: (c.start, -c.end)):
        if not kept or cut.start >= kept[-1].end:
            kept.append(cut)
    return kept
