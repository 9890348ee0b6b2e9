"""`throughline db`: bring the database to the newest migration, or look whether it is there."""

import click

from app import migrations
from app.errors import Refused
from app.web.health import readiness
from cli import context


@click.group()
def db() -> None:
    """The database: upgrade it, check it."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest migration. Doing it twice does no harm."""
    with context.application() as app:
        migrations.upgrade(app)
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


@db.command()
@click.argument("message")
@click.option("--rev-id", help="A number of your own instead of a random one.")
def migration(message: str, rev_id: str | None) -> None:
    """For developers: compare the models with the database and write the migration that MESSAGE describes."""
    with context.application() as app:
        migrations.prepare(app)
        migrations.flask_migrate.migrate(message=message, rev_id=rev_id)
