"""The command line answers a wrong setting or a refused wish with one message and exit code 1, never with a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def _run(home: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    given = {"PATH": os.environ["PATH"], "DATA_DIR": str(home), "LOG_LEVEL": "error", **environ}
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments], env=given, capture_output=True, text=True, timeout=60
    )


def test_help_needs_no_settings(tmp_path: Path) -> None:
    done = _run(tmp_path, "--help", ENVIRONMENT="production")
    assert done.returncode == 0
    assert "worker" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"ENVIRONMENT": "production"}, "SECRET_KEY: missing"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL: must start with"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "DATABASE_URL: the database does not answer"),
        ({"LISTEN": "here"}, "LISTEN: must be HOST:PORT"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    done = _run(
        tmp_path,
        "organisation",
        "create",
        "Northwind",
        "--admin",
        "v@x.example",
        "--admin-name",
        "Vera",
        **environ,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_first_vendor_comes_from_the_command_line(tmp_path: Path) -> None:
    assert _run(tmp_path, "db", "check").returncode == 1
    assert _run(tmp_path, "db", "upgrade").returncode == 0
    assert _run(tmp_path, "db", "upgrade").returncode == 0, "upgrading twice must do no harm"
    assert _run(tmp_path, "db", "check").returncode == 0
    create = (
        "organisation",
        "create",
        "Northwind Cloud",
        "--admin",
        "vera@northwind.example",
        "--admin-name",
        "Vera Lund",
    )
    done = _run(tmp_path, *create)
    assert (done.returncode, done.stderr) == (0, "")
    assert "northwind-cloud" in done.stdout
    again = _run(tmp_path, *create, "--slug", "northwind-cloud")
    assert again.returncode == 1
    assert "northwind-cloud is taken" in again.stderr


@pytest.mark.long
def test_an_address_that_is_none_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    assert _run(tmp_path, "db", "upgrade").returncode == 0
    refused = _run(
        tmp_path, "organisation", "create", "Northwind", "--admin", "no address", "--admin-name", "Vera"
    )
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    taken = _run(
        tmp_path,
        "organisation",
        "create",
        "Northwind",
        "--admin",
        "v@x.example",
        "--admin-name",
        "V",
        "--slug",
        "northwind",
    )
    assert taken.returncode == 0
