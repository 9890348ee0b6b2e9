"""One process that starts the others in order, restarts what dies, and leaves nothing behind when it ends.

It is for one machine: the embedded default and the first installation. Larger ones run each process by their own means.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog

from app.errors import External
from worker import lifeline

log = structlog.get_logger(__name__)

_LIVED = 10.0  # seconds after which a death is news again, not the same trouble
_LONGEST_WAIT = 15.0
_LOG_LIMIT = 10 * 1024 * 1024


@dataclass
class Program:
    """A process to keep running. `command` is asked before each start and gets the number of quick deaths in a row."""

    name: str
    command: Callable[[int], Sequence[str]]
    ready: Callable[[], bool] | None = None
    patience: float = 30.0  # seconds from start to ready
    grace: float = 25.0  # seconds from SIGTERM to SIGKILL
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    deaths: int = field(default=0, init=False)
    again_at: float = field(default=0.0, init=False)


class Supervisor:
    """Programs in the order of their start. Their output goes to files in `logs`."""

    def __init__(self, programs: Sequence[Program], environ: Mapping[str, str], logs: Path) -> None:
        self.programs = list(programs)
        self.environ = dict(environ)
        self.logs = logs
        self._stop = 0

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Start everything, call `on_ready`, watch until SIGINT, SIGTERM or SIGHUP, stop everything. Raises External when a start fails."""
        self.logs.mkdir(parents=True, exist_ok=True)
        before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            for program in self.programs:
                self._start(program)
                self._wait(program)
            if not self._stop:
                on_ready()
            while not self._stop:
                self._watch()
                time.sleep(0.1)
        finally:
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop += 1

    def _start(self, program: Program) -> None:
        parent = os.getpid()
        path = self.logs / f"{program.name}.log"
        mode = "wb" if path.exists() and path.stat().st_size > _LOG_LIMIT else "ab"
        with path.open(mode) as output:
            program.process = subprocess.Popen(
                list(program.command(program.deaths)),
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the terminal reaches us alone
                preexec_fn=lambda: lifeline.bind(parent),  # safe: this process has one thread
            )
        program.started = time.monotonic()
        program.again_at = 0.0
        log.info("process.started", program=program.name, pid=program.process.pid)

    def _wait(self, program: Program) -> None:
        deadline = time.monotonic() + program.patience
        while program.ready is not None and not self._stop and not program.ready():
            self._watch()
            if time.monotonic() > deadline:
                raise External(
                    f"{program.name} did not become ready. Its last words are in {self.logs / program.name}.log."
                )
            time.sleep(0.05)

    def _watch(self) -> None:
        now = time.monotonic()
        for program in self.programs:
            if program.process is None:
                continue
            if program.again_at:
                if now >= program.again_at:
                    self._start(program)
            elif program.process.poll() is not None:
                self._bury(program)
                program.deaths = 0 if now - program.started > _LIVED else program.deaths + 1
                wait = min(_LONGEST_WAIT, 0.1 * 2**program.deaths)
                program.again_at = now + wait
                log.warning(
                    "process.died", program=program.name, code=program.process.returncode, again_in=wait
                )

    def _bury(self, program: Program) -> None:
        # Its children share its process group; none may live on without it.
        if program.process is not None:
            try:
                os.killpg(program.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return

    def _stop_all(self) -> None:
        for program in reversed(self.programs[1:]):
            self._ask(program)
        self._await(self.programs[1:])
        for program in self.programs[:1]:  # what started first, the others lean on
            self._ask(program)
        self._await(self.programs[:1])

    def _ask(self, program: Program) -> None:
        if program.process is not None and program.process.poll() is None:
            program.process.terminate()

    def _await(self, programs: Sequence[Program]) -> None:
        asked, signals = time.monotonic(), self._stop
        for program in programs:
            while program.process is not None and program.process.poll() is None:
                if self._stop > max(signals, 1) or time.monotonic() > asked + program.grace:
                    program.process.kill()
                time.sleep(0.02)
            self._bury(program)
