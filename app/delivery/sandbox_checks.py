"""What a mailbox provider would look at in a message of the sandbox, told as rules that are met or broken.

It judges the bytes as they would leave, so that it also sees what the rendering did not mean to do.
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from app.delivery.sandbox import Message
from app.settings import Settings

GMAIL_CUTS = 102_000  # bytes of HTML from which Gmail hides the rest behind a link
LONGEST_LINE = 998  # RFC 5322, 2.1.1


@dataclass(frozen=True)
class Check:
    """Something a mailbox provider would look at: `state` is met, warn or broken."""

    state: Literal["met", "warn", "broken"]
    title: str
    note: str


def checks(message: Message, settings: Settings) -> list[Check]:
    """What a mailbox provider would look at in this message."""
    found = [*_unsubscribing(message), _both_parts(message), _weight(message), _lines(message)]
    hosts = {
        urlsplit(link.url).hostname
        for link in message.links
        if urlsplit(link.url).scheme in ("http", "https")
    }
    loopback = sorted(host for host in hosts if host in ("127.0.0.1", "localhost", "::1"))
    if loopback:
        note = "As they should here; set PUBLIC_URL before the first real send"
        found.append(Check("warn", f"Links point to {' and '.join(loopback)}", note))
    if settings.public_url.startswith("https://") and any(
        link.url.startswith("http://") for link in message.links
    ):
        found.append(Check("warn", "A link is not https", "Mail programs warn of it"))
    return found


def _unsubscribing(message: Message) -> list[Check]:
    if not message.summary.campaign:
        note = "It answers something a person did, so it needs no unsubscribe"
        return [Check("met", "A mail of the product itself", note)]
    heads = {name.lower(): value for name, value in message.headers}
    addresses = re.findall(r"<(https?://[^>\s]+)>", heads.get("list-unsubscribe", ""))
    one_click = heads.get("list-unsubscribe-post", "").strip() == "List-Unsubscribe=One-Click"
    return [_one_click(bool(addresses) and one_click), _way_out(message, addresses)]


def _one_click(there: bool) -> Check:
    if there:
        note = "RFC 8058: both headers are there; https outside development"
        return Check("met", "One-click unsubscribe", note)
    note = "List-Unsubscribe and List-Unsubscribe-Post are both needed (RFC 8058)"
    return Check("broken", "No one-click unsubscribe", note)


def _way_out(message: Message, addresses: list[str]) -> Check:
    parts = (("HTML", message.html), ("text", message.text))
    shown = [name for name, part in parts if part and any(address in part for address in addresses)]
    if len(shown) == len(parts):
        return Check("met", "A visible way out", "The HTML and the text both link to the unsubscribe page")
    only = f"Only in the {shown[0]}" if shown else "In neither part"
    return Check("broken", "No visible way out", f"{only}. Both must link to the unsubscribe page")


def _both_parts(message: Message) -> Check:
    if message.text:
        return Check("met", "A plain text part", "For watches, screen readers and people who prefer it")
    return Check("broken", "No plain text part", "Some filters count that against a mail")


def _weight(message: Message) -> Check:
    size = len((message.html or message.text or "").encode())
    state: Literal["met", "broken"] = "met" if size < GMAIL_CUTS else "broken"
    return Check(state, f"{size:,} bytes", "Gmail cuts from 102 KB on")


def _lines(message: Message) -> Check:
    longest = max((len(line) for line in message.raw.splitlines()), default=0)
    if longest <= LONGEST_LINE:
        return Check("met", f"No line over {LONGEST_LINE} bytes", f"The longest has {longest}")
    return Check(
        "broken",
        f"A line of {longest:,} bytes",
        f"Servers may break lines over {LONGEST_LINE} bytes, and links in them",
    )
