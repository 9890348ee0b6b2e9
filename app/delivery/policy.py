"""How a slice behaves, and why it ended."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.delivery.outcomes import Retries
from app.delivery.wire import Limits, Unlimited


@dataclass(frozen=True)
class Policy:
    """How a slice behaves. `seconds`: when it takes on no more, as after `until`; `lanes`: connections at most; `others_wait`: asked now and then."""

    seconds: float = 20
    batch: int = 500
    lanes: int = 1
    retries: Retries = field(default_factory=Retries)
    limits: Limits = field(default_factory=Unlimited)
    until: datetime | None = None
    others_wait: Callable[[], bool] = lambda: False


class End(StrEnum):
    """Why a slice ended."""

    EMPTY = "empty"  # nothing is due any more
    TIME = "time"  # more is due: ring again
    STOPPED = "stopped"  # paused or cancelled
    AWAY = "away"  # the mail server can't be reached; the sweeper rings again
    REFUSED = "refused"  # the mail server won't have us: pause, with `why`
    DRAINED = "drained"  # this process is asked to stop


@dataclass(frozen=True)
class Result:
    """How a slice ended, for people where it must pause, and how many messages it decided."""

    end: End
    why: str = ""
    decided: int = 0
