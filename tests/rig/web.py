"""The test client: each request in a context of its own, beside whatever context the test holds open.

The test's session is committed before a request and expired after it, so that both see each other's rows and SQLite's one writer is free.
"""

import contextvars
from typing import Any

from flask import Flask, has_app_context
from flask.testing import FlaskClient

from app.accounts.models import Organisation, Person
from app.clock import now
from app.db import db
from app.settings import Settings


class Client(FlaskClient):
    """Paths go to the signed-in origin; an absolute address goes where it says."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request."""
        target = args[0] if args else kwargs.get("path", "/")
        if isinstance(target, str) and not target.startswith("http"):
            settings: Settings = self.application.extensions["settings"]
            kwargs.setdefault("base_url", settings.app_url)
        kwargs.setdefault("buffered", True)  # a streamed answer is read in the context that made it
        inside = has_app_context()
        if inside:
            db.session.commit()
        response = contextvars.Context().run(super().open, *args, **kwargs)
        if inside:
            db.session.expire_all()
        return response


def sign_in(client: FlaskClient, person: Person, organisation: Organisation | None = None) -> None:
    """Give the browser a session of `person` working for `organisation` (None: the first they belong to), without the form."""
    app: Flask = client.application
    settings: Settings = app.extensions["settings"]
    held = {
        "person": person.id,
        "epoch": person.session_epoch,
        "organisation": organisation.id if organisation else None,
        "since": int(now().timestamp()),
    }

    def write() -> None:
        with client.session_transaction(base_url=settings.app_url) as session:
            session.clear()
            session.permanent = True
            session.update(held)

    contextvars.Context().run(write)
