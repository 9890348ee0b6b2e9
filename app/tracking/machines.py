"""Who did it, a person or a machine: judged from what is known at that moment, with the reason kept.

Security scanners follow links within seconds, by HEAD, or with agents that say what they are; they are counted apart, never dropped.
The signs are those of docs/delivery.md; none of them looks at the version of a test.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

TOO_FAST = timedelta(seconds=2)
BURST_LINKS = 3
BURST = timedelta(seconds=2)
IN_A_BURST = "3 links within 2 seconds"
PRIVACY_PROXY = "Mozilla/5.0"  # Apple Mail Privacy Protection opens everything with exactly this agent

_SCRIPTS = re.compile(
    r"curl|wget|python|httpx|aiohttp|java/|okhttp|go-http-client|libwww|perl|ruby|php|axios|node-fetch|undici|scrapy|headless"
    r"|bot\b|crawl|spider|scanner|preview|proofpoint|barracuda|mimecast|safelinks",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Seen:
    """What is known about one event. `delivered_at` and `recent` (other links of the same mail followed lately) only where tracked."""

    method: str
    agent: str
    at: datetime
    delivered_at: datetime | None = None
    recent: tuple[tuple[int, datetime], ...] = ()
    number: int | None = None
    is_open: bool = False


def judge(seen: Seen) -> str | None:
    """The reason why this was a machine, or None for a person."""
    if seen.method == "HEAD":
        return "asked for the head only"
    if not seen.agent:
        return "gave no agent"
    if _SCRIPTS.search(seen.agent):
        return "a script’s agent"
    if seen.is_open and seen.agent == PRIVACY_PROXY:
        return "a privacy proxy"
    if seen.delivered_at and seen.at - seen.delivered_at < TOO_FAST:
        return "within 2 seconds of delivery"
    if _burst(seen):
        return IN_A_BURST
    return None


def _burst(seen: Seen) -> bool:
    numbers = {number for number, at in seen.recent if abs(seen.at - at) <= BURST}
    if seen.number is not None:
        numbers.add(seen.number)
    return len(numbers) >= BURST_LINKS
