"""`throughline worker`: one process each, for whoever runs them by other means than `throughline up`."""

import os

import click

from cli import context


@click.group()
def worker() -> None:
    """One process of the installation, in the foreground."""


@worker.command()
@click.option("--burst", is_flag=True, help="End when the queue is empty.")
def run(burst: bool) -> None:
    """Take jobs from the queue. Start as many as you like."""
    from worker import rq_worker

    rq_worker.run(context.settings(), burst)


@worker.command()
def beat() -> None:
    """Wake what is due, sweep what is stuck. A second one stands by."""
    from app import create_app
    from worker import beat as beating

    settings = context.settings()
    beating.run(create_app(settings), settings)


@worker.command()
def web() -> None:
    """Serve pages at LISTEN."""
    from worker.web import command

    line = command(context.settings())
    os.execv(line[0], line)  # noqa: S606 - our own interpreter with our own arguments


@worker.command()
def spool() -> None:
    """Move noted clicks, opens and views into the database. One on each machine that serves pages."""
    from app import create_app
    from worker import spool as draining

    settings = context.settings()
    draining.run(create_app(settings), settings)


@worker.command()
def receive() -> None:
    """Take returned mail at BOUNCE_LISTEN, over SMTP or LMTP."""
    from app.errors import Refused
    from worker import receive as receiver

    settings = context.settings()
    if not settings.bounce_address:
        raise Refused(
            "BOUNCE_LISTEN says that no returned mail is taken here. Set it to smtp:ADDRESS:PORT or lmtp:/PATH."
        )
    receiver.run(settings)


@worker.command()
def sandbox() -> None:
    """Take mail at SANDBOX_SMTP and deliver it to nobody."""
    from worker import sandbox as mailbox

    mailbox.run(context.settings())


@worker.command()
def redis() -> None:
    """The embedded Redis of the data directory."""
    from worker import environment

    line = environment.embedded(context.settings().data_dir).command()
    os.execv(line[0], line)  # noqa: S606 - the server that was found, with our own configuration
