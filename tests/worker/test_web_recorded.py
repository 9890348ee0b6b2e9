"""What the web server answered is on record, though its process is killed in the middle of it."""

import http.client
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app import ROOT, clock, tokens
from app.db import db
from app.delivery import expand
from app.delivery.models import Delivery, DeliveryState
from app.settings import Settings
from app.tracking import spool
from app.tracking.jobs import drain_spool
from app.tracking.models import TrackedEvent
from tests.delivery import made
from tests.rig.cast import Cast
from tests.rig.processes import descendants, until
from worker.valkey import free_port
from worker.web import command

pytestmark = pytest.mark.timeout(300)

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(scope="module")
def overrides() -> dict[str, object]:
    port = free_port()
    return {
        "listen": f"127.0.0.1:{port}",
        "public_url": f"http://127.0.0.1:{port}",
        "app_url": f"http://localhost:{port}",
        "web_workers": 2,
    }


@pytest.fixture
def mails(app: Flask, cast: Cast) -> list[int]:
    send = made.send(cast, [f"p{n}" for n in range(20)], tracked=[f"p{n}" for n in range(20)])
    expand.expand(db.engine, send.id)
    moment = clock.now() - timedelta(hours=1)
    db.session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED, decided_at=moment))
    db.session.commit()
    ids = list(db.session.scalars(select(Delivery.id)))
    db.session.rollback()
    return ids


@pytest.fixture
def server(app: Flask, mails: list[int], settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """The product's server on this test's database."""
    names = (
        "secret_key",
        "suppression_key",
        "environment",
        "data_dir",
        "redis_url",
        "listen",
        "public_url",
        "app_url",
        "web_workers",
    )
    environ = {name.upper(): str(getattr(settings, name)) for name in names}
    environ |= {"PATH": os.environ["PATH"], "DATABASE_URL": settings.database, "LOG_LEVEL": "error"}
    log = (settings.data_dir / "web.log").open("wb")
    with subprocess.Popen(command(settings), env=environ, cwd=ROOT, stdout=log, stderr=log) as process:
        try:
            assert until(lambda: _ask(settings, "/healthz") == 200, 90), (
                settings.data_dir / "web.log"
            ).read_text()
            yield process
        finally:
            process.terminate()
            process.wait(20)
            log.close()


def _ask(settings: Settings, path: str) -> int:
    host, _, port = settings.listen.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        connection.request("GET", path, headers={"Host": settings.public_host, "User-Agent": AGENT})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class Readers:
    """People who follow links all the time, and how many of them were sent on."""

    def __init__(self, settings: Settings, mails: list[int]) -> None:
        key = tokens.token_key()
        self.paths = [f"/c/{tokens.make('click', mail, key)}/1" for mail in mails]
        self.settings = settings
        self.answered = self.asked = 0
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._read, args=(n,)) for n in range(4)]

    def _read(self, number: int) -> None:
        while not self.stop.is_set():
            status = _ask(self.settings, self.paths[number])
            with self.lock:
                self.asked += 1
                self.answered += status == 302
            number = (number + 1) % len(self.paths)


@pytest.mark.long
def test_every_answered_click_is_on_record_though_the_processes_are_killed(
    app: Flask, server: "subprocess.Popen[bytes]", mails: list[int], settings: Settings
) -> None:
    readers = Readers(settings, mails)
    for thread in readers.threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.7)
        drain_spool()  # meanwhile, so that files are half drained when their process dies
        for pid in descendants(server.pid):
            if b"spawn_main" in _command_line(pid):
                os.kill(pid, signal.SIGKILL)
    before = readers.answered
    assert until(lambda: readers.answered > before + 50, 90), "the server did not come back"
    readers.stop.set()
    for thread in readers.threads:
        thread.join(10)
    server.terminate()
    server.wait(20)
    while drain_spool():
        pass
    stored = db.session.scalar(select(func.count()).select_from(TrackedEvent)) or 0
    assert readers.answered > 60
    assert readers.answered <= stored <= readers.asked
    assert spool.files(spool.folder(settings.data_dir)) == []


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
