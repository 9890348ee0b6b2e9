"""The sandbox mailbox as it is read: what would have been sent, newest first, each message taken apart for people.

Whoever writes it puts one file a message into a maildir, with the envelope on top; here nothing is ever written but the emptying.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default
from email.utils import parseaddr
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

from app.errors import NotFound
from app.settings import Settings
from app.web.paging import Page, offset_of

PAGE_SIZE = 12  # as many as stand beside a message
FEED_SIZE = 100  # for programs, which read on and on
_HEAD_BYTES = 16_384
_NAME = re.compile(r"(?P<ns>\d{1,20})\.[0-9_]{1,40}\.throughline(?::2,[A-Z]*)?")
_TO = re.compile(rb"^x-envelope-to:[ \t]*(.+?)\r?$", re.IGNORECASE | re.MULTILINE)
_CAMPAIGN = re.compile(rb"^list-unsubscribe:", re.IGNORECASE | re.MULTILINE)

Kind = Literal["all", "campaigns", "ours"]


@dataclass(frozen=True)
class Summary:
    """One line of the list. `to` is who the envelope says; `campaign` is False for the product's own mails."""

    id: str
    to: str
    sender: str
    subject: str
    received_at: datetime
    size: int
    campaign: bool

    @property
    def sender_name(self) -> str:
        """Who it is from, as a mail program's list shows it."""
        name, address = parseaddr(self.sender)
        return name or address


@dataclass(frozen=True)
class Link:
    """A link of a message's HTML part."""

    text: str
    url: str


@dataclass(frozen=True)
class Message:
    """A whole message. `html` and `text` are None where it has no such part."""

    summary: Summary
    envelope_from: str
    envelope_to: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    html: str | None
    text: str | None
    links: tuple[Link, ...]
    raw: bytes


@dataclass(frozen=True)
class Overview:
    """What the whole mailbox holds."""

    total: int
    campaigns: int
    since: datetime | None

    @property
    def ours(self) -> int:
        """How many mails are the product's own."""
        return self.total - self.campaigns


def home(settings: Settings) -> Path:
    """The maildir."""
    return settings.data_dir / "sandbox"


def overview(box: Path) -> Overview:
    """Count the mailbox: all, those of campaigns, and when the oldest came."""
    files = _files(box)
    campaigns = sum(1 for path in files if _CAMPAIGN.search(_head(path)))
    return Overview(len(files), campaigns, _received(files[-1]) if files else None)


def list_messages(
    box: Path, number: int = 1, to: str = "", kind: Kind = "all", size: int = PAGE_SIZE
) -> Page[Summary]:
    """Page `number` of the messages whose recipient holds `to`, newest first."""
    found = [path for path in _files(box) if _matches(path, to.strip().lower(), kind)]
    offset = offset_of(number, size, len(found))
    return Page([summarise(path) for path in found[offset : offset + size]], offset, size, len(found))


def get(box: Path, id: str) -> Message:  # noqa: A002
    """The message with this id. Raises NotFound."""
    path = _find(box, id)
    raw = path.read_bytes()
    mail = message_from_bytes(raw, policy=default)
    html = _content(mail, "html")
    return Message(
        summary=summarise(path),
        envelope_from=str(mail.get("X-Envelope-From", "")).strip(),
        envelope_to=tuple(str(value).strip() for value in mail.get_all("X-Envelope-To", [])),
        headers=tuple(
            (name, str(value)) for name, value in mail.items() if not name.lower().startswith("x-envelope-")
        ),
        html=html,
        text=_content(mail, "plain"),
        links=tuple(_links(html)) if html else (),
        raw=_without_envelope(raw),
    )


def empty(box: Path) -> int:
    """Delete every message; returns how many there were."""
    files = _files(box)
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)


def summarise(path: Path) -> Summary:
    """Read the head of one file."""
    head = BytesHeaderParser(policy=default).parsebytes(_head(path))
    return Summary(
        id=path.name.partition(":")[0],
        to=str(head.get("X-Envelope-To", head.get("To", ""))).strip(),
        sender=str(head.get("From", "")),
        subject=str(head.get("Subject", "")),
        received_at=_received(path),
        size=path.stat().st_size,
        campaign="List-Unsubscribe" in head,
    )


def _files(box: Path) -> list[Path]:
    found = [path for part in ("new", "cur") for path in _inside(box / part) if _NAME.fullmatch(path.name)]
    return sorted(found, key=_order, reverse=True)


def _inside(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def _order(path: Path) -> tuple[int, str]:
    return int(path.name.partition(".")[0]), path.name


def _received(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.name.partition(".")[0]) / 1_000_000_000, UTC)


def _find(box: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):  # also keeps paths out
        raise NotFound(kind="sandbox message")
    for path in (box / "new" / name, box / "cur" / name, *(box / "cur").glob(f"{name}:2,*")):
        if path.is_file():
            return path
    raise NotFound(kind="sandbox message")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(_HEAD_BYTES)
    except FileNotFoundError:  # the mailbox was emptied meanwhile
        return b""
    return start.partition(b"\r\n\r\n")[0]


def _matches(path: Path, to: str, kind: Kind) -> bool:
    if not to and kind == "all":
        return True
    head = _head(path)
    if to and not any(to in found.decode("utf-8", "replace").lower() for found in _TO.findall(head)):
        return False
    return kind == "all" or bool(_CAMPAIGN.search(head)) == (kind == "campaigns")


def _without_envelope(raw: bytes) -> bytes:
    while raw[:11].lower() == b"x-envelope-":
        raw = raw.partition(b"\r\n")[2]
    return raw


def _content(mail: EmailMessage, subtype: Literal["html", "plain"]) -> str | None:
    part = mail.get_body((subtype,))
    if part is None:
        return None
    try:
        return str(part.get_content())
    except LookupError:  # a character set nobody knows
        return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []
        self._url: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self._url, self._words = values["href"], []
        elif tag == "img" and self._url and values.get("alt"):
            self._words.append(str(values["alt"]))

    def handle_data(self, data: str) -> None:
        if self._url:
            self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._url:
            self.found.append(Link(" ".join(" ".join(self._words).split()) or "(a picture)", self._url))
            self._url = None


def _links(html: str) -> list[Link]:
    parser = _Anchors()
    parser.feed(html)
    return parser.found
