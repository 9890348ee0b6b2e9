"""Addresses and formatted words in slots: https alone, hosts in one spelling, and no markup but paragraphs, lists, bold, italic, links."""

import re
import unicodedata
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import idna

from app.kits.text import tidy, unseen_out
from app.kits.wrong import SlotError
from app.lazy import lazy

if TYPE_CHECKING:
    import nh3
else:
    nh3 = lazy("nh3")

RICH_TAGS = {"p", "br", "b", "strong", "i", "em", "u", "ul", "ol", "li", "a"}
SCHEMES = ("https", "mailto", "tel")
MAX_URL = 900  # a line of a mail holds 998 bytes
_NO_ADDRESS = "This is no web address. Copy it from the browser’s address bar."
_BARE_HOST = re.compile(r"[^\s/:@?#]+\.[^\s/:@?#.]{2,}(?=[/?#]|$)")
_FORBIDDEN = re.compile(r"[\s<>\"\\^`{|}]")
_KEPT = (
    "!$&()*+,;=:@/~%-._"  # besides letters and digits; what else stands in an address is written in %-form
)
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TAG = re.compile(r"<[a-zA-Z/!]")
_NOTHING = re.compile(r"<p>(?:\s|<br>)*</p>")  # what an empty line of an editor becomes
_TURNS = 5


def clean_url(raw: object) -> str:
    """An https address in its one spelling: host in small ASCII letters (IDNA), no name or password, port only where it isn't 443.

    An address typed without a scheme gets https. Raises SlotError with the mend.
    """
    if not isinstance(raw, str):
        raise SlotError("Write this as text.")
    text = tidy(raw)
    if _BARE_HOST.match(text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.hostname or ""
    except ValueError as error:
        raise SlotError(_NO_ADDRESS) from error
    if parts.scheme != "https" or not host:
        raise SlotError("Give a web address that begins with https://.")
    if "@" in parts.netloc:
        raise SlotError("Leave out the name and the password before the @: everybody could read them.")
    if _FORBIDDEN.search(text):
        raise SlotError(_NO_ADDRESS)
    rest = _quoted(parts.path, _KEPT)
    rest += f"?{_quoted(parts.query, _KEPT + '?')}" if parts.query else ""
    rest += f"#{_quoted(parts.fragment, _KEPT + '?')}" if parts.fragment else ""
    address = f"https://{_host(host)}{f':{port}' if port not in (None, 443) else ''}{rest}"
    if len(address) > MAX_URL:
        raise SlotError(f"This address is {len(address):,} characters long. Use one of {MAX_URL} or fewer.")
    return address


def _host(host: str) -> str:
    """The host in ASCII. Raises SlotError for numbers in place of a name, and for names without a dot."""
    try:
        name = idna.encode(host.rstrip("."), uts46=True, std3_rules=True).decode()
    except UnicodeError as error:  # idna's own errors are of this kind
        raise SlotError(_NO_ADDRESS) from error
    last = name.rpartition(".")[2]
    if "." not in name or last.isdigit():
        raise SlotError(_NO_ADDRESS)
    return name


def _quoted(part: str, kept: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", part), safe=kept)


def clean_rich(raw: str) -> str:
    """Formatted words that pass again unchanged. Plain text keeps its paragraphs and line breaks.

    Tags that aren't allowed are taken out; a link that leads nowhere we allow raises SlotError with its address.
    """
    html = _paragraphs(tidy(raw, multiline=True)) if not _TAG.search(raw) else raw
    html = _seen(html)
    _check_links(html)
    for _ in range(_TURNS):
        again = _NOTHING.sub("", _seen(_sanitised(html))).strip()
        if again == html:
            return html
        html = again
    raise SlotError("This markup is too tangled. Paste it as plain text.")


def _sanitised(html: str) -> str:
    return nh3.clean(
        html, tags=RICH_TAGS, attributes={"a": {"href"}}, attribute_filter=_attribute, url_schemes=set(SCHEMES), link_rel=None
    )  # fmt: skip


def _attribute(tag: str, name: str, value: str) -> str | None:
    try:
        return _target(value)
    except SlotError:
        return None


def _target(href: str) -> str:
    """Where a link may lead. Raises SlotError."""
    address = tidy(href)
    scheme = address.partition(":")[0].lower()
    if scheme in ("mailto", "tel"):
        rest = _quoted(address.partition(":")[2], _KEPT + "?")
        if rest and len(rest) <= MAX_URL:
            return f"{scheme}:{rest}"
    return clean_url(address)


def _seen(html: str) -> str:
    return unicodedata.normalize("NFC", unseen_out(html).replace("\t", " "))


def _paragraphs(text: str) -> str:
    """Plain text as markup: an empty line begins a paragraph, a break stays one."""
    blocks = [block.replace("\n", "<br>") for block in text.split("\n\n")]
    return blocks[0] if len(blocks) == 1 else "".join(f"<p>{block}</p>" for block in blocks)


class _Links(HTMLParser):
    """The addresses that links of a text give."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def _check_links(html: str) -> None:
    links = _Links()
    links.feed(html)
    for href in links.found:
        try:
            _target(href)
        except SlotError as error:
            shown = tidy(href)[:60]
            raise SlotError(f"The link “{shown}” can’t be used. {error.message}") from error
