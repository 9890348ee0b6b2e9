"""What each status is called and which mark it bears: one table for all rooms.

The mark's shape carries the meaning (ring: at rest, half: waits for someone, haloed dot: running, full dot: good, square: stopped).
"""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["rest", "wait", "live", "ok", "bad"]


@dataclass(frozen=True)
class Mark:
    """How a status is shown."""

    label: str
    tone: Tone

    @property
    def css(self) -> str:
        """The classes that draw it."""
        return "tl-state" if self.tone == "rest" else f"tl-state tl-state-{self.tone}"


_TABLE: dict[str, dict[Tone, str]] = {
    "campaign": {
        "rest": "draft",
        "wait": "in_review changes_requested paused",
        "ok": "approved finished",
        "live": "scheduled launching sending",
        "bad": "cancelled",
    },
    "send": {
        "rest": "waiting",
        "live": "expanding sending",
        "wait": "paused",
        "ok": "finished",
        "bad": "cancelled",
    },
    "delivery": {
        "rest": "held ready claimed committing suppressed",
        "ok": "accepted",
        "bad": "rejected cancelled failed",
        "wait": "uncertain",
    },
    "lead": {
        "wait": "new",
        "ok": "accepted deal",
        "bad": "rejected",
        "rest": "rerouted",
        "live": "qualified",
    },
    "deal": {
        "wait": "registered",
        "ok": "approved won",
        "bad": "denied lost",
        "rest": "expired",
        "live": "open first_talk quote decision",
    },
    "request": {
        "rest": "draft closed expired",
        "wait": "submitted information_requested claimed",
        "ok": "approved",
        "bad": "declined",
    },
    "claim": {
        "wait": "submitted information_requested",
        "ok": "approved paid",
        "bad": "rejected cancelled",
        "rest": "withdrawn draft",
    },
    "review": {
        "wait": "waiting changes_requested",
        "ok": "approved",
        "rest": "taken_back closed",
    },
    "kit": {"rest": "draft superseded", "ok": "published", "bad": "recalled"},
    "test": {
        "rest": "planned no_difference ended",
        "wait": "collecting",
        "live": "running",
        "ok": "a_better b_better better",
        "bad": "split_off",
    },
    "noes": {"rest": "waiting taken_back", "live": "reading", "ok": "finished", "bad": "failed"},
    "import": {"rest": "mapping waiting", "live": "importing", "ok": "finished", "bad": "failed cancelled"},
    "invitation": {"wait": "pending invited", "ok": "accepted", "rest": "expired", "bad": "revoked"},
    "partnership": {"wait": "applied pending invited", "ok": "active", "rest": "ended", "bad": "declined"},
    "page": {"live": "published", "rest": "draft closed"},
    "mail": {"rest": "waiting ready", "ok": "sent", "bad": "failed"},
    "domain": {"wait": "pending failing", "ok": "verified", "bad": "lapsed"},
}
_LABELS: dict[tuple[str, str], str] = {
    ("test", "no_difference"): "No proven difference",
    ("test", "a_better"): "A is better",
    ("test", "b_better"): "B is better",
    ("test", "split_off"): "Split is off",
    ("send", "expanding"): "Launching",
    ("import", "mapping"): "Not started",
    ("import", "waiting"): "Waiting",
    ("noes", "finished"): "In force",
    ("page", "published"): "Open",
    ("domain", "pending"): "Waiting for records",
    ("domain", "verified"): "In use",
    ("domain", "failing"): "Record missing",
    ("domain", "lapsed"): "Not used",
}
_MARKS: dict[tuple[str, str], Mark] = {
    (kind, status): Mark(_LABELS.get((kind, status), status.replace("_", " ").capitalize()), tone)
    for kind, tones in _TABLE.items()
    for tone, statuses in tones.items()
    for status in statuses.split()
}


def mark(kind: str, status: str) -> Mark:
    """The mark of a status of `kind`; an unknown pair is shown at rest under its own name."""
    return _MARKS.get((kind, str(status))) or Mark(str(status).replace("_", " ").capitalize(), "rest")


def known() -> frozenset[tuple[str, str]]:
    """All pairs of kind and status that have a mark of their own."""
    return frozenset(_MARKS)
