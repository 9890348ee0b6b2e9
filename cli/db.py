"""`throughline db`: bring the database to the newest migration, or look whether it is there."""

import click
from flask_migrate import upgrade as run_migrations

from app.errors import Refused
from app.web.health import readiness
from cli import context


@click.group()
def db() -> None:
    """The database: upgrade it, check it."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest migration. Doing it twice does no harm."""
    with context.application():
        run_migrations()
    click.echo("The database is at the newest migration.")


@db.command()
def check() -> None:
    """Say whether the database answers and is at the newest migration; exit code 1 if not."""
    with context.application():
        found = readiness()
    wrong = [f"{name}: {found[name]}" for name in ("database", "migrations") if found[name] != "ok"]
    if wrong:
        raise Refused("\n".join(wrong))
    click.echo("The database answers and is at the newest migration.")
