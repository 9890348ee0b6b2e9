"""What a worker said about its jobs in its log: when each began, how long it took, and how much memory its process had at most."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Job:
    """A job that came to its end. `seconds` is its own time, `peak_mb` its process's largest resident size."""

    name: str
    began: datetime
    seconds: float
    peak_mb: float


def jobs(log: Path) -> list[Job]:
    """Every job that is done, in the order of their ends."""
    return [
        Job(
            str(line["job"]),
            datetime.fromisoformat(line["timestamp"]) - timedelta(seconds=line["seconds"]),
            float(line["seconds"]),
            float(line["peak_mb"]),
        )
        for line in _lines(log)
        if line.get("event") == "job.done"
    ]


def is_over(log: Path) -> bool:
    """Whether the job that finished the send has come to its own end."""
    events = [line.get("event") for line in _lines(log)]
    return "send.finished" in events and "job.done" in events[events.index("send.finished") :]


def troubles(log: Path) -> list[str]:
    """Lines of warning and worse, and what is no log line at all."""
    found = [str(line) for line in _lines(log) if line.get("level") not in ("debug", "info")]
    return list(dict.fromkeys(found))


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    if not log.exists():
        return
    with log.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            try:
                found = json.loads(text)
            except ValueError:
                found = {"event": text.strip()}
            yield found
