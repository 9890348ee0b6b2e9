"""`throughline organisation`: what an operator does once, before the first vendor can sign in."""

import click

from app.accounts.register import create_vendor
from cli import context


@click.group()
def organisation() -> None:
    """Organisations: make the first vendor."""


@organisation.command()
@click.argument("name")
@click.option(
    "--admin", required=True, metavar="EMAIL", help="Who administers it; gets an invitation by mail."
)
@click.option("--admin-name", required=True, metavar="NAME", help="The administrator's name.")
@click.option(
    "--slug", metavar="SLUG", help="Short name for files and commands; made from the name if not given."
)
def create(name: str, admin: str, admin_name: str, slug: str | None) -> None:
    """Make the vendor NAME and mail its administrator an invitation."""
    with context.application():
        made = create_vendor(name, slug, admin, admin_name)
        short = made.slug
    click.echo(f"{name} is there as {short}. The invitation is on its way to {admin}.")
