"""A worker to which one address is poison, `python -m bench.chaos.poisoned`: writing that person's mail kills it, as a fault in a library would.

`CHAOS_POISON` is the address. All else is the product's own worker.
"""

import os
import signal

from app.delivery.compose import MailWriter
from app.delivery.outcomes import Claimed
from app.delivery.wire import Envelope, Form
from worker import environment, rq_worker

VARIABLE = "CHAOS_POISON"


def main() -> None:
    """Work until SIGTERM."""
    poison = os.environ[VARIABLE]
    healthy = MailWriter.envelope

    def envelope(self: MailWriter, row: Claimed, segments: bytes, form: Form) -> Envelope:
        if row.email == poison:
            os.kill(os.getpid(), signal.SIGKILL)
        return healthy(self, row, segments, form)

    MailWriter.envelope = envelope  # type: ignore[method-assign]
    rq_worker.run(environment.load(os.environ))


if __name__ == "__main__":
    main()
