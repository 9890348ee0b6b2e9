"""How fast a send may go: limits of the transport, of the sender's domain and of each receiving domain, over all workers.

The engine asks `take` before each message. Limits come from the settings, SES's own rate and the warm-up plan of the sender's domain.
"""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine, func, select

from app.delivery import warmup
from app.delivery.buckets import Bucket, Buckets, clock
from app.delivery.models import Send, SendingWorker
from app.delivery.presence import LEASE, database_now
from app.delivery.wire import Limits, Unlimited, Wait
from app.settings import Settings


class SharedLimits:
    """The limits of one slice (see wire.Limits). A domain's messages wait so many seconds behind the one before: who adds them up has their line.

    `common` hold for every message, `domains` for those to one receiving domain."""

    def __init__(
        self,
        buckets: Buckets,
        common: list[Bucket],
        domains: dict[str, float],
        quota: "warmup.Quota | None" = None,
    ) -> None:
        self._buckets = buckets
        self._common = common
        self._rates = domains
        self._quota = quota
        self._domains: dict[str, Bucket | None] = {}
        self._held: dict[str, int] = {}

    def take(self, domain: str) -> Wait | None:
        """None: may go and is counted. About a microsecond where nothing must be leased."""
        if self._quota is not None and self._quota.left < 1 and not self._quota.refill():
            return Wait(self._quota.seconds(), everyone=True)
        for bucket in self._common:
            if bucket.left < 1 and not self._lease(bucket):
                self._held[bucket.label] = self._held.get(bucket.label, 0) + 1
                return Wait(max(bucket.asks_at - clock(), 0.001), everyone=True)
        try:
            own = self._domains[domain]
        except KeyError:
            own = self._meet(domain)
        if own is not None:
            if own.left < 1 and not self._lease(own):
                self._held[own.label] = self._held.get(own.label, 0) + 1
                return Wait(self._buckets.wait_in_line(own, clock()), everyone=False)
            own.left -= 1
        for bucket in self._common:
            bucket.left -= 1
        if self._quota is not None:
            self._quota.left -= 1
        return None

    def give_back(self, domain: str) -> None:
        """It was not sent after all."""
        own = self._domains.get(domain)
        for bucket in (*self._common, *((own,) if own else ())):
            bucket.left += 1
        if self._quota is not None:
            self._quota.left += 1

    def close(self) -> None:
        """Give back what is leased and unused."""
        self._buckets.give_back([*self._common, *filter(None, self._domains.values())])
        if self._quota is not None:
            self._quota.give_back()

    def may_begin(self) -> bool:
        """Whether the sender's warm-up plan lets anything go now."""
        return self._quota is None or self._quota.left > 0 or self._quota.refill()

    @property
    def used_up(self) -> "warmup.Step | None":
        """The day of the warm-up plan, if the last message that asked found it used up."""
        return None if self._quota is None else self._quota.used_up

    def pace(self) -> str | None:
        """The limit that held back most since the last call, in words."""
        held, self._held = self._held, {}
        return max(held, key=lambda label: held[label]) if held else None

    def _lease(self, bucket: Bucket) -> bool:
        moment = clock()
        if moment < bucket.asks_at:
            return False
        self._buckets.refill(bucket, moment)
        return bucket.left > 0

    def _meet(self, domain: str) -> Bucket | None:
        name = domain.lower()
        rate = self._rates.get(name, self._rates.get("*"))
        bucket = (
            None if rate is None else Bucket(f"to:{name}", rate, f"{name} is given {_figure(rate)} a second")
        )
        self._domains[domain] = bucket
        return bucket


def limits_for(settings: Settings, send: Send, engine: Engine, transport: Any = None) -> Limits:
    """The limits of one slice of this send. `transport.rate()`, where there is one, is the rate that the transport itself asks for."""
    sender = sender_domain(settings, send)
    common = []
    rates = [rate for rate in (settings.mail_rate, _own_rate(transport)) if rate]
    if rates:
        rate = min(rates)
        common.append(
            Bucket(f"by:{_name(settings)}", rate, f"The mail server is given {_figure(rate)} a second")
        )
    senders = dict(settings.mail_rate_senders)
    by_sender = senders.get(sender, senders.get("*"))
    if by_sender is not None:
        words = f"Mail from {sender} goes out at {_figure(by_sender)} a second"
        common.append(Bucket(f"from:{sender}", by_sender, words))
    domains = dict(settings.mail_rate_domains)
    quota = warmup.quota_for(engine, settings, sender)
    if not common and not domains and quota is None:
        return Unlimited()
    return SharedLimits(Buckets(settings.redis_url, lambda: live_workers(engine)), common, domains, quota)


def sender_domain(settings: Settings, send: Send | None = None) -> str:
    """The domain that a send's mail comes from."""
    own = send.sender_domain if send is not None else None
    return (own or settings.mail_from.rpartition("@")[2]).lower()


def live_workers(engine: Engine) -> int:
    """How many workers are sending just now."""
    with engine.begin() as connection:
        moment = database_now(connection)
        query = select(func.count()).where(SendingWorker.heartbeat_at > moment - LEASE)
        return int(connection.execute(query).scalar_one())


def _own_rate(transport: Any) -> float | None:
    ask = getattr(transport, "rate", None)
    rate = ask() if callable(ask) else None
    return float(rate) if rate else None


def _name(settings: Settings) -> str:
    """A key for the transport that holds no password."""
    parts = urlsplit(settings.mail_transport)
    where = (
        f"{parts.scheme}|{parts.username or ''}|{parts.hostname or settings.sandbox_smtp}|{parts.port or ''}"
    )
    return hashlib.sha256(where.encode()).hexdigest()[:16]


def _figure(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 or rate == int(rate) else f"{rate:,.3g}"
