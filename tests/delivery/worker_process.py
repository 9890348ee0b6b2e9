"""A worker as a process of its own, which tests kill: expands and sends one send until nothing is due, or sweeps once.

Run as `python -m tests.delivery.worker_process SEND_ID [SECONDS]` with the settings in the environment.
"""

import os
import sys

from app import create_app
from app.db import db
from app.delivery import engine, expand
from app.delivery.compose import MailWriter
from app.delivery.engine import Policy
from app.delivery.smtp import Server, SmtpTransport, Timeouts
from app.delivery.store import Retries
from app.settings import Settings


def main(send_id: int, seconds: float) -> None:
    """Expand with small chunks, then one slice over the sink."""
    settings = Settings.from_env(os.environ)
    app = create_app(settings)
    host, _, port = settings.sandbox_smtp.rpartition(":")
    transport = SmtpTransport(Server(host, int(port), timeouts=Timeouts(dot=2)), "tests.example")
    with app.app_context():
        expand.expand(db.engine, send_id, chunk=7)
        db.session.remove()
        policy = Policy(seconds=seconds, batch=5, retries=Retries(3, (0.0,)))
        engine.run_slice(db.engine, settings.data_dir, send_id, transport, MailWriter(settings), policy)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 20.0)
