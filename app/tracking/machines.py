"""Who did it, a person or a machine: a score of signs, each with its weight, over all that is known of one mail.

Security scanners follow links within seconds, by HEAD, or with agents that say what they are; they are counted apart, never dropped.
The judgement is a function of stored facts alone, so that it can be repeated over old events (docs/tracking.md). No sign looks at the
version of a test.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache

from app.tracking.models import EventKind

RULES = 1
"""The version of what follows; raise it with every change, and replay."""

MACHINE = 100
"""The score from which on an event counts as a machine's."""

TOO_FAST = timedelta(seconds=2)
EARLY = timedelta(seconds=15)
BURST = timedelta(seconds=2)
PAIR = timedelta(seconds=1)
TAINT = timedelta(minutes=15)
LED = timedelta(seconds=10)
REACH = TAINT + BURST
"""How far back an event can matter for a later one of the same mail."""

PRIVACY_PROXY = "Mozilla/5.0"  # Apple Mail Privacy Protection opens everything with exactly this agent

_SCRIPTS = re.compile(
    r"curl|wget|python|httpx|aiohttp|java/|okhttp|go-http-client|libwww|perl|ruby|php|axios|node-fetch|undici|scrapy|headless",
    re.IGNORECASE,
)
_SCANNERS = re.compile(
    r"bot\b|crawl|spider|scanner|preview|proofpoint|barracuda|mimecast|safelinks", re.IGNORECASE
)


class Sign(Enum):
    """A sign of a machine: its code in the database, its weight, and what it says to people."""

    HEAD = ("head", 100, "asked for the head only")
    NO_AGENT = ("no_agent", 100, "gave no agent")
    SCRIPT = ("script", 100, "a script’s agent")
    SCANNER = ("scanner", 100, "a scanner’s agent")
    PRIVACY_PROXY = ("privacy_proxy", 100, "a privacy proxy")
    TOO_FAST = ("too_fast", 100, "within 2 seconds of delivery")
    BURST = ("burst", 100, "3 links within 2 seconds")
    LED = ("led", 100, "came by a machine’s click")
    PAIR = ("pair", 60, "2 links within 1 second")
    TAINTED = ("tainted", 60, "the agent of a machine of the last 15 minutes")
    EARLY = ("early", 40, "within 15 seconds of delivery")
    ODD_AGENT = ("odd_agent", 40, "an agent no browser has")

    def __init__(self, code: str, weight: int, words: str) -> None:
        self.code = code
        self.weight = weight
        self.words = words


@dataclass(frozen=True)
class Seen:
    """What is known about one event. `number` is the link's, None for opens and views."""

    kind: EventKind
    method: str
    agent: str
    at: datetime
    number: int | None = None


@dataclass
class Judgement:
    """The signs of one event, in the order of the table above."""

    signs: set[Sign] = field(default_factory=set)

    @property
    def score(self) -> int:
        """The sum of the weights."""
        return sum(sign.weight for sign in self.signs)

    @property
    def is_machine(self) -> bool:
        """Whether the score says so."""
        return self.score >= MACHINE

    @property
    def reason(self) -> str | None:
        """The heaviest sign in words, for a machine."""
        return self._sorted()[0].words if self.is_machine else None

    @property
    def signals(self) -> list[list[str | int]]:
        """What is stored: pairs of code and weight, the heaviest first."""
        return [[sign.code, sign.weight] for sign in self._sorted()]

    def _sorted(self) -> list[Sign]:
        order = list(Sign)
        return sorted(self.signs, key=lambda sign: (-sign.weight, order.index(sign)))


def judge(events: Sequence[Seen], delivered_at: datetime | None = None) -> list[Judgement]:
    """A judgement for each event of one mail, in the order given; `delivered_at` None where the mail isn't known.

    Events without a mail (no tracking consent, or a stranger's view) are to be judged one by one.
    """
    found = [Judgement(_alone(seen, delivered_at)) for seen in events]
    if len(events) > 1:
        order = sorted(range(len(events)), key=lambda i: events[i].at)
        clicks = [i for i in order if events[i].kind is EventKind.CLICK]
        _within(events, found, clicks, BURST, 3, Sign.BURST)
        _within(events, found, clicks, PAIR, 2, Sign.PAIR)
        _follow(events, found, order)
    return found


def _alone(seen: Seen, delivered_at: datetime | None) -> set[Sign]:
    by_agent = _agent_sign(seen.agent, seen.kind is EventKind.OPEN)
    signs = {sign for sign in (by_agent, _time_sign(seen, delivered_at)) if sign}
    if seen.method == "HEAD":
        signs.add(Sign.HEAD)
    return signs


@lru_cache(maxsize=4_096)  # most agents come again and again
def _agent_sign(agent: str, is_open: bool) -> Sign | None:
    if not agent:
        return Sign.NO_AGENT
    if _SCRIPTS.search(agent):
        return Sign.SCRIPT
    if _SCANNERS.search(agent):
        return Sign.SCANNER
    if agent == PRIVACY_PROXY:
        return Sign.PRIVACY_PROXY if is_open else Sign.ODD_AGENT
    if not is_open and not agent.startswith(("Mozilla/", "Opera/")):
        return (
            Sign.ODD_AGENT
        )  # mail programs load pictures under names of their own, but a link opens in a browser
    return None


def _time_sign(seen: Seen, delivered_at: datetime | None) -> Sign | None:
    if delivered_at is None:
        return None
    after = seen.at - delivered_at
    if after < TOO_FAST:
        return Sign.TOO_FAST
    return Sign.EARLY if after < EARLY else None


def _within(
    events: Sequence[Seen],
    found: Sequence[Judgement],
    clicks: Sequence[int],
    span: timedelta,
    links: int,
    sign: Sign,
) -> None:
    """Put `sign` on every click that stands in a span of time with at least so many different links."""
    inside: Counter[int | None] = Counter()
    first = marked = 0
    for last, i in enumerate(clicks):
        inside[events[i].number] += 1
        while events[i].at - events[clicks[first]].at > span:
            number = events[clicks[first]].number
            inside[number] -= 1
            if not inside[number]:
                del inside[number]
            first += 1
        if len(inside) >= links:
            for place in range(max(first, marked), last + 1):
                found[clicks[place]].signs.add(sign)
            marked = last + 1


def _follow(events: Sequence[Seen], found: Sequence[Judgement], order: Sequence[int]) -> None:
    """Put the signs on what came after a machine's event with the same agent.

    They pass only from events that are machines by their own signs, so that they can't run on from one to the next.
    """
    machines = {i for i in order if found[i].is_machine}
    last: dict[str, datetime] = {}
    clicked: dict[str, datetime] = {}
    long_ago = datetime.min.replace(tzinfo=UTC)
    for i in order:
        seen = events[i]
        if seen.at - last.get(seen.agent, long_ago) <= TAINT:
            found[i].signs.add(Sign.TAINTED)
        if seen.kind is EventKind.VIEW and seen.at - clicked.get(seen.agent, long_ago) <= LED:
            found[i].signs.add(Sign.LED)
        if i in machines:
            last[seen.agent] = seen.at
            if seen.kind is EventKind.CLICK:
                clicked[seen.agent] = seen.at
