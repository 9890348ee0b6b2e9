"""Counting tries at the doors: after five wrong ones a pause of 15 minutes for this address from this network.

Counted in Redis for all web processes together; while Redis is away each process counts for itself, so sign-in goes on.
"""

import hmac
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

import redis
import structlog
from flask import current_app

from app.accounts.errors import Paused
from app.clock import now
from app.queue import connect
from app.settings import Settings, current

log = structlog.get_logger(__name__)

PAUSE = timedelta(minutes=15)
TRIES = 5
TRIES_PER_ADDRESS = 50  # from everywhere: slows a guess that comes from many networks
TRIES_PER_NETWORK = 100  # for all addresses: slows one network that tries a list of people
_FORGET_REDIS = 30.0  # seconds in which a Redis that was away isn't asked again
_MOST_KEYS = 50_000


@dataclass(frozen=True)
class Limit:
    """One counter: `key` is a keyed hash, so that no address lies in Redis."""

    key: str
    most: int


class Memory:
    """Counters of one process, used while Redis is away."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()
        self.redis_away_until = 0.0

    def hit(self, key: str, seconds: float) -> int:
        """One more; returns the count within the running window."""
        moment = time.monotonic()
        with self._lock:
            if len(self._counts) >= _MOST_KEYS:
                self._counts = {k: v for k, v in self._counts.items() if v[1] > moment}
            count, until = self._counts.get(key, (0, 0.0))
            count = count + 1 if until > moment else 1
            self._counts[key] = (count, moment + seconds)
            return count

    def count(self, key: str) -> int:
        """The count within the running window."""
        count, until = self._counts.get(key, (0, 0.0))
        return count if until > time.monotonic() else 0

    def drop(self, key: str) -> None:
        """Begin anew."""
        self._counts.pop(key, None)


def limits(purpose: str, address: str, network: str) -> tuple[Limit, ...]:
    """The counters that a try for `address` from `network` (an IP address) goes into; the strictest comes first."""
    return (
        Limit(_key(purpose, address, network), TRIES),
        Limit(_key(purpose, address), TRIES_PER_ADDRESS),
        Limit(_key(purpose, network), TRIES_PER_NETWORK),
    )


def spend(counters: tuple[Limit, ...]) -> int:
    """Count one try *before* it is judged; returns how many are left after it. Raises Paused when none was left.

    A try during the pause doesn't make the pause longer.
    """
    counts = [_count(limit.key) for limit in counters]
    if any(count >= limit.most for count, limit in zip(counts, counters, strict=True)):
        raise Paused(now() + PAUSE)
    counts = [_hit(limit.key) for limit in counters]
    if any(count > limit.most for count, limit in zip(counts, counters, strict=True)):
        raise Paused(now() + PAUSE)
    return min(limit.most - count for count, limit in zip(counts, counters, strict=True))


def forgive(counters: tuple[Limit, ...]) -> None:
    """The try was right: the person's counters begin anew; the network's goes on."""
    for limit in counters[:2]:
        memory().drop(limit.key)
        client = _client()
        if client is None:
            continue
        try:
            client.delete(limit.key)
        except redis.RedisError as error:
            _away(error)


def memory() -> Memory:
    """This application's own counters."""
    found: Memory = current_app.extensions.setdefault("attempts", Memory())
    return found


def _key(*parts: str) -> str:
    digest = hmac.digest(current().secret_key.encode(), "\0".join(("attempts", *parts)).encode(), "sha256")
    return f"throughline:attempts:{digest.hex()[:32]}"


def _hit(key: str) -> int:
    seconds = PAUSE.total_seconds()
    local = memory().hit(key, seconds)
    client = _client()
    if client is None:
        return local
    try:
        with client.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, int(seconds))
            return max(local, int(pipe.execute()[0]))
    except redis.RedisError as error:
        _away(error)
        return local


def _count(key: str) -> int:
    local = memory().count(key)
    client = _client()
    if client is None:
        return local
    try:
        return max(local, int(client.get(key) or 0))
    except redis.RedisError as error:
        _away(error)
        return local


def _client() -> redis.Redis | None:
    settings: Settings = current()
    if not settings.redis_url or memory().redis_away_until > time.monotonic():
        return None
    client: redis.Redis = current_app.extensions.setdefault("attempts_redis", connect(settings))
    return client


def _away(error: redis.RedisError) -> None:
    memory().redis_away_until = time.monotonic() + _FORGET_REDIS
    log.warning("attempts.redis_away", error=type(error).__name__)
