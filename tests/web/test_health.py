"""Machines learn whether the process lives and whether it is ready; each part by name."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session, scoped_session


def test_a_queue_that_is_away_makes_the_process_unready_but_alive(client: FlaskClient) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json["parts"]["database"] == "ok"
    assert "jobs wait in the database" in response.json["parts"]["queue"]
    assert client.get("/healthz").status_code == 200


def test_a_database_at_another_revision_is_not_ready(
    client: FlaskClient, session: scoped_session[Session]
) -> None:
    session.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"))
    session.execute(text("INSERT INTO alembic_version VALUES ('of-another-time')"))
    assert "newest migration" in client.get("/readyz").json["parts"]["migrations"]


def test_a_queue_that_answers_is_ok(client: FlaskClient, settings: Any, redis_url: str) -> None:
    extensions = client.application.extensions
    extensions["settings"] = type(settings)(**{**vars(settings), "redis_url": redis_url})
    try:
        assert client.get("/readyz").json["parts"]["queue"] == "ok"
    finally:
        extensions["settings"] = settings
