"""How migrations run: on the application's own engine, in batches on SQLite, one transaction for each migration."""

from typing import Any

from alembic import context
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from flask import current_app
from sqlalchemy import JSON, Connection

migrate = current_app.extensions["migrate"]
database = migrate.db
target_metadata = database.metadata


def render_item(kind: str, thing: Any, autogen: Any) -> str | bool:
    """Write our column types as the plain types they store, so that a migration never depends on today's models."""
    if kind == "type" and type(thing) is JSON:
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    if kind != "type" or not type(thing).__module__.startswith("app."):
        return False
    return f"sa.{thing.impl_instance!r}" if hasattr(thing, "impl_instance") else f"sa.{thing.impl!r}"


def no_empty_migration(_context: MigrationContext, _revision: Any, directives: list[MigrationScript]) -> None:
    """Make no file where nothing changed."""
    script = directives[0]
    if (
        getattr(context.config.cmd_opts, "autogenerate", False)
        and script.upgrade_ops
        and script.upgrade_ops.is_empty()
    ):
        directives[:] = []


def run_offline() -> None:
    """Write the SQL instead of running it."""
    context.configure(
        url=database.engine.url.render_as_string(hide_password=False),
        target_metadata=target_metadata,
        literal_binds=True,
        render_as_batch=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run the migrations on the application's engine."""
    with database.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _foreign_keys(connection, on=False)
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            render_as_batch=True,
            render_item=render_item,
            transaction_per_migration=True,
            process_revision_directives=no_empty_migration,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if sqlite:
            _foreign_keys(connection, on=True)


def _foreign_keys(connection: Connection, on: bool) -> None:
    # SQLite ignores this pragma inside a transaction, and a batch that rebuilds a referenced table needs it off;
    # so it goes to the driver's connection, before SQLAlchemy begins anything.
    raw = connection.connection.driver_connection
    if raw is None:
        raise RuntimeError("the connection to SQLite is closed")
    raw.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


if context.is_offline_mode():
    run_offline()
else:
    run_online()
