"""mj-html-attributes: attributes for whatever in the finished HTML a CSS selector finds."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.lazy import lazy
from app.render.mjml.values import written

if TYPE_CHECKING:
    import bs4
else:
    bs4 = lazy("bs4")

_TAG = re.compile(
    r"<!--.*?-->|<(?P<tag>[a-zA-Z][\w:-]*)(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*?)(?P<end>\s*/?)>",
    re.DOTALL,
)
_MARK = "data-at"


def set_attributes(html: str, wanted: Mapping[str, Mapping[str, str]]) -> str:
    """The HTML with the attributes of `wanted` (by selector) set; everything else stays to the letter.

    The parser only finds: each tag carries its number while it looks, so comments for Outlook are never rewritten.
    """
    found = _found(html, wanted)
    at = -1

    def change(tag: re.Match[str]) -> str:
        nonlocal at
        if not tag.group("tag"):
            return tag.group()
        at += 1
        if at not in found:
            return tag.group()
        rest = tag.group("rest")
        for name in found[at]:
            rest = re.sub(rf"\s{re.escape(name)}(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?(?=\s|$)", "", rest)
        return f"<{tag.group('tag')}{rest}{written(found[at])}{tag.group('end')}>"

    return _TAG.sub(change, html)


def _found(html: str, wanted: Mapping[str, Mapping[str, str]]) -> dict[int, dict[str, str]]:
    """Attributes by the number of the tag that gets them."""
    at = -1

    def number(tag: re.Match[str]) -> str:
        nonlocal at
        if not tag.group("tag"):
            return tag.group()
        at += 1
        return f'<{tag.group("tag")} {_MARK}="{at}"{tag.group("rest")}{tag.group("end")}>'

    page = bs4.BeautifulSoup(_TAG.sub(number, html), "lxml")
    found: dict[int, dict[str, str]] = {}
    for selector, attributes in wanted.items():
        for element in page.select(selector):
            quoted = {name: value.replace('"', "&quot;") for name, value in attributes.items()}
            if _MARK in element.attrs:
                found.setdefault(int(str(element[_MARK])), {}).update(quoted)
    return found
