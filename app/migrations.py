"""The schema's versions: where the migrations lie, how to run them, and whether a database is at the newest.

Alembic is imported when it is asked for: web servers and workers need it once, at the start.
"""

from flask import Flask, current_app
from sqlalchemy import Connection

from app.db import db
from app.lazy import lazy

alembic_script, alembic_migration, flask_migrate = (
    lazy("alembic.script"),
    lazy("alembic.migration"),
    lazy("flask_migrate"),
)


def directory() -> str:
    """The folder of the migrations."""
    return str(current_app.extensions["migrations"])


def prepare(app: Flask) -> Flask:
    """Give the application what Flask-Migrate's own commands look for; returns it."""
    if "migrate" not in app.extensions:
        flask_migrate.Migrate(app, db, directory=str(app.extensions["migrations"]), render_as_batch=True)
    return app


def upgrade(app: Flask) -> None:
    """Bring the database of `app`, whose context is open, to the newest migration. Twice does no harm."""
    prepare(app)
    flask_migrate.upgrade()


def at_newest(connection: Connection) -> bool:
    """Whether the database behind `connection` has had every migration."""
    applied = set(alembic_migration.MigrationContext.configure(connection).get_current_heads())
    return applied == set(alembic_script.ScriptDirectory(directory()).get_heads())
