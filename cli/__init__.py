"""The command line: `throughline`, with one module a group of commands.

A wrong setting or a refused wish is one message on stderr and exit code 1; a traceback is a fault of ours.
"""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click

# Each module holds a click command of the same name; it is imported when it is asked for.
COMMANDS = (
    "abtest",
    "attribution",
    "bounce",
    "contacts",
    "db",
    "delivery",
    "demo",
    "dkim",
    "kit",
    "mdf",
    "organisation",
    "suppress",
    "tracking",
    "up",
    "worker",
)


class Commands(click.Group):
    """The commands that are there, imported late, so that `throughline kit check` starts fast and needs no settings."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in alphabetical order."""
        return [name for name in COMMANDS if find_spec(f"cli.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f"cli.{cmd_name}"), cmd_name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def throughline() -> None:
    """Through-channel marketing, from kit to return. Settings come from the environment; README.md lists them."""


def main(arguments: list[str] | None = None, environ: Any = os.environ) -> None:
    """The entry point: run a command and leave with its exit code."""
    from app.errors import AppError

    try:
        throughline.main(arguments, prog_name="throughline", standalone_mode=True, obj=environ)
    except AppError as error:
        click.echo(error.message, err=True)
        fields = getattr(error, "fields", {})
        for name, text in fields.items():
            if text != error.message:
                click.echo(f"  {name}: {text}", err=True)
        sys.exit(1)
