"""`throughline contacts`: bring a file of contacts in from the command line, with the same checks as the pages."""

import json
import time
from datetime import date
from pathlib import Path

import click
from sqlalchemy import select

from app.accounts.models import Organisation, OrganisationKind
from app.audience import columns, importing, refused
from app.audience.columns import Becomes
from app.audience.consent import Plan, Why
from app.audience.errors import Unreadable
from app.audience.importing import Operator
from app.audience.models import ContactImport, ImportStatus
from app.db import db
from app.errors import AppError, Invalid
from app.flows.engagement import rebuild
from cli import context

_ENDED = (ImportStatus.FINISHED, ImportStatus.FAILED, ImportStatus.CANCELLED)
_OPTIONS = {
    "source": "--consent-source",
    "wording": "--consent-wording",
    "given_on": "--consent-date",
    "why": "--consent-basis",
    "list_name": "--list",
    "mapping": "FILE",
}


@click.group()
def contacts() -> None:
    """Contacts: import a file for a partner."""


@contacts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--organisation", "slug", required=True, metavar="SLUG", help="The partner whose contacts these are."
)
@click.option(
    "--list", "list_name", required=True, metavar="NAME", help="The list they join; made if there is none."
)
@click.option(
    "--sheet",
    default="",
    metavar="NAME",
    help="The sheet of a workbook; without it the first one that holds a table.",
)
@click.option(
    "--consent-basis",
    type=click.Choice(["express", "customer", "inquiry", "column"]),
    help="Why they may be mailed. A file with a consent column needs none.",
)
@click.option(
    "--consent-source",
    default="",
    metavar="TEXT",
    help="Where they said yes, or were told that they can say no.",
)
@click.option(
    "--consent-date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="When: the yes, the last order, the question. A date column will do too.",
)
@click.option(
    "--consent-wording",
    default="",
    metavar="TEXT",
    help="The words they agreed to; needed for express consent.",
)
@click.option("--tracking", is_flag=True, help="They also agreed that single opens and clicks are noted.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def import_(
    file: Path,
    slug: str,
    list_name: str,
    sheet: str,
    consent_basis: str | None,
    consent_source: str,
    consent_date: date | None,
    consent_wording: str,
    tracking: bool,
    as_json: bool,
) -> None:
    """Import FILE, a CSV file or an Excel workbook (.xlsx). An unreadable one is refused with its line and the mend, and nothing of it comes in."""
    try:
        with context.application():
            partner = _partner(slug)
            imp = _start(Operator(partner), file, sheet)
            try:
                mapping = columns.guess(imp.layout["header"])
                plan = _plan(mapping, consent_basis, consent_source, consent_date, consent_wording, tracking)
                _confirm(Operator(partner), imp, mapping, plan, list_name)
                db.session.commit()
            except AppError:
                refused.delete(imp)
                raise
            _run(imp)
            _say(imp, list_name, as_json)
    except AppError as error:
        _fail(error, file, as_json)


def _partner(slug: str) -> Organisation:
    found = db.session.scalars(select(Organisation).where(Organisation.slug == slug)).one_or_none()
    if found is None or found.kind is not OrganisationKind.PARTNER:
        raise Invalid(f"--organisation: there is no partner called {slug}.")
    return found


def _start(by: Operator, file: Path, sheet: str) -> ContactImport:
    with file.open("rb") as stream:
        try:
            return importing.start(by, file.name, stream, sheet)
        except Invalid as error:
            if "sheet" in error.fields:
                raise Invalid(f"--sheet: {error.message}") from None
            raise


def _plan(
    mapping: list[Becomes], basis: str | None, source: str, given: date | None, wording: str, tracking: bool
) -> Plan:
    if basis is None and Becomes.CONSENT_BASIS not in mapping:
        raise Invalid(
            "--consent-basis: say why these people may be mailed (express, customer or inquiry). Nothing was imported."
        )
    day = given.strftime("%Y-%m-%d") if given else None
    return Plan(Why(basis or Why.COLUMN), source, wording, "", day, tracking)


def _confirm(by: Operator, imp: ContactImport, mapping: list[Becomes], plan: Plan, list_name: str) -> None:
    wrong = importing.problems(by.organisation, mapping, plan, list_name)
    if wrong:
        raise Invalid("\n".join(f"{_OPTIONS[field]}: {text}" for field, text in wrong.items()))
    importing.confirm(by, imp, mapping, plan, list_name)


def _run(imp: ContactImport) -> None:
    """Read the file here; where a worker was faster, wait until it is done."""
    while imp.status not in _ENDED:
        importing.run(imp.id)
        db.session.refresh(imp)
        db.session.commit()
        if imp.status not in _ENDED:
            time.sleep(0.2)
    if imp.status is not ImportStatus.FINISHED:
        raise Invalid(imp.reason or "The import was stopped on its page. What was read before is in.")


def _say(imp: ContactImport, list_name: str, as_json: bool) -> None:
    counts = {
        name: getattr(imp, name) for name in ("rows", "added", "updated", "repeated", "said_no", "refused")
    }
    sheet = imp.layout.get("sheet", "")
    if as_json:
        told = {"import": imp.pid, "list": list_name, **counts, "findings": imp.findings}
        click.echo(json.dumps({**told, "sheet": sheet} if sheet else told))
        return
    click.echo(
        f"{imp.filename}{f', sheet “{sheet}”,' if sheet else ''} into “{list_name}”: {imp.added:,} new, {imp.updated:,} brought up to date, {imp.repeated:,} twice in the file, "
        f"{imp.said_no:,} who said no before, {imp.refused:,} refused."
    )
    for finding in imp.findings[:20]:
        click.echo(f"  line {finding['line']:,}: {finding['reason']}")
    if imp.refused > 20:
        click.echo(f"  and {imp.refused - 20:,} more; the page of this import has them all as a file.")


def _fail(error: AppError, file: Path, as_json: bool) -> None:
    line = error.line if isinstance(error, Unreadable) else 0
    if as_json:
        click.echo(json.dumps({"error": error.message, "line": line or None}))
    else:
        click.echo(f"{file}: {error.message}" if isinstance(error, Unreadable) else error.message, err=True)
    raise SystemExit(1)


@contacts.command("engagement")
@click.option("--organisation", "slug", help="Only this partner's contacts, by its slug.")
def engagement(slug: str | None) -> None:
    """Work out anew, from messages, clicks, forms and deals, what segments know of everybody's engagement."""
    with context.application():
        partner = _partner(slug) if slug else None
        click.echo(f"{rebuild(partner.id if partner else None):,} contacts worked out anew.")
