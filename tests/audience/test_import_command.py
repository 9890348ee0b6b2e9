"""`throughline contacts import` takes what the pages take, and refuses what they refuse: exit code 1, nothing half imported."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from app.audience.models import (
    Consent,
    ConsentBasis,
    ConsentPurpose,
    Contact,
    ContactImport,
    ContactList,
    ImportStatus,
)
from app.db import db
from app.settings import Settings
from cli import throughline
from tests.rig.cast import Cast

Command = Callable[..., Result]
WHY = (
    "--consent-basis",
    "customer",
    "--consent-source",
    "Order confirmation",
    "--consent-date",
    "2026-05-01",
)
HARBOUR = ("--organisation", "harbour-it", "--list", "Customers")


@pytest.fixture
def command(cast: Cast, settings: Settings, tmp_path: Path) -> Command:
    """Run the import of a file with this content."""
    environ = {
        "SECRET_KEY": settings.secret_key, "SUPPRESSION_KEY": settings.suppression_key, "ENVIRONMENT": "test", "LOG_LEVEL": "error",
        "DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url,
    }  # fmt: skip
    db.session.commit()

    def run(data: bytes, *options: str) -> Result:
        file = tmp_path / "crm.csv"
        file.write_bytes(data)
        result = CliRunner().invoke(throughline, ["contacts", "import", str(file), *options], obj=environ)
        db.session.expire_all()
        return result

    return run


def test_a_file_is_imported_and_told_in_one_json_object(command: Command) -> None:
    result = command(
        b"Email;Voornaam\na@x.example;An\nb@x.example;Bo\nnobody;X\n", *HARBOUR, *WHY, "--tracking", "--json"
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    assert {key: told[key] for key in ("rows", "added", "refused", "list")} == {
        "rows": 3,
        "added": 2,
        "refused": 1,
        "list": "Customers",
    }
    assert told["findings"] == [{"line": 4, "reason": "No @ in it"}]
    assert len(db.session.scalars(select(Contact)).all()) == 2
    yes = db.session.scalars(select(Consent).where(Consent.purpose == ConsentPurpose.MARKETING)).first()
    assert yes is not None
    assert (yes.basis, yes.source, yes.recorded_by) == (ConsentBasis.CUSTOMER, "Order confirmation", None)
    assert db.session.scalars(select(ContactImport)).one().status is ImportStatus.FINISHED


def test_a_file_that_says_the_basis_itself_needs_no_option(command: Command) -> None:
    result = command(
        b"email,consent,consent date,consent source\na@x.example,customer,2026-01-01,Invoice\n", *HARBOUR
    )
    assert result.exit_code == 0, result.output
    assert "1 new" in result.stdout


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (b"email\na@x.example\n", HARBOUR, "--consent-basis"),
        (
            b"email\na@x.example\n",
            (*HARBOUR, "--consent-basis", "customer", "--consent-source", "x"),
            "--consent-date",
        ),
        (b"email\na@x.example\n", (*HARBOUR, "--consent-basis", "express", *WHY[2:]), "--consent-wording"),
        (b"name\nAn\n", (*HARBOUR, *WHY), "which column holds the email address"),
        (b"email\na\0@x.example\n", (*HARBOUR, *WHY), "Line 2: A NUL character"),
        (b"", (*HARBOUR, *WHY), "The file is empty."),
        (
            b"email\na@x.example\n",
            ("--organisation", "nobody", "--list", "L", *WHY),
            "no partner called nobody",
        ),
        (
            b"email\na@x.example\n",
            ("--organisation", "northwind-cloud", "--list", "L", *WHY),
            "no partner called northwind-cloud",
        ),
    ],
)
def test_what_cannot_be_imported_is_refused_with_the_mend(
    command: Command, settings: Settings, data: bytes, options: tuple[str, ...], words: str
) -> None:
    files = settings.data_dir / "files"
    before = {path for path in files.rglob("*") if path.is_file()}
    result = command(data, *options)
    assert result.exit_code == 1
    assert words in result.stderr
    for model in (Contact, ContactImport, ContactList):
        assert db.session.scalars(select(model)).all() == []
    assert {path for path in files.rglob("*") if path.is_file()} == before


def test_an_error_as_json_names_its_line(command: Command) -> None:
    result = command(b'email,name\na@x.example,"An\n', *HARBOUR, *WHY, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["line"] == 2
    assert "never closes" in told["error"]
