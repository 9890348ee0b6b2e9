"""One look at a link or a picture from outside: does it answer, and is a picture a picture. Knows no tables.

A server that refuses to talk to a program is no dead link, but nobody has seen it work either: it is told as what it is.
"""

from dataclasses import dataclass
from typing import Literal

from app.outbound import Answer, Client, OutboundError

Kind = Literal["link", "picture"]
HEAVY = 1_000_000  # bytes from which a picture makes people wait
_READ = 65_536
# Some servers answer a HEAD with an error and the same address's GET with the page.
_ASK_AGAIN = frozenset({400, 403, 404, 405, 406, 429, 500, 501, 503, 999})
_REFUSED = frozenset({401, 403, 405, 406, 407, 429, 451, 999})
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")


@dataclass(frozen=True)
class Seen:
    """What came of it: fine without `trouble`; `doubtful` where a person has to look, since the server turns programs away."""

    trouble: str = ""
    doubtful: bool = False


def look(client: Client, url: str, kind: Kind) -> Seen:
    """Ask once. Never raises for what the other side does."""
    try:
        return _picture(client.get(url, max_bytes=_READ)) if kind == "picture" else _link(client, url)
    except OutboundError as error:
        return Seen(error.message)


def _link(client: Client, url: str) -> Seen:
    answer = client.head(url)
    if answer.status in _ASK_AGAIN:
        answer = client.get(url, max_bytes=1)
    return _status(answer)


def _status(answer: Answer) -> Seen:
    status = answer.status
    if status < 400:
        return Seen()
    if status in _REFUSED:
        return Seen(f"It turns programs away ({status}). Open it yourself to be sure.", doubtful=True)
    if status in (404, 410):
        return Seen(f"There is no such page ({status}).")
    if status >= 500:
        return Seen(f"Its server has trouble ({status}).")
    return Seen(f"It answers with an error ({status}).")


def _picture(answer: Answer) -> Seen:
    said = _status(answer)
    if said.trouble:
        return said
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "image/svg+xml":
        return Seen("It is an SVG: most mail programs don’t show those. Use PNG or JPEG.")
    if not is_picture(answer.body) or not kind.startswith("image/"):
        return Seen("What comes is no picture.")
    length = answer.headers.get("content-length", "")
    size = int(length) if length.isdecimal() else len(answer.body)
    if size > HEAVY:
        return Seen(f"It weighs {size / 1_000_000:.1f} MB: phones wait for it. Make it smaller.")
    return Seen()


def is_picture(body: bytes) -> bool:
    """Whether it begins like a PNG, JPEG, GIF or WebP."""
    return body.startswith(_MAGIC) or (body[:4] == b"RIFF" and body[8:12] == b"WEBP")
