"""`throughline kit`: make a kit from a template, check one, render one to look at. Works on files alone, without database."""

import re
import sys
from pathlib import Path

import click

from app.kits.archive import KitError
from app.kits.brand_file import BrandFile, read_brand
from app.kits.check import Finding, check_files, finding_of, has_errors
from app.kits.check_online import Ask, check_online
from app.kits.findings import in_order
from app.kits.format import KitSource, read_files
from app.kits.mjml_import import import_mjml
from app.kits.proofs import render_proofs
from app.render.errors import RenderError
from cli import kit_report


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
        where = f"{template}:{error.line}" if error.line else f"{template}"
        shown = error.message if error.file.startswith("emails/") else f"{where}: {error.plain} {error.mend}"
        raise click.ClickException(shown) from error
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
@click.option("--online", is_flag=True, help="Also ask every web address in it whether it answers.")
def check(path: Path, as_json: bool, online: bool) -> None:
    """Check the kit in PATH, a folder or a zip. Exit code 1 where there are errors."""
    files, source, findings = _looked_at(path)
    if online and source is not None:
        findings = in_order([*findings, *check_online(source, _ask())])
    if as_json:
        click.echo(kit_report.as_json(findings))
    else:
        rich = sys.stdout.isatty()
        for line in (line for found in findings for line in kit_report.lines(found, files, rich=rich)):
            click.echo(line)
        click.echo(kit_report.summary((source.name if source else "") or path.name, findings))
    if has_errors(findings):
        raise SystemExit(1)


def _ask() -> Ask:
    """A look from outside, by the one client that may; a server that turns programs away counts as alive."""
    from app.flows.probe import look
    from app.outbound import Client

    environ = click.get_current_context().find_root().obj or {}
    private = environ.get("OUTBOUND_ALLOW", "") if environ.get("ENVIRONMENT") != "production" else ""
    allow = tuple(part.strip() for part in private.split(",") if part.strip())
    client = Client(allow, "Throughline kit check")

    def ask(url: str) -> str:
        seen = look(client, url, "link")
        return "" if seen.doubtful else seen.trouble

    return ask


@kit.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--brand",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML or JSON; see docs/kit-format.md.",
)
def render(path: Path, out: Path, brand: Path | None) -> None:
    """Render every piece of the kit in PATH as HTML and text into the folder OUT, in the brand of a file or a made-up one."""
    source, findings = _checked(path)
    if source is None or has_errors(findings):
        for found in findings:
            click.echo(f"{found.file}:{found.line}: {found.message} {found.mend}", err=True)
        raise SystemExit(1)
    try:
        proofs = render_proofs(source, _brand(brand) if brand else None)
    except (RenderError, KitError) as error:
        raise click.ClickException(error.message) from error
    for name, data in proofs.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
        click.echo(str(out / name))


def _brand(path: Path) -> BrandFile:
    def beside(name: str) -> bytes | None:
        found = path.parent / name
        return found.read_bytes() if found.is_file() else None

    return read_brand(path.read_bytes(), str(path), beside)


def _checked(path: Path) -> tuple[KitSource | None, list[Finding]]:
    return _looked_at(path)[1:]


def _looked_at(path: Path) -> tuple[dict[str, bytes], KitSource | None, list[Finding]]:
    """The kit's files, the kit if it could be read, and every finding."""
    try:
        files = read_files(path)
    except KitError as error:
        return {}, None, [finding_of(error)]
    return files, *check_files(files)
