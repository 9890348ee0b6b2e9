"""`throughline bounce`: what mails that came back say."""

import json
from pathlib import Path

import click

from app.delivery.bounces import classify
from app.delivery.bounces.read import LONGEST
from app.errors import Invalid


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
