"""What the networks ask of a post: how long it may be, how they count, and the size of its picture. Facts, as of 2026.

X counts by the configuration of twitter-text: Latin letters and common punctuation once, emoji and all other scripts twice, every
address as 23 (docs.x.com, "Counting characters"). The others count as browsers do, in units of UTF-16.
"""

import re
import unicodedata
from dataclasses import dataclass

from app.kits.pieces import Network


@dataclass(frozen=True)
class Limit:
    """A network: its name for people, characters of a post at most, and the picture's width and height in pixels."""

    label: str
    most: int
    size: tuple[int, int]
    links: bool = True  # whether an address in a post can be followed


LIMITS: dict[Network, Limit] = {
    Network.LINKEDIN: Limit("LinkedIn", 3_000, (1200, 627)),
    Network.X: Limit("X", 280, (1600, 900)),
    Network.FACEBOOK: Limit("Facebook", 63_206, (1200, 630)),
    Network.INSTAGRAM: Limit("Instagram", 2_200, (1080, 1080), links=False),
}
LINK_LENGTH = 23  # of any address on X
_URL = re.compile(r"https?://[^\s<>\"“”]*[^\s<>\"“”.,;:!?)\]]", re.IGNORECASE)
_ONCE = ((0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
# One picture on the screen, which counts once however many code points make it: flags, keycaps, people joined with ZWJ.
_EMOJI = re.compile(
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3"
    "|[\u203c-\u3299\U0001f000-\U0001faff]\ufe0f?[\U0001f3fb-\U0001f3ff]?"
    "(?:\u200d[\u203c-\u3299\U0001f000-\U0001faff]\ufe0f?[\U0001f3fb-\U0001f3ff]?)*)"
)


def length(text: str, network: Network) -> int:
    """How many characters of its limit a text takes there."""
    text = unicodedata.normalize("NFC", text)
    if network is not Network.X:
        return len(text.encode("utf-16-le")) // 2
    bare = _URL.sub("", text)
    links = len(_URL.findall(text))
    emoji = [found for found in _EMOJI.findall(bare) if not _counts_once(found)]
    for found in emoji:
        bare = bare.replace(found, "", 1)
    return links * LINK_LENGTH + 2 * len(emoji) + sum(1 if _counts_once(c) else 2 for c in bare)


def _counts_once(text: str) -> bool:
    return len(text) == 1 and any(low <= ord(text) <= high for low, high in _ONCE)
