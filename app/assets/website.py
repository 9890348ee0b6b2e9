"""What a company's own website tells about its brand: name, logo, colours. Asked for by a person, read once, proposed, never taken by itself.

Every address on the page is somebody else's: all go through the client that never enters a private network.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from app.assets.brand_fields import clean_website
from app.assets.colors import chroma, clean_color, mended
from app.assets.logo import Logo, read_logo
from app.assets.palette import suggest
from app.errors import Invalid
from app.lazy import lazy
from app.outbound import Client, OutboundError

if TYPE_CHECKING:
    import lxml.html  # type: ignore[import-untyped]

    html = lxml.html
else:
    html = lazy("lxml.html")

SECONDS = 8.0  # for the page and its pictures together
PAGE_BYTES = 1_500_000
PICTURE_BYTES = 1_000_000
MOST_PICTURES = 5
LEAST = 48  # pixels; smaller is a favicon for tabs
_ENDINGS = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_INLINE = re.compile(r"<svg\b[^>]*>.*?</svg>", re.DOTALL | re.IGNORECASE)
_LOGO = re.compile(r"logo|brand", re.IGNORECASE)
_CUT = re.compile(r"\s+[|–—·:]\s+|\s+-\s+")


@dataclass(frozen=True)
class Site:
    """What was read at `address`: the name it gives itself, its logo if one was found, main colour and call to action if any."""

    address: str
    host: str
    name: str
    logo: Logo | None
    colors: tuple[str, str] | None


def read_site(client: Client, raw: str) -> Site:
    """Ask a website, at most SECONDS long. Raises Invalid with a sentence for `website`."""
    address = clean_website(raw)
    if not address:
        raise Invalid("Write your website’s address first, such as https://company.example.")
    until = time.monotonic() + SECONDS
    try:
        answer = client.get(address, seconds=SECONDS, max_bytes=PAGE_BYTES)
    except OutboundError as error:
        raise Invalid(f"We couldn’t read {_host(address)}. {error.message}") from None
    if answer.status >= 400 or "html" not in answer.headers.get("content-type", ""):
        raise Invalid(f"{_host(address)} shows no page at this address. Check it in your browser.")
    text = answer.body.decode(_charset(answer.headers), "replace")
    tree = _tree(text)
    logo = _first_logo(client, answer.url, text, tree, until)
    return Site(address, _host(address), _name(tree), logo, _colors(tree, logo))


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "").removeprefix("www.")


def _charset(headers: Any) -> str:
    found = re.search(r"charset=[\"']?([\w-]+)", headers.get("content-type", ""))
    name = found[1] if found else "utf-8"
    try:
        "".encode(name)
    except LookupError:
        return "utf-8"
    return name


def _tree(text: str) -> Any:
    try:
        return html.document_fromstring(text.encode() or b"<p>", parser=html.HTMLParser(encoding="utf-8"))
    except (ValueError, html.etree.ParserError):
        raise Invalid("There is nothing to read on this website.") from None


def _meta(tree: Any, *names: str) -> str:
    for name in names:
        for found in tree.xpath("//meta[@name=$name or @property=$name]/@content", name=name):
            text = " ".join(str(found).split())
            if text:
                return text
    return ""


def _name(tree: Any) -> str:
    """The name it gives itself; empty where it gives none that fits a sender's name."""
    name = _meta(tree, "og:site_name", "application-name", "apple-mobile-web-app-title")
    if not name:
        title = " ".join(" ".join(tree.xpath("//title/text()")).split())
        parts = [part for part in _CUT.split(title) if part]
        name = min(parts, key=len) if parts else ""
    return name if len(name) <= 80 and name.isprintable() else ""


def _colors(tree: Any, logo: Logo | None) -> tuple[str, str] | None:
    """The readable pair out of the logo; else the colour that the page gives to the browser's frame."""
    found = suggest(logo.facts.colors) if logo else None
    if found:
        return found.primary.use, found.call.use
    try:
        theme = clean_color(_meta(tree, "theme-color"))
    except Invalid:
        return None
    return (mended(theme), mended(theme)) if chroma(theme) > 0.03 else None


def _first_logo(client: Client, base: str, text: str, tree: Any, until: float) -> Logo | None:
    """The first picture that can be a logo, in the order of how likely it is one."""
    for chunk in _inline(text):
        logo = _taken("logo.svg", chunk)
        if logo:
            return logo
    for address in list(dict.fromkeys(urljoin(base, found) for found in _addresses(tree)))[:MOST_PICTURES]:
        left = until - time.monotonic()
        if left < 0.5:
            return None
        try:
            answer = client.get(address, seconds=min(left, 4.0), max_bytes=PICTURE_BYTES)
        except OutboundError:
            continue
        kind = _ENDINGS.get(answer.headers.get("content-type", "").partition(";")[0].strip().lower())
        if answer.status == 200 and kind and not answer.is_cut:
            logo = _taken(f"logo.{kind}", answer.body)
            if logo:
                return logo
    return None


def _taken(name: str, data: bytes) -> Logo | None:
    try:
        logo = read_logo(name, data)
    except Invalid:
        return None
    return logo if max(logo.source.width, logo.source.height) >= LEAST else None


def _inline(text: str) -> Iterator[bytes]:
    """Drawings inside the page that are called a logo, in their own tag or a little before it."""
    for found in _INLINE.finditer(text[:400_000]):
        opening = found.group().partition(">")[0]
        if _LOGO.search(opening) or _LOGO.search(text[max(found.start() - 160, 0) : found.start()]):
            chunk = found.group()
            if "xmlns=" not in opening:
                chunk = chunk.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
            yield chunk.encode()


def _addresses(tree: Any) -> Iterator[str]:
    for image in tree.iter("img"):
        said = " ".join(str(image.get(name) or "") for name in ("class", "id", "alt", "src"))
        if image.get("src") and _LOGO.search(said):
            yield str(image.get("src")).strip()
    yield _meta(tree, "og:logo")
    for wanted in ("icon", "apple-touch-icon", "apple-touch-icon-precomposed"):
        links = [link for link in tree.iter("link") if wanted in str(link.get("rel") or "").lower().split()]
        for link in sorted(
            links, key=lambda link: -_size(str(link.get("sizes") or ""), str(link.get("type") or ""))
        ):
            yield str(link.get("href") or "").strip()
    yield _meta(tree, "og:image")


def _size(sizes: str, kind: str) -> int:
    found = re.match(r"(\d{1,5})x", sizes)
    return 10_000 if "svg" in kind or sizes == "any" else int(found[1]) if found else 0
