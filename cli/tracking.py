"""`throughline tracking`: stored clicks, opens and views judged again by the present rules."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import click

from cli import context


@click.group()
def tracking() -> None:
    """What was recorded of mails and pages."""


@tracking.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Only events from this moment on (UTC); all that is known of their mails is looked at.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay(since: datetime | None, dry_run: bool, as_json: bool) -> None:
    """Judge stored events again: people or machines, by the rules of this version. Safe to run twice and while others work."""
    from app.tracking.jobs import replay as run

    with context.application():
        found = run(since.replace(tzinfo=UTC) if since else None, dry_run)
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, **asdict(found)}))
        return
    click.echo(f"{found.events:,} events looked at, {found.changed:,} judged otherwise than before.")
    click.echo(f"From person to machine: {found.to_machine:,}. From machine to person: {found.to_person:,}.")
    click.echo(f"Touchpoints added: {found.touches_added:,}, withdrawn: {found.touches_withdrawn:,}.")
    if found.touches_credited:
        click.echo(
            f"{found.touches_credited:,} touchpoints of machines stay, since the credit of a won deal rests on them."
        )
    if dry_run:
        click.echo("Nothing was changed.")
