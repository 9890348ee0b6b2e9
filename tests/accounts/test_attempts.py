"""Counting tries: together in Redis, alone without it."""

from typing import Any

import pytest
from flask import Flask

from app.accounts import attempts
from app.accounts.attempts import TRIES, limits, memory, spend
from app.accounts.errors import Paused


@pytest.fixture(scope="module")
def overrides(redis_url: str) -> dict[str, Any]:
    return {"redis_url": redis_url}


def spend_all(app: Flask, address: str) -> None:
    for _ in range(TRIES):
        spend(limits("sign-in", address, "192.0.2.1"))


def forget_this_process(app: Flask) -> None:
    app.extensions.pop("attempts", None)


def test_another_process_knows_of_the_tries(app: Flask) -> None:
    spend_all(app, "one@harbour-it.example")
    forget_this_process(app)
    with pytest.raises(Paused):
        spend(limits("sign-in", "one@harbour-it.example", "192.0.2.1"))


def test_without_redis_each_process_counts_for_itself(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_this_process(app)
    app.extensions.pop("attempts_redis", None)
    monkeypatch.setattr(
        attempts, "connect", lambda settings: attempts.redis.Redis(port=1, socket_connect_timeout=0.2)
    )
    spend_all(app, "two@harbour-it.example")
    with pytest.raises(Paused):
        spend(limits("sign-in", "two@harbour-it.example", "192.0.2.1"))
    assert memory().redis_away_until > 0
    app.extensions.pop("attempts_redis", None)


def test_no_address_lies_in_redis(app: Flask) -> None:
    forget_this_process(app)
    spend(limits("sign-in", "three@harbour-it.example", "192.0.2.1"))
    client = attempts.connect(app.extensions["settings"])
    keys = client.keys("throughline:attempts:*")
    assert keys
    assert all(b"harbour" not in key and b"192.0.2" not in key for key in keys)
    assert all(0 < client.ttl(key) <= attempts.PAUSE.total_seconds() for key in keys)
    client.close()


def test_another_network_is_not_paused_with_it(app: Flask) -> None:
    forget_this_process(app)
    spend_all(app, "four@harbour-it.example")
    assert spend(limits("sign-in", "four@harbour-it.example", "198.51.100.9")) == TRIES - 1


def test_a_guess_from_many_networks_is_paused_all_the_same(app: Flask) -> None:
    forget_this_process(app)
    for number in range(attempts.TRIES_PER_ADDRESS):
        spend(limits("sign-in", "five@harbour-it.example", f"203.0.113.{number}"))
    with pytest.raises(Paused):
        spend(limits("sign-in", "five@harbour-it.example", "203.0.113.250"))


def test_memory_stays_small(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_MOST_KEYS", 10)
    counters = attempts.Memory()
    for number in range(50):
        counters.hit(f"key {number}", seconds=-1)
    assert len(counters._counts) <= 10
