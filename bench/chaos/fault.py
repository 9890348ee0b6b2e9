"""What a fault of the catalogue is, and how one is done: set up, hurt, watch, judge, say it in a line."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from app.db import db
from bench.chaos.run import Verdict
from bench.chaos.world import World

RESUMES = 30.0  # seconds within which a send goes on


@dataclass(frozen=True)
class Fault:
    """A name for people and what it does to a world."""

    name: str
    do: Callable[[World], Verdict]


@dataclass
class Result:
    """One line of the report."""

    name: str
    survived: bool
    lost: int
    duplicates: int
    uncertain: int
    resume_s: float
    seconds: float
    wrong: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def line(self) -> str:
        """For people."""
        mark = "survived" if self.survived else "DID NOT SURVIVE"
        figures = f"{self.lost} lost, {self.duplicates} doubled, {self.uncertain} uncertain"
        end = "".join(f"\n    {each}" for each in self.wrong)
        return f"{self.name}: {mark}; {figures}; resumed in {self.resume_s:.1f} s (took {self.seconds:.0f} s){end}"


def attempt(fault: Fault, world: World) -> Result:
    """Do it to this world; an error is a fault that was not survived."""
    began = time.monotonic()
    try:
        verdict = fault.do(world)
    except Exception as error:
        verdict = Verdict(wrong=[f"{type(error).__name__}: {error}"])
        with suppress(Exception):
            db.session.remove()
    if verdict.resume_s > RESUMES:
        verdict.blame(f"nothing went out for {verdict.resume_s} s")
    return Result(
        fault.name,
        not verdict.wrong and not verdict.lost and not verdict.duplicates,
        verdict.lost,
        verdict.duplicates,
        verdict.uncertain,
        verdict.resume_s,
        time.monotonic() - began,
        verdict.wrong,
    )
