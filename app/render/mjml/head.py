"""What a mail's head says: defaults and classes of attributes, styles, fonts, title, breakpoint, and attributes for the final HTML."""

from collections.abc import Mapping

from app.render.direction import is_right_to_left
from app.render.mjml.element import Sheet
from app.render.mjml.parse import Node


def read_head(mjml: Node, language: str = "") -> Sheet:
    """The rules of `<mj-head>`; a mail without one has the reference's defaults.

    One that names no direction takes its language's, and is mirrored if need be; one that does has seen to it itself.
    """
    spoken = mjml.attributes.get("lang") or language or "und"
    said = mjml.attributes.get("dir")
    is_mirrored = not said and is_right_to_left(spoken)
    sheet = Sheet(spoken, said or ("rtl" if is_mirrored else "auto"), is_mirrored)
    for head in mjml.children:
        if head.tag == "mj-head":
            for node in head.children:
                _take(sheet, node)
    return sheet


def _take(sheet: Sheet, node: Node) -> None:
    if node.tag in _RULES:
        for child in node.children:
            _RULES[node.tag](sheet, child)
    elif node.tag in _WORDS:
        _WORDS[node.tag](sheet, node)


def _title(sheet: Sheet, node: Node) -> None:
    sheet.title = node.content


def _breakpoint(sheet: Sheet, node: Node) -> None:
    sheet.breakpoint = node.attributes.get("width") or sheet.breakpoint


def _font(sheet: Sheet, node: Node) -> None:
    sheet.fonts[node.attributes.get("name", "")] = node.attributes.get("href", "")


def _style(sheet: Sheet, node: Node) -> None:
    is_inline = node.attributes.get("inline") == "inline"
    (sheet.inline_styles if is_inline else sheet.styles).append(node.content)


def _raw(sheet: Sheet, node: Node) -> None:
    sheet.raw.append(node.content)


def _rule(sheet: Sheet, rule: Node) -> None:
    if rule.tag == "mj-all":
        sheet.for_all.update(rule.attributes)
    elif rule.tag == "mj-class":
        name = rule.attributes.get("name", "")
        own = {key: value for key, value in rule.attributes.items() if key != "name"}
        sheet.classes.setdefault(name, {}).update(own)
        sheet.in_classes.setdefault(name, {}).update({c.tag: c.attributes for c in rule.children})
    else:
        sheet.by_tag.setdefault(rule.tag, {}).update(rule.attributes)


def _selector(sheet: Sheet, selector: Node) -> None:
    if selector.tag != "mj-selector":
        return
    wanted = {
        child.attributes["name"]: child.content
        for child in selector.children
        if child.tag == "mj-html-attribute" and child.attributes.get("name")
    }
    sheet.html_attributes.setdefault(selector.attributes.get("path", ""), {}).update(wanted)


_WORDS = {
    "mj-title": _title, "mj-breakpoint": _breakpoint, "mj-font": _font, "mj-style": _style, "mj-raw": _raw
}  # fmt: skip
_RULES = {"mj-attributes": _rule, "mj-html-attributes": _selector}


def resolve(sheet: Sheet, node: Node, outer: str = "") -> None:
    """Give every node of the body its attributes: those of its tag, of its classes, of the class around it, its own."""
    own = node.attributes
    of_classes: dict[str, str] = {}
    for name in own.get("mj-class", "").split(" "):
        of_classes = _merged(of_classes, sheet.classes.get(name, {}))
    of_outer: dict[str, str] = {}
    for name in outer.split(" "):
        of_outer |= sheet.in_classes.get(name, {}).get(node.tag, {})
    mine = {key: value for key, value in own.items() if key != "mj-class"}
    node.resolved = {**sheet.by_tag.get(node.tag, {}), **of_classes, **of_outer, **mine}
    for child in node.children:
        resolve(sheet, child, own.get("mj-class", outer))


def _merged(first: dict[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """The later class wins, but css-classes add up."""
    both = [c for c in (first.get("css-class"), second.get("css-class")) if c]
    return {**first, **second, **({"css-class": " ".join(both)} if both else {})}
