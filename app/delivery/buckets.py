"""Token buckets that all workers share in Redis, leased in lots so that a message costs no round trip.

While Redis is away each live worker takes its fair share of the limit by itself; what both together let through stays within the limit.
"""

import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)

LOT_SECONDS = 0.1  # a lease holds so much of the rate: what a worker that dies takes with it
BURST_SECONDS = 1.0  # what an idle bucket saves up: who waits for a domain looks four times a second
PROBE_SECONDS = 1.0  # how often a worker looks whether Redis is back
APART_SECONDS = 3.0  # once it is, all go on by themselves for so long: by then each of them has seen it
LINE_SECONDS = 600.0  # nobody is told to wait for longer
_LINE = 20  # places in the line that are asked for at once
_MICRO = 1_000_000
_PREFIX = "throughline:limit:"
_APART = f"{_PREFIX}apart"

# For each bucket: rate a second, burst, tokens wanted (negative: given back), places wanted in the line of those who wait.
# A bucket that isn't there holds one token, not a burst: after a loss nobody may send more than before it. Answers: tokens,
# microseconds until the next lot, microseconds until the first place in the line. While workers go on by themselves: -1 and milliseconds.
_LEASE = """
local apart = redis.call('PTTL', KEYS[1])
if apart > 0 then return {-1, apart} end
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local answer = {}
for i = 2, #KEYS do
  local a = (i - 2) * 4
  local rate, burst, want, places = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4])
  local held = redis.call('HMGET', KEYS[i], 'tokens', 'at', 'line')
  local tokens = 1
  if held[1] then
    tokens = math.min(burst, tonumber(held[1]) + math.max(0, now - tonumber(held[2])) * rate / 1000000)
  end
  local given = math.min(want, math.max(0, math.floor(tokens)))
  tokens = math.min(burst, tokens - given)
  local line = math.max(now, tonumber(held[3] or '0'))
  local place = line - now
  line = math.min(line + places * 1000000 / rate, now + 600000000)
  redis.call('HSET', KEYS[i], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.0f', now), 'line', string.format('%.0f', line))
  redis.call('PEXPIRE', KEYS[i], math.ceil(burst / rate * 1000) + math.ceil((line - now) / 1000) + 60000)
  local lot = math.max(1, math.min(math.abs(want), burst) / 2)
  answer[#answer + 1] = given
  answer[#answer + 1] = math.ceil(math.max(0, lot - tokens) * 1000000 / rate)
  answer[#answer + 1] = math.ceil(place)
end
return answer
"""


class Bucket:
    """One limit as one worker sees it: what it holds of it, and until when it needn't ask again."""

    __slots__ = (
        "_alone_at",
        "_alone_tokens",
        "_places",
        "_told",
        "asks_at",
        "burst",
        "key",
        "label",
        "left",
        "lot",
        "place",
        "rate",
    )

    def __init__(self, key: str, rate: float, label: str) -> None:
        self.key = _PREFIX + key
        self.rate = rate
        self.label = label  # names the limit to people
        self.burst = max(1.0, rate * BURST_SECONDS)
        self.lot = max(1, int(rate * LOT_SECONDS))
        self.left = 0
        self.asks_at = 0.0
        self._alone_at = 0.0
        self._alone_tokens = 0.0
        self.place = 0.0
        self._places = 0
        self._told = 0.0

    def take_alone(self, share: float, moment: float) -> None:
        """Refill from this worker's own share (0 to 1) of the limit: an empty bucket at first, then as much as time gave."""
        rate = self.rate * share
        if moment - self._alone_at > LINE_SECONDS or not self._alone_at:
            self._alone_at, self._alone_tokens = moment, 0.0
        burst = max(1.0, self.burst * share)
        self._alone_tokens = min(burst, self._alone_tokens + (moment - self._alone_at) * rate)
        self._alone_at = moment
        given = min(int(self._alone_tokens), self.lot)
        self._alone_tokens -= given
        self.left += given
        if not given:
            self.asks_at = moment + (1.0 - self._alone_tokens) / rate

    def not_alone(self) -> None:
        """Forget the own share: Redis is back."""
        self._alone_at = 0.0

    def in_line(self, places: int, first: float) -> None:
        """Remember `places` places in the line of those who wait, the first at this moment."""
        self.place, self._places = first, places

    @property
    def has_place(self) -> bool:
        """Whether a place in the line is left."""
        return self._places > 0

    def next_place(self, moment: float, share: float) -> float:
        """Seconds from the place before it, or from now, to the next place in the line: whoever adds them up has the line."""
        before, mine = max(self._told, moment), max(self.place, self.asks_at, moment)
        self.place = min(mine + 1 / (self.rate * share), moment + LINE_SECONDS)
        self._places -= 1
        self._told = max(before, mine)
        return max(mine - before, 0.001)


class Buckets:
    """The way to Redis, and what is done while there is none. `workers` counts the live workers, for the fair share."""

    def __init__(self, url: str, workers: Callable[[], int]) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_connect_timeout=0.25, socket_timeout=0.25, retry=Retry(NoBackoff(), 0)
        )
        self._lease: Any = self._redis.register_script(_LEASE)
        self._workers = workers
        self._counted_at = 0.0
        self._share = 1.0
        self._is_away = False
        self._alone_until = 0.0

    @property
    def share(self) -> float:
        """This worker's part of each limit: all of it while Redis deals it out."""
        return self._share if self._alone_until else 1.0

    def refill(self, bucket: Bucket, moment: float, places: int = 0) -> None:
        """Ask for a lot, and for places in the line if wanted: afterwards `left` or `asks_at` is new."""
        if self._is_alone(moment):
            bucket.take_alone(self._fair_share(moment), moment)
            if places:
                bucket.in_line(places, max(bucket.place, bucket.asks_at, moment))
            return None
        try:
            answer = self._ask([(bucket, bucket.lot, places)])
        except redis.RedisError as error:
            self._lost(moment, error)
            return self.refill(bucket, moment, places)
        if answer[0] == -1:
            self._alone_until = moment + answer[1] / 1000
            return self.refill(bucket, moment, places)
        bucket.not_alone()
        bucket.left += answer[0]
        if not answer[0]:
            bucket.asks_at = moment + answer[1] / _MICRO
        if places:
            bucket.in_line(places, moment + answer[2] / _MICRO)
        return None

    def wait_in_line(self, bucket: Bucket, moment: float) -> float:
        """Seconds behind the one before it: who waits is spread over the time to come, so that nobody asks in vain."""
        if not bucket.has_place:
            self.refill(bucket, moment, _LINE)
        return bucket.next_place(moment, self.share)

    def give_back(self, buckets: list[Bucket]) -> None:
        """What is leased and unused goes back; what was taken without Redis is dropped."""
        unused = [bucket for bucket in buckets if bucket.left > 0]
        if unused and not self._alone_until:
            try:
                self._ask([(bucket, -bucket.left, 0) for bucket in unused])
            except redis.RedisError as error:
                log.info("limits.not_given_back", error=type(error).__name__)
        for bucket in unused:
            bucket.left = 0
        self._redis.close()

    def _ask(self, wanted: list[tuple[Bucket, int, int]]) -> list[int]:
        keys = [_APART, *(bucket.key for bucket, _, _ in wanted)]
        arguments = [
            value for bucket, want, places in wanted for value in (bucket.rate, bucket.burst, want, places)
        ]
        answer: list[int] = self._lease(keys=keys, args=arguments)
        return answer

    def _lost(self, moment: float, error: redis.RedisError) -> None:
        if not self._is_away:
            log.warning("limits.redis_away", error=type(error).__name__)
        self._is_away = True
        self._alone_until = moment + PROBE_SECONDS

    def _is_alone(self, moment: float) -> bool:
        if not self._alone_until:
            return False
        if moment < self._alone_until:
            return True
        if self._is_away:
            self._probe(moment)
        if moment >= self._alone_until:
            self._alone_until = 0.0
        return bool(self._alone_until)

    def _probe(self, moment: float) -> None:
        """Whether Redis is back. If so, all workers together change over at one moment, which Redis keeps."""
        try:
            self._redis.set(_APART, "1", px=int(APART_SECONDS * 1000), nx=True)
            left = self._redis.pttl(_APART)
        except redis.RedisError:
            self._alone_until = moment + PROBE_SECONDS
            return
        self._is_away = False
        self._alone_until = moment + max(int(left), 0) / 1000
        log.info("limits.redis_back")

    def _fair_share(self, moment: float) -> float:
        if moment - self._counted_at > 1 or not self._counted_at:
            self._counted_at = moment
            self._share = 1 / max(self._workers(), 1)
        return self._share


def clock() -> float:
    """The moment as `Bucket` and `Buckets` count it: seconds that never go back."""
    return time.monotonic()
