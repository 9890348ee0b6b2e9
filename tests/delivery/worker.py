"""A worker as a process of its own, which tests kill: forked, so that it starts in milliseconds."""

import os
import signal
import sys
import time
import traceback

from app.db import db
from app.delivery import engine, expand, failpoints
from app.delivery.compose import MailWriter
from app.delivery.dialogue import Timeouts
from app.delivery.engine import Policy
from app.delivery.models import Send
from app.delivery.outcomes import Retries
from app.delivery.smtp import Server, SmtpTransport
from app.settings import current


class Worker:
    """A running worker. `wait` returns its exit code, negative when a signal ended it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def send_signal(self, number: int) -> None:
        """Signal it."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = 30) -> int:
        """Its exit code. Fails the test when it takes longer."""
        deadline = time.monotonic() + seconds
        while self._code is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self._code = os.waitstatus_to_exitcode(status)
                break
            if time.monotonic() > deadline:
                self.send_signal(signal.SIGKILL)
                raise AssertionError(f"the worker took more than {seconds} s")
            time.sleep(0.01)
        return self._code


def start(send: Send, fail_at: str = "", dot: float = 2) -> Worker:
    """Expand in small chunks, then one slice over the sink, until nothing is due or it is killed at `fail_at`."""
    send_id = send.id
    db.session.remove()
    db.engine.dispose()  # no connection may be shared with the child
    pid = os.fork()
    if pid:
        return Worker(pid)
    code = 1
    try:
        os.environ[failpoints.VARIABLE] = fail_at
        failpoints.arm()
        _work(send_id, dot)
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def _work(send_id: int, dot: float) -> None:
    settings = current()
    host, _, port = settings.sandbox_smtp.rpartition(":")
    transport = SmtpTransport(Server(host, int(port), timeouts=Timeouts(dot=dot)), "tests.example")
    expand.expand(db.engine, send_id, chunk=7)
    policy = Policy(batch=5, retries=Retries(3, (0.0,)))
    engine.run_slice(db.engine, settings.data_dir, send_id, transport, MailWriter(settings), policy)
