"""The web server: granian with several worker processes, each with one loop for clients and a few threads for views."""

import os
import resource
import sys

from app import create_app
from app.settings import Settings
from worker import environment, lifeline
from worker.web_front import Front
from worker.web_rsgi import Server

CLIENTS = 4_096
"""Connections a process holds at once: slow ones cost little, so many may wait."""


def application() -> Server:
    """The factory granian calls in each of its workers, which die with the server that started them."""
    lifeline.hold()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CLIENTS if hard == resource.RLIM_INFINITY else min(hard, 2 * CLIENTS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    app = create_app(environment.load(os.environ))
    return Server(app, Front(app), int(app.config["MAX_CONTENT_LENGTH"]))


def command(settings: Settings, target: str = "worker.web:application") -> list[str]:
    """The server's command line; `target` is another factory only where a benchmark compares."""
    host, _, port = settings.listen.rpartition(":")
    return [
        *(sys.executable, "-m", "granian", "--interface", "rsgi", "--factory"),
        *("--host", host.strip("[]"), "--port", port),
        *("--workers", str(settings.web_workers), "--no-ws"),
        *("--backlog", str(CLIENTS), "--backpressure", str(CLIENTS)),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10"),
        *("--log-level", "warning", target),
    ]
