"""Named places in the sending path at which a test may kill the process, as a power cut would.

Inert unless `THROUGHLINE_FAIL_AT` names one: `after-commit` kills at the first hit, `after-commit:7` at the seventh.
"""

import os
import signal
from collections import Counter

VARIABLE = "THROUGHLINE_FAIL_AT"

POINTS = frozenset(
    {
        "launch-frozen",  # everything of the launch is written, nothing committed
        "expand-chunk",  # a chunk of deliveries is inserted, not committed
        "expand-committed",  # a chunk is committed, the next not begun
        "after-claim",  # rows are claimed, nothing is sent
        "before-commit",  # the server said 354, the write-ahead commit has not happened
        "after-commit",  # rows are committing, no byte of a body has left
        "mid-body",  # half of a body has left
        "after-dot",  # the final dot has left, no answer is read
        "after-reply",  # the answer is read, not noted
        "after-outcome",  # the answer is noted
    }
)

_hits: Counter[str] = Counter()
_wanted = ""


def arm() -> None:
    """Read from the environment which place is switched on; done once, when this module is loaded."""
    global _wanted
    _wanted = os.environ.get(VARIABLE, "")


def armed() -> bool:
    """Whether any place is switched on."""
    return bool(_wanted)


def hit(name: str) -> None:
    """Kill this process without a word if this is the place."""
    if not _wanted:
        return
    point, _, times = _wanted.partition(":")
    if point != name:
        return
    _hits[name] += 1
    if _hits[name] >= int(times or 1):
        os.kill(os.getpid(), signal.SIGKILL)


arm()
