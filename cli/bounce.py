"""`throughline bounce`: what mails that came back say."""

import json
from pathlib import Path

import click

from app.delivery.bounces import classify
from app.delivery.bounces.read import LONGEST
from app.errors import Invalid
from cli import context


@click.group()
def bounce() -> None:
    """Mails that came back: what they say, and about whom."""


@bounce.command("classify")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, with every recipient and the evidence."
)
def classify_files(files: tuple[Path, ...], as_json: bool) -> None:
    """Say of each of FILES whether it is a hard or a soft bounce, a complaint, an automatic reply or none of these.

    Nothing is stored and nobody suppressed. A file that can't be read ends the command with exit code 1.
    """
    for path in files:
        try:
            with path.open("rb") as file:
                told = classify(file.read(LONGEST)).as_json()
        except OSError as error:
            raise Invalid(f"{path} can’t be read: {error.strerror}.") from None
        if as_json:
            click.echo(json.dumps({"file": str(path), **told}, ensure_ascii=False))
        else:
            parts = (told["kind"], told["status"] or "–", told["recipient"] or "–", told["reason"])
            click.echo(f"{path}: {'  '.join(parts)}")


@bounce.command("read")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object with every count.")
def read_files(folder: Path, as_json: bool) -> None:
    """Hear every mail in FOLDER: find its message, keep the evidence, stop mail to dead addresses.

    Files that were heard move to FOLDER/done, what can't be read to FOLDER/refused with the reason.
    """
    from app.delivery.returned.folder import read_folder

    with context.application():
        told = read_folder(folder).as_json()
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    counts = [
        f"{number} {kind}"
        for kind, number in told.items()
        if isinstance(number, int) and kind not in ("read", "again")
    ]
    click.echo(f"{told['read']} read ({', '.join(counts) or 'none'}), {told['again']} of them known already.")
    for name in told["unmatched"]:
        click.echo(f"{name}: belongs to no message of ours")
    for name, reason in told["refused"].items():
        click.echo(f"{name}: refused. {reason}")


@bounce.command("unmatched")
def unmatched() -> None:
    """List what came in over the last 90 days and belongs to no message: when, how, what it says."""
    from app.delivery.returned.queries import unmatched as listed

    with context.application():
        rows = listed()
    for row in rows:
        click.echo(
            f"{row.received_at:%Y-%m-%d %H:%M}  {row.source}  {row.kind}  {row.status or '–'}  {row.words or '–'}"
        )
    click.echo(f"{len(rows)} in all.")
