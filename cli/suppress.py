"""`throughline suppress`: the operator's list of addresses that nobody on this installation mails, or one organisation's."""

import json
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

import click
from sqlalchemy import select

from app.accounts.models import Organisation
from app.audience import noes, noes_file
from app.audience.address import BadAddress, normalise
from app.audience.decode import transcode
from app.audience.noes import EVERYBODY, Holder, holder_of
from app.clock import now
from app.db import db
from app.errors import Invalid
from cli import context

_WHOSE = click.option(
    "--organisation",
    "slug",
    metavar="SLUG",
    help="A vendor’s or a partner’s list. Without it: the platform’s, which holds for everybody.",
)
_IN_MEMORY = 4 * 1024 * 1024


@click.group()
def suppress() -> None:
    """Addresses that are never mailed, kept as keyed hashes."""


@suppress.command()
@click.argument("address")
@_WHOSE
def add(address: str, slug: str | None) -> None:
    """Never mail ADDRESS again, from this moment on, in running campaigns too."""
    email = _address(address)
    with context.application():
        added = noes.add(_holder(slug), [email], now())
    click.echo("Added." if added else "It was on it already.")


@suppress.command()
@click.argument("address")
@_WHOSE
def remove(address: str, slug: str | None) -> None:
    """Take ADDRESS off the list; noes on other lists stay."""
    email = _address(address)
    with context.application():
        gone = noes.remove(_holder(slug), email)
    if not gone:
        raise Invalid("It is not on it.")
    click.echo("Removed.")


@suppress.command()
@click.argument("address")
@_WHOSE
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def check(address: str, slug: str | None, as_json: bool) -> None:
    """Say whether ADDRESS is on the list, or on the platform’s, with reason and time. Exit code 1 when it isn’t."""
    email = _address(address)
    with context.application():
        rows = noes.look_up(_holder(slug), email)
        found = [{"list": str(r.scope), "reason": str(r.reason), "at": r.at.isoformat()} for r in rows]
    if as_json:
        click.echo(json.dumps({"suppressed": bool(found), "noes": found}))
    else:
        for each in found:
            click.echo(f"Yes: {each['reason']}, on the {each['list']}’s list since {each['at']}.")
        if not found:
            click.echo("No.")
    if not found:
        raise SystemExit(1)


@suppress.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_WHOSE
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def import_(file: Path, slug: str | None, as_json: bool) -> None:
    """Add all addresses of FILE (CSV or text, one a line). Interrupted, it may be run again: what is there stays."""
    counts = {"read": 0, "added": 0, "known": 0, "refused": 0}
    with context.application(), file.open("rb") as source, tempfile.SpooledTemporaryFile(_IN_MEMORY) as held:
        plain = cast(BinaryIO, held)
        transcode(source, plain)
        size = plain.tell() or 1
        plain.seek(0)
        holder, moment = _holder(slug), now()
        for batch in noes_file.batches(plain):
            added = noes.add(holder, batch.emails, moment)
            db.session.commit()
            counts["read"] += batch.read
            counts["added"] += added
            counts["known"] += len(batch.emails) - added
            counts["refused"] += len(batch.refused)
            for line, reason in batch.refused[:20]:
                click.echo(f"line {line:,}: {reason}", err=True)
            click.echo(f"{batch.position * 100 // size} % read", err=True)
    if as_json:
        click.echo(json.dumps(counts))
    else:
        click.echo("{read:,} read: {added:,} added, {known:,} known, {refused:,} refused.".format(**counts))


def _address(text: str) -> str:
    try:
        return normalise(text)
    except BadAddress as error:
        raise Invalid(f"{error.message}. {error.mend}.") from None


def _holder(slug: str | None) -> Holder:
    if slug is None:
        return EVERYBODY
    found = db.session.scalars(select(Organisation).where(Organisation.slug == slug)).one_or_none()
    if found is None:
        raise Invalid(f"--organisation: there is nobody called {slug}.")
    return holder_of(found)
