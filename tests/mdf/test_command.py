"""`throughline mdf verify` says that all adds up, or what doesn't, and its exit code says the same."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import text

from app.db import db
from cli import context
from cli.mdf import mdf
from tests.mdf.conftest import Stage


@pytest.fixture
def verify(app: Flask, monkeypatch: pytest.MonkeyPatch) -> object:
    @contextmanager
    def application() -> Iterator[Flask]:
        yield app

    monkeypatch.setattr(context, "application", application)
    return lambda *arguments: CliRunner().invoke(mdf, ["verify", *arguments])


def test_a_whole_ledger(stage: Stage, verify: object) -> None:
    stage.claimed()
    result: Result = verify()  # type: ignore[operator]
    assert result.exit_code == 0
    assert "Everything adds up." in result.output


def test_a_broken_one(stage: Stage, verify: object) -> None:
    stage.claimed()
    db.session.execute(
        text("UPDATE ledger_account SET balance_minor = balance_minor + 1 WHERE kind = 'claimed'")
    )
    db.session.expire_all()
    result: Result = verify("--json")  # type: ignore[operator]
    assert result.exit_code == 1
    assert any("its transfers say" in fault["fault"] for fault in json.loads(result.output)["faults"])
