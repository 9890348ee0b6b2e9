"""The web server: granian with one blocking thread in each of several worker processes."""

import os
import sys

from flask import Flask

from app import create_app
from app.settings import Settings
from worker import environment, lifeline


def application() -> Flask:
    """The factory granian calls in each of its workers, which die with the server that started them."""
    lifeline.hold()
    return create_app(environment.load(os.environ))


def command(settings: Settings) -> list[str]:
    """The server's command line."""
    host, _, port = settings.listen.rpartition(":")
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"),
        *("--host", host.strip("[]"), "--port", port),
        *("--workers", str(settings.web_workers), "--blocking-threads", "1", "--no-ws"),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10"),
        *("--log-level", "warning", "worker.web:application"),
    ]
