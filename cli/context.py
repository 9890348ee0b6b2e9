"""What most commands need: the settings, and the application with its database."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask
from sqlalchemy.exc import OperationalError

from app import create_app
from app.db import db
from app.errors import External
from app.settings import Settings
from worker import environment


def settings() -> Settings:
    """The settings of this command. Raises SettingsError."""
    return environment.load(click.get_current_context().find_root().obj)


@contextmanager
def application() -> Iterator[Flask]:
    """The application with a context open; commits at the end and rolls back on an error. Raises External when the database is away."""
    app = create_app(settings())
    with app.app_context():
        try:
            yield app
            db.session.commit()
        except OperationalError as error:
            db.session.rollback()
            first = str(error.orig).strip().splitlines()[0]
            raise External(f"DATABASE_URL: the database does not answer as it should ({first}).") from error
        except BaseException:
            db.session.rollback()
            raise
