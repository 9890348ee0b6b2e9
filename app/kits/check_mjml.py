"""The check of MJML as MJML: components that exist, stand where they may and are closed; attributes they take, with values of their type."""

import re
from collections.abc import Iterator

from app.kits.check_markup import VALUE, Attribute, Element, Markup
from app.kits.findings import Finding, Report
from app.kits.mjml_schema import Component, components, fits, holding_html, spoken
from app.render.near import near

_CONDITIONAL = re.compile(
    r"&#?\w+;|<!--\[if[^\]]*\]>(?:<!-->)?|(?:<!--)?<!\[endif\]-->|<!\[CDATA\[|\]\]>|<[^>]*>"
)
_ROOT_HOLDS = ("mj-head", "mj-body")


def check_mjml(markup: Markup, report: Report) -> list[Finding]:
    """Every finding about components and attributes of one MJML file."""
    for fault in markup.faults:
        report.add("html" if fault.is_html else "mjml", fault.start, fault.message, fault.mend)
    _root(markup, report)
    classes = _classes(markup)
    for element, is_html in _levels(markup):
        if is_html:
            _inside_html(element, report)
        elif _tag(element, report):
            _place(element, report)
            _attributes(element, report)
            _named_classes(element, classes, report)
            _bare_text(element, markup, report)
    return report.findings


def component_attributes(markup: Markup) -> Iterator[tuple[Element, Attribute]]:
    """Attributes that their component does not take: no compiler does anything with them."""
    for element, is_html in _levels(markup):
        known = components().get(element.tag)
        if known is None or is_html:
            continue
        for attribute in element.attributes.values():
            if known.tag != "mjml" and not known.allows(attribute.name):
                yield element, attribute


def _levels(markup: Markup) -> Iterator[tuple[Element, bool]]:
    """Every element, and whether it stands inside a component that holds HTML."""
    for element in markup.elements():
        yield element, not element.around.isdisjoint(holding_html())


def _root(markup: Markup, report: Report) -> None:
    if not markup.top:
        report.add(
            "mjml", 0, "There is no MJML here.", "Begin with <mjml><mj-body> and end with </mj-body></mjml>."
        )
        return
    first = markup.top[0]
    if first.tag != "mjml":
        report.add(
            "mjml", first.start, f"The file begins with <{first.tag}>.", "Put everything into <mjml>…</mjml>."
        )
    for more in markup.top[1:]:
        report.add(
            "mjml", more.start, f"<{more.tag}> stands outside of <mjml>.", "Move it inside, or remove it."
        )
    bodies = [e for e in first.children if e.tag == "mj-body"]
    if first.tag == "mjml" and not bodies:
        report.add("mjml", first.start, "The mail has no <mj-body>.", "Add <mj-body> with sections in it.")
    for extra in bodies[1:]:
        report.add(
            "mjml", extra.start, "The mail has a second <mj-body>.", "Put its sections into the first."
        )


def _tag(element: Element, report: Report) -> bool:
    """Whether this is a component that can be compiled; says so if it isn't."""
    if element.tag in components() or element.tag == "mj-include":
        return element.tag != "mj-include"  # which has a finding of its own
    parent = element.parent.tag if element.parent else ""
    if not element.tag.startswith("mj"):
        mend = f"Put it into <mj-text> or <mj-raw> inside <{parent}>." if parent else "Put it into <mj-text>."
        message = f"<{element.tag}> is HTML, and only components may stand here."
    else:
        message = f"<{element.tag}> is no MJML component."
        mend = near(element.tag, components(), "<{}>") or "See mjml.io for the list of components."
    report.add("mjml-tag", element.start, message, mend.strip())
    return False


def _inside_html(element: Element, report: Report) -> None:
    """In components that hold HTML no other component is compiled: it would reach people as an unknown tag."""
    if not element.tag.startswith("mj-"):
        return
    holder = next(e for e in element.above() if e.tag in holding_html())
    known = components().get(element.tag)
    if known is None:
        mend = near(element.tag, components(), "<{}>") or "Use HTML here."
        report.add("mjml-tag", element.start, f"<{element.tag}> is no MJML component.", mend.strip())
        return
    message = f"<{element.tag}> isn’t compiled inside <{holder.tag}>, which holds HTML only."
    report.add("mjml-place", element.start, message, f"Move it out of <{holder.tag}>. {_homes(known)}")


def _place(element: Element, report: Report) -> None:
    parent = element.parent
    if parent is None:
        return
    known, around = components()[element.tag], components().get(parent.tag)
    # mj-class and its like hold defaults for any component; a tag that is none has a finding of its own.
    is_root = parent.tag == "mjml"
    free = around is None or not (around.is_checked or is_root)
    held = _at_root(element) if is_root else free or components()[parent.tag].holds(element.tag)
    if not held:
        report.add(
            "mjml-place", element.start, f"<{element.tag}> can’t stand in <{parent.tag}>.", _homes(known)
        )


def _at_root(element: Element) -> bool:
    """Directly in <mjml> stand head and body, and what goes before the document."""
    return element.tag in _ROOT_HOLDS or (
        element.tag == "mj-raw" and element.fixed("position") == "file-start"
    )


def _homes(known: Component) -> str:
    homes = ", ".join(f"<{parent}>" for parent in known.parents)
    return f"It belongs in {homes}." if homes else "Take it out."


def _attributes(element: Element, report: Report) -> None:
    known = components()[element.tag]
    if element.tag == "mjml":
        return
    for again in element.twice:
        message = f"“{again.name[:40]}” is given twice; which one counts differs from program to program."
        report.add("mjml-twice", again.start, message, "Remove one of them.")
    for attribute in element.attributes.values():
        if not known.allows(attribute.name):
            mend = near(attribute.name, known.names) or f"It takes {', '.join(known.names)}."
            message = f"<{element.tag}> has no attribute “{attribute.name[:40]}”."
            report.add("mjml-attribute", attribute.start, message, mend.strip())
        elif not attribute.is_open and attribute.name in known.attributes:
            _value(attribute, known.attributes[attribute.name], report)


def _value(attribute: Attribute, kind: str, report: Report) -> None:
    if fits(kind, attribute.value):
        return
    what, mend = spoken(kind)
    message = f"“{attribute.value[:40]}” is not {what}, which “{attribute.name}” needs."
    report.add("mjml-value", attribute.value_start, message, mend)


def _classes(markup: Markup) -> set[str]:
    """The names that <mj-class> gives."""
    return {element.fixed("name") for element in markup.elements() if element.tag == "mj-class"}


def _named_classes(element: Element, classes: set[str], report: Report) -> None:
    given = element.attributes.get("mj-class")
    if given is None or given.is_open:
        return
    for word in re.finditer(r"\S+", given.value):
        if word[0] not in classes:
            mend = near(word[0], classes) or f'Add <mj-class name="{word[0]}" … /> to <mj-attributes>.'
            message = f"No <mj-class> is named “{word[0][:40]}”."
            report.add("mjml-class", given.value_start + word.start(), message, mend.strip())


def _bare_text(element: Element, markup: Markup, report: Report) -> None:
    """Words directly in a component that holds other components: they would be dropped."""
    known = components()[element.tag]
    if known.is_ending or element.tag == "mj-html-attribute" or element.end <= element.inner:
        return
    words = _own_words(element, markup)
    if words is not None:
        message = f"Text stands directly in <{element.tag}> and would be dropped."
        mend = "Put it into <mj-text>." if element.tag != "mj-head" else "Remove it."
        report.add("mjml-text", words, message, mend)


def _own_words(element: Element, markup: Markup) -> int | None:
    """Where text begins that stands directly in the element, between its children."""
    at = element.inner
    for end, following in [*((child.start, child.end) for child in element.children), (element.end, 0)]:
        plain = _CONDITIONAL.sub(lambda found: " " * len(found[0]), markup.masked[at:end])
        if words := re.search(rf"[\w{VALUE}]", plain):
            return at + words.start()
        at = following
    return None
