"""`throughline delivery`: what an operator decides about how mail leaves."""

from datetime import date, datetime

import click

from app.errors import Invalid
from cli import context


@click.group()
def delivery() -> None:
    """How mail leaves: the introduction of new sender domains."""


@delivery.command("warm-up")
@click.argument("domain")
@click.option("--start", metavar="DATE", help="Begin its plan on this day (YYYY-MM-DD), or `today`.")
@click.option("--stop", is_flag=True, help="End its plan: no daily limit from now on.")
def warm_up(domain: str, start: str | None, stop: bool) -> None:
    """Introduce DOMAIN to mail providers: few messages on its first day, twice as many on each day it sends. Without an option: where it stands."""
    from app.clock import now
    from app.db import db
    from app.delivery import warmup

    if start and stop:
        raise Invalid("Give --start or --stop, not both.")
    name = domain.strip().lower().removeprefix("@")
    if "." not in name or "@" in name:
        raise Invalid("Give a domain such as partner.example.")
    with context.application():
        today = now().date()
        if start:
            day = today if start == "today" else _day(start)
            warmup.start(name, day)
            click.echo(
                f"{name} is introduced from {day:%-d %B %Y} on: {warmup.PLAN[0]} messages on the first day."
            )
            return
        if stop:
            click.echo(f"{name}: the plan has ended." if warmup.stop(name) else f"{name} has no plan.")
            return
        found = warmup.step(db.session.connection(), name, today)
    click.echo(
        f"{name}: {found.taken:,} of today’s {found.quota:,} messages have gone; {len(found.coming) - 1} days of the plan are to come."
        if found
        else f"{name} has no plan that holds it back today."
    )


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise Invalid("Give a day such as 2026-05-19.") from None
