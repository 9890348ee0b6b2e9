"""`make chaos`: the fault catalogue against real processes, three worlds at once; the last line is the sum as JSON.

ONLY=words does the faults whose name has these words; AT_ONCE=1 does one world after the other; KEEP=folder keeps the logs of what
did not survive.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import ROOT
from bench.chaos.answers import ANSWERS
from bench.chaos.deaths import AT_POINTS, KILLED, STOPPED
from bench.chaos.fault import Fault, attempt
from bench.chaos.outages import DISK, POSTGRES, REDIS
from bench.chaos.world import world
from bench.place import POSTGRESQL, SQLITE
from tests.rig import postgres

_RESULT = "result: "
_DISK_MB = 48


@dataclass(frozen=True)
class Group:
    """Faults that share a world. `rate`: messages a second."""

    db: str
    rate: int
    faults: Sequence[Fault]


GROUPS = {
    "kills": Group(SQLITE, 500, KILLED),
    "points": Group(SQLITE, 300, AT_POINTS),
    "stopped": Group(SQLITE, 300, STOPPED),
    "redis": Group(SQLITE, 300, REDIS),
    "answers": Group(SQLITE, 300, ANSWERS),
    "postgres": Group(POSTGRESQL, 300, POSTGRES),
    "disk": Group(SQLITE, 300, DISK),
}


def main(arguments: Sequence[str]) -> int:
    """Without arguments everything; with a group's name that group alone, whose last lines are for the one who asked."""
    only = os.environ.get("ONLY", "")
    if arguments:
        return _one(arguments[0], only)
    names = [name for name, group in GROUPS.items() if any(only in fault.name for fault in group.faults)]
    with ThreadPoolExecutor(int(os.environ.get("AT_ONCE") or 3)) as pool:
        results = [result for found in pool.map(_apart, names) for result in found]
    if not results:
        print("No fault has these words in its name.", file=sys.stderr)
        return 2
    total = summary(results)
    print(json.dumps(total), flush=True)
    return 0 if total["survived"] == total["faults"] else 1


def summary(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The sum of all faults."""
    return {
        "faults": len(results),
        "survived": sum(bool(each["survived"]) for each in results),
        "lost": sum(each["lost"] for each in results),
        "duplicates": sum(each["duplicates"] for each in results),
        "uncertain": sum(each["uncertain"] for each in results),
        "slowest_resume_s": max(each["resume_s"] for each in results),
    }


def _apart(name: str) -> list[dict[str, Any]]:
    """A group in a process of its own: its lines are passed on as they come, its results returned."""
    results = []
    with subprocess.Popen(
        [sys.executable, "-m", "bench.chaos", name], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            if line.startswith(_RESULT):
                results.append(json.loads(line.removeprefix(_RESULT)))
            else:
                print(line, end="", flush=True)
    wanted = [fault for fault in GROUPS[name].faults if os.environ.get("ONLY", "") in fault.name]
    missing = wanted[len(results) :] if process.returncode not in (0, 3) else []
    return results + [_not_done(fault.name) for fault in missing]


def _not_done(name: str) -> dict[str, Any]:
    print(f"{name}: the world came to an end before it", flush=True)
    return {"name": name, "survived": False, "lost": 0, "duplicates": 0, "uncertain": 0, "resume_s": 0.0}


def _one(name: str, only: str) -> int:
    group = GROUPS[name]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whatever runs is ended on the way out
    try:
        with _disk(name), world(group.db, group.rate) as here:
            for fault in group.faults:
                if only in fault.name:
                    result = attempt(fault, here)
                    print(result.line(), flush=True)
                    print(_RESULT + json.dumps(result.plain()), flush=True)
                    if not result.survived and os.environ.get("KEEP"):
                        here.keep(Path(os.environ["KEEP"]) / result.name.replace(" ", "-")[:40])
    except (postgres.Missing, NoDisk) as error:
        print(f"Left out: {', '.join(fault.name for fault in group.faults)}. {error}", flush=True)
        return 3
    return 0


class NoDisk(RuntimeError):
    """No small disk can be mounted here."""


@contextmanager
def _disk(name: str) -> Iterator[None]:
    """For the faults of the disk: the world lies on a small one of its own. Raises NoDisk."""
    if name != "disk":
        yield
        return
    with tempfile.TemporaryDirectory(prefix="tl-disk-") as where:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m,mode=0755", "tmpfs", where]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            raise NoDisk("Mounting a small disk takes root.") from None
        before, tempfile.tempdir = tempfile.tempdir, where
        try:
            yield
        finally:
            tempfile.tempdir = before
            subprocess.run(["umount", "--lazy", Path(where)], check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
