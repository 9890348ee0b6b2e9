"""`throughline suppress` keeps the operator's list, which holds for everybody, and with --organisation one organisation's."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.audience import mailable
from app.audience.mailable import Reason
from app.db import db
from app.settings import Settings
from cli import throughline
from tests.audience.people import agreed, contact
from tests.rig.cast import Cast

Command = Callable[..., Result]


@pytest.fixture
def command(cast: Cast, settings: Settings) -> Command:
    """Run one command on the test's database."""
    environ = {
        "SECRET_KEY": settings.secret_key, "SUPPRESSION_KEY": settings.suppression_key, "ENVIRONMENT": "test", "LOG_LEVEL": "error",
        "DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url,
    }  # fmt: skip

    def run(*arguments: str) -> Result:
        db.session.commit()
        result = CliRunner().invoke(throughline, ["suppress", *arguments], obj=environ)
        db.session.expire_all()
        return result

    return run


def test_an_address_is_added_checked_and_removed(cast: Cast, command: Command) -> None:
    person = contact(cast.harbour, "sanne@vandijk.example")
    agreed(person)
    assert command("check", "sanne@vandijk.example").exit_code == 1
    assert command("add", "Sanne@VanDijk.example").exit_code == 0
    verdict = mailable.verdicts(cast.harbour.id, cast.northwind.id, [person.id])
    assert verdict == {person.id: Reason.SAID_NO_ALL}
    found = json.loads(command("check", "sanne@vandijk.example", "--json").stdout)
    assert found["suppressed"]
    assert found["noes"][0]["list"] == "platform"
    assert command("remove", "sanne@vandijk.example").exit_code == 0
    assert command("remove", "sanne@vandijk.example").exit_code == 1


def test_a_file_comes_onto_a_vendor_s_list_and_running_it_twice_changes_nothing(
    cast: Cast, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "never.csv"
    file.write_text("Email\na@x.example\nb@x.example\nnobody\n")
    for added, known in ((2, 0), (0, 2)):
        done = command("import", str(file), "--organisation", "northwind-cloud", "--json")
        assert json.loads(done.stdout) == {"read": 3, "added": added, "known": known, "refused": 1}
        assert "line 4: No @ in it" in done.stderr
    assert command("check", "a@x.example").exit_code == 1, "it is the vendor’s, not everybody’s"
    assert command("check", "a@x.example", "--organisation", "northwind-cloud").exit_code == 0


def test_a_wrong_address_or_organisation_is_refused(command: Command) -> None:
    assert command("add", "nobody").exit_code == 1
    assert command("add", "a@x.example", "--organisation", "nobody").exit_code == 1
