"""The check of what a piece points to: pictures with their descriptions and files, links that lead somewhere, foreign servers."""

import re
from collections.abc import Iterator

from app.kits.check_markup import VALUE, Attribute, Element, Markup
from app.kits.findings import Report
from app.kits.pieces import KitSource

ASSET = re.compile(r"(?<=[\"'(])assets/[\w./@+-]+(?=[\"')])")
_PICTURES = frozenset({"mj-image", "img", "mj-carousel-image"})
_LINKS = frozenset({"a", "area", "mj-button", "mj-navbar-link", "mj-image", "mj-social-element"})
_MUST_LEAD = frozenset({"a", "area", "mj-button", "mj-navbar-link"})
_ADDRESSES = (
    "href",
    "src",
    "background-url",
    "background",
    "thumbnails-src",
    "icon-wrapped-url",
    "icon-unwrapped-url",
)
_STYLE_URL = re.compile(r"url\(\s*[\"']?\s*(https?://[^\"')\s]+)", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_DESCRIBE = 'Describe what it tells; if it is only decoration, write alt="".'


def check_links(kit: KitSource, markup: Markup, report: Report, *, is_page: bool = False) -> None:
    """Findings of pictures, links and assets. On a page links may lead to its own parts."""
    anchors = {"form", "top"} | {e.fixed("id") for e in markup.elements()} if is_page else set()
    for element in _shown(markup):
        if element.tag in _PICTURES:
            _picture(element, report)
        if element.tag in _LINKS:
            _link(element, report, anchors)
        for name in _ADDRESSES:
            if name in element.attributes:
                _address(element, element.attributes[name], report)
    for found in _STYLE_URL.finditer(markup.masked):
        if found[1].startswith("http://"):
            report.add("link-http", found.start(1), "This address is not encrypted.", "Use https://.")
        report.add("image-remote", found.start(1), *_remote(found[1]))
    for asset in ASSET.finditer(markup.masked):
        if asset[0] not in kit.files:
            report.add(
                "asset-missing", asset.start(), f"There is no file {asset[0]}.", "Add it, or mend the path."
            )


def web_links(markup: Markup) -> Iterator[tuple[str, int]]:
    """The fixed web addresses a piece links to, with their offsets."""
    for element in _shown(markup):
        href = element.attributes.get("href")
        if href and not href.is_open and href.value.strip().lower().startswith(("https://", "http://")):
            yield href.value.strip(), href.value_start


def _shown(markup: Markup) -> Iterator[Element]:
    """Elements of the piece itself: what stands in mj-attributes gives defaults and shows nothing."""
    for element in markup.elements():
        if "mj-attributes" not in element.around:
            yield element


def _picture(element: Element, report: Report) -> None:
    if "alt" not in element.attributes:
        report.add("alt-text", element.start, "This picture has no description.", _DESCRIBE)
    source = element.attributes.get("src")
    if source is None or not source.value.strip():
        message = "This picture names no file."
        mend = 'Add src="assets/…", or src="{{ slot.….url }}".'
        report.add("image-source", source.start if source else element.start, message, mend)
    elif (
        not source.is_open
        and not source.value.startswith("assets/")
        and not _SCHEME.match(source.value.strip())
    ):
        message = f"“{source.value[:60]}” leads nowhere once the mail is out."
        report.add("asset-missing", source.value_start, message, "Put the picture into assets/ of the kit.")


def _address(element: Element, attribute: Attribute, report: Report) -> None:
    value = attribute.value.strip().lower()
    if value.startswith("http://"):
        report.add("link-http", attribute.value_start, "This address is not encrypted.", "Use https://.")
    if element.tag == "mj-font" or attribute.name == "href":
        return
    if value.startswith(("http://", "https://")):
        report.add("image-remote", attribute.value_start, *_remote(attribute.value))
    if re.search(r"\.svgz?([?#]|$)", value):
        report.add("image-svg", attribute.value_start, "Most mail programs show no SVG.", "Use PNG or JPEG.")


def _remote(address: str) -> tuple[str, str]:
    shown = address.replace(VALUE, "…")[:80]
    return f"This picture lies on somebody else’s server: {shown}", "Put it into assets/ of the kit."


def _link(element: Element, report: Report, anchors: set[str]) -> None:
    href = element.attributes.get("href")
    if href is None:
        if element.tag in _MUST_LEAD and not {"name", "id"} & set(element.attributes):
            report.add(
                "link-dead",
                element.start,
                "This link leads nowhere.",
                "Give it an address, or {{ link.landing }}.",
            )
        return
    value = href.value.strip()
    if href.is_open and value[:1] == VALUE:
        return
    if value in ("", "#") or (value.startswith("#") and value[1:] not in anchors):
        mend = (
            "Give it an address, or {{ link.landing }}."
            if not anchors
            else "Use an id that the page has, or #form."
        )
        report.add("link-dead", href.start, "This link leads nowhere.", mend)
    elif not value.startswith("#") and not _SCHEME.match(value):
        message = f"“{value[:60].replace(VALUE, '…')}” leads nowhere once it is out: it is no whole address."
        report.add("link-dead", href.start, message, "Begin it with https://.")
