"""One slice of a send, from the outside: how it behaves, what starts it, why it ended. What happens inside is `slices`."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import structlog
from sqlalchemy import Engine

from app.delivery.intake import Writer
from app.delivery.lanes import Lanes
from app.delivery.policy import End, Policy, Result
from app.delivery.presence import Presence
from app.delivery.slices import Slice
from app.delivery.store import Store
from app.delivery.wire import Transport

__all__ = ["End", "Policy", "Result", "run_slice"]

log = structlog.get_logger(__name__)


def run_slice(
    engine: Engine,
    data_dir: Path,
    send_id: int,
    transport: Transport,
    writer: Writer,
    policy: Policy | None = None,
) -> Result:
    """Send what is due of a send for about `policy.seconds`. Safe to run several at once, and after any kind of death."""
    policy = policy or Policy()
    with (
        _draining() as is_draining,
        Presence(engine, data_dir, send_id) as presence,
        Lanes(transport) as lanes,
        Store(engine, presence, policy.retries) as store,
    ):
        result = Slice(store, lanes, writer, policy, is_draining).run()
    log.info("slice.ended", send_id=send_id, end=result.end, decided=result.decided)
    return result


@contextmanager
def _draining() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM came: the round in flight finishes, the rest goes back at once."""
    told: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def remember(number: int, _frame: FrameType | None) -> None:
        told.append(number)

    before = signal.signal(signal.SIGTERM, remember)
    try:
        yield lambda: bool(told)
    finally:
        signal.signal(signal.SIGTERM, before)
        if told:
            signal.raise_signal(signal.SIGTERM)
