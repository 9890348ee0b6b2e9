"""`throughline kit`: make a kit from a template, check one, render one to look at. Works on files alone, without database."""

import json
import re
from pathlib import Path

import click

from app.kits.archive import KitError
from app.kits.check import Finding, check_files, finding_of, has_errors
from app.kits.format import KitSource, read_files
from app.kits.mjml_import import import_mjml
from app.kits.proofs import render_proofs
from app.render.errors import RenderError


@click.group()
def kit() -> None:
    """Make, check and render kits."""


@kit.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--from-mjml", "template", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--name", help="The kit's title; the file's name if not given.")
def new(directory: Path, template: Path, name: str | None) -> None:
    """Wrap the MJML file in a kit in DIRECTORY, which must not exist or be empty."""
    if directory.exists() and any(directory.iterdir()):
        raise click.ClickException(f"{directory} is not empty.")
    title = name or re.sub(r"[^A-Za-z0-9]+", " ", template.stem).strip().capitalize() or "Imported"
    try:
        files, notes = import_mjml(template.read_bytes(), title)
    except KitError as error:
        raise click.ClickException(error.message) from error
    for path, data in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)
    piece = next(path for path in files if path.endswith(".mjml"))
    click.echo(f"{directory}: {len(files)} files. To look at (also in LOOK.md):")
    for note in notes:
        click.echo(f"  {piece}:{note.line}: {note.text}" if note.line else f"  {note.text}")


@kit.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def check(path: Path, as_json: bool) -> None:
    """Check the kit in PATH, a folder or a zip. Exit code 1 where there are errors."""
    source, findings = _checked(path)
    errors = sum(f.severity == "error" for f in findings)
    if as_json:
        report = {
            "errors": errors,
            "warnings": len(findings) - errors,
            "findings": [f.to_dict() for f in findings],
        }
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        for found in findings:
            column = f":{found.column}" if found.column else ""
            click.echo(
                f"{found.file}:{found.line}{column}: {found.severity.value} [{found.rule}] {found.message} {found.mend}"
            )
        name = source.name if source else path.name
        click.echo(f"{name}: {_many(errors, 'error')}, {_many(len(findings) - errors, 'warning')}.")
    if has_errors(findings):
        raise SystemExit(1)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


@kit.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
def render(path: Path, out: Path) -> None:
    """Render every piece of the kit in PATH with made-up partner and slots into the folder OUT."""
    source, findings = _checked(path)
    if source is None or has_errors(findings):
        for found in findings:
            click.echo(f"{found.file}:{found.line}: {found.message} {found.mend}", err=True)
        raise SystemExit(1)
    try:
        proofs = render_proofs(source)
    except RenderError as error:
        raise click.ClickException(error.message) from error
    for name, data in proofs.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
        click.echo(str(out / name))


def _checked(path: Path) -> tuple[KitSource | None, list[Finding]]:
    try:
        return check_files(read_files(path))
    except KitError as error:
        return None, [finding_of(error)]
