"""One Amazon SES account in one region, as this process sees it: a client, its threads, and what GetAccount says.

Shared by all lanes of a process, so that neither connections nor questions multiply.
"""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.delivery.ses_errors import stop_of
from app.delivery.wire import TransportAway, TransportRefuses
from app.lazy import lazy

boto3 = lazy("boto3")
log = structlog.get_logger(__name__)

GOOD_NEWS = 300.0  # seconds for which GetAccount's answer is believed
BAD_NEWS = 15.0  # the same where it keeps us from sending, since somebody may be mending it
_ONLY_THE_QUESTION = (
    "AccessDeniedException",
    "NotAuthorized",
    "NotFoundException",
)  # sending may be allowed all the same
USED_UP = 60.0  # seconds without another try after the service said that the day's quota is used up


class Client(Protocol):
    """The calls we make."""

    def send_email(self, **arguments: Any) -> dict[str, Any]:
        """SES v2 SendEmail."""

    def get_account(self) -> dict[str, Any]:
        """SES v2 GetAccount."""

    def close(self) -> None:
        """End the pooled connections."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, to wait for the next byte, and for a whole call whatever happens."""

    connect: float = 5
    read: float = 20
    call: float = 60


@dataclass(frozen=True)
class Standing:
    """What GetAccount says. `rate` and `day` are None where there is no limit."""

    rate: float | None
    day: int | None
    sent: int
    is_sandbox: bool
    is_paused: bool
    is_shut_down: bool

    @property
    def is_used_up(self) -> bool:
        """Whether nothing of the last 24 hours' quota is left."""
        return self.day is not None and self.sent >= self.day

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Standing":
        """Read the answer; -1 stands for no limit there. Raises ValueError or TypeError for nonsense."""
        quota = answer.get("SendQuota") or {}
        rate, day = float(quota.get("MaxSendRate", -1)), float(quota.get("Max24HourSend", -1))
        return cls(
            rate=rate if rate > 0 else None,
            day=int(day) if day >= 0 else None,
            sent=int(float(quota.get("SentLast24Hours", 0))),
            is_sandbox=answer.get("ProductionAccessEnabled") is False,
            is_paused=answer.get("SendingEnabled") is False,
            is_shut_down=answer.get("EnforcementStatus") == "SHUTDOWN",
        )


class Service:
    """Client, threads and standing of one account and region. Safe to share between threads."""

    def __init__(
        self,
        region: str,
        endpoint: str = "",
        lanes: int = 10,
        timeouts: Timeouts | None = None,
        client: Client | None = None,
    ) -> None:
        self.region = region
        self.endpoint = endpoint
        self.lanes = lanes
        self.timeouts = timeouts or Timeouts()
        self.threads = ThreadPoolExecutor(lanes, thread_name_prefix="ses")
        self._client = client
        self._is_own = client is None
        self._connecting = threading.Lock()
        self._asking = threading.Lock()
        self._standing: Standing | None = None
        self._read_at = float("-inf")
        self._used_up_until = float("-inf")

    @property
    def client(self) -> Client:
        """boto3's client: one attempt a call, as many pooled connections as lanes. Raises TransportRefuses."""
        with self._connecting:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Client:
        config = Config(
            # The whole number of attempts, the first included: a hidden second one would send twice.
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=max(self.lanes, 1),
            connect_timeout=self.timeouts.connect,
            read_timeout=self.timeouts.read,
            user_agent_extra="throughline",
        )
        try:
            made: Client = boto3.session.Session().client(
                "sesv2", region_name=self.region, endpoint_url=self.endpoint or None, config=config
            )
        except (BotoCoreError, ValueError) as error:
            raise TransportRefuses(f"MAIL_TRANSPORT: {error}"[:200]) from None
        return made

    def standing(self) -> Standing | None:
        """What GetAccount said within the last minutes; None where it can't be asked, which keeps nobody from sending."""
        client = self.client
        with self._asking:  # whoever comes while it is being asked waits for that answer
            if self._is_stale():
                self._standing = _ask(client)
                self._read_at = time.monotonic()
            return self._standing

    def _is_stale(self) -> bool:
        known = self._standing
        is_bad = known is None or known.is_used_up or known.is_paused or known.is_shut_down
        return time.monotonic() - self._read_at >= (BAD_NEWS if is_bad else GOOD_NEWS)

    def check(self) -> Standing | None:
        """Whether anything can be sent now. Raises TransportRefuses where a person must act, TransportAway where time will do."""
        standing = self.standing()
        if standing is not None and standing.is_shut_down:
            raise TransportRefuses(
                "Amazon SES has stopped sending for this account because of problems with its mail."
            )
        if standing is not None and standing.is_paused:
            raise TransportRefuses("Amazon SES has paused sending for this account.")
        is_told = time.monotonic() < self._used_up_until
        if is_told or (standing is not None and standing.is_used_up):
            raise TransportAway(_used_up(standing))
        return standing

    def quota_used_up(self) -> None:
        """The service said so: nobody tries for a while, and GetAccount is asked anew. Never waits."""
        self._used_up_until = time.monotonic() + USED_UP
        self._read_at = float("-inf")

    def close(self) -> None:
        """End the threads and the connections."""
        self.threads.shutdown(wait=True)
        if self._is_own and self._client is not None:
            self._client.close()


def _ask(client: Client) -> Standing | None:
    try:
        return Standing.of(client.get_account())
    except (ClientError, BotoCoreError, ValueError, TypeError) as error:
        stop = stop_of(error)
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        log.warning("ses.account_unknown", error=code)
        if stop and code not in _ONLY_THE_QUESTION:
            raise TransportRefuses(stop) from None  # the same would come back for each message
        return None


def _used_up(standing: Standing | None) -> str:
    quota = f" of {standing.day:,} messages" if standing is not None and standing.day is not None else ""
    sandbox = (
        " The account is still in Amazon’s sandbox." if standing is not None and standing.is_sandbox else ""
    )
    return f"Amazon SES: the quota{quota} in 24 hours is used up. Sending goes on by itself as it frees up.{sandbox}"


_services: dict[tuple[str, str], Service] = {}
_services_lock = threading.Lock()


def shared(region: str, endpoint: str, lanes: int) -> Service:
    """This process's one service for a region."""
    with _services_lock:
        if (region, endpoint) not in _services:
            _services[region, endpoint] = Service(region, endpoint, lanes)
        return _services[region, endpoint]
