"""`throughline mdf`: proof that the ledger of funds is whole."""

import json

import click

from cli import context


@click.group()
def mdf() -> None:
    """Marketing development funds."""


@mdf.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(as_json: bool) -> None:
    """Prove that every fund sums to zero, balances equal transfers and states equal postings; exit code 1 if not."""
    from app.mdf.verify import verify as check

    with context.application():
        report = check()
    if as_json:
        faults = [{"fund": fault.fund, "fault": fault.text} for fault in report.faults]
        click.echo(
            json.dumps(
                {
                    "funds": report.funds,
                    "accounts": report.accounts,
                    "transfers": report.transfers,
                    "faults": faults,
                }
            )
        )
    else:
        click.echo(f"{report.funds} funds, {report.accounts} accounts, {report.transfers} transfers.")
        for fault in report.faults:
            click.echo(f"fund {fault.fund}: {fault.text}", err=True)
        click.echo("Everything adds up." if not report.faults else f"{len(report.faults)} faults.")
    if report.faults:
        click.get_current_context().exit(1)
