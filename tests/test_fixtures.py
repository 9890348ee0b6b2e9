"""The fixtures all tests stand on keep what they promise."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from app.accounts.models import Organisation
from app.db import db
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


def test_the_database_is_the_one_that_was_asked_for(app: Flask, database: str) -> None:
    assert db.engine.dialect.name == database


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_starts_with_an_empty_database(session: scoped_session[Session], turn: int) -> None:
    assert session.scalars(select(Organisation)).all() == []
    session.add(Organisation(kind="vendor", name=f"Left by turn {turn}", slug="left"))
    session.commit()


def test_the_cast_is_committed(cast: Cast, session: scoped_session[Session]) -> None:
    session.rollback()
    assert session.scalars(select(Organisation.slug).order_by(Organisation.slug)).all() == [
        "harbour-it",
        "leuvelink",
        "northwind-cloud",
        "southgate",
    ]
