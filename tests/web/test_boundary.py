"""The boundary: what a view wrote is kept when it did what was asked, and gone when it did not, messages included."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session, scoped_session

from app.accounts.models import Organisation

pytestmark = pytest.mark.both_databases


def _written(session: scoped_session[Session]) -> int:
    return session.scalar(select(func.count(Organisation.id)).where(Organisation.name == "Written")) or 0


@pytest.mark.parametrize("status", [200, 201, 302, 303])
def test_an_answer_below_400_is_committed(
    client: FlaskClient, session: scoped_session[Session], status: int
) -> None:
    assert client.post(f"/-/write/{status}").status_code == status
    assert _written(session) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(0, 422), (1, 500), (400, 400), (404, 404), (409, 409), (422, 422), (429, 429), (500, 500), (503, 503)],
)
def test_any_other_answer_leaves_nothing_behind(
    client: FlaskClient, session: scoped_session[Session], status: int, code: int
) -> None:
    assert client.post(f"/-/write/{status}").status_code == code
    assert _written(session) == 0
    assert "Saved." not in client.get("/-/components").text


def test_a_kept_change_is_told_of_on_the_next_page_once(client: FlaskClient) -> None:
    client.post("/-/write/302")
    assert "Saved." in client.get("/-/components").text
    assert "Saved." not in client.get("/-/components").text


def test_a_commit_that_fails_is_an_error_and_not_a_success(
    client: FlaskClient, session: scoped_session[Session]
) -> None:
    assert client.post("/-/write/200").status_code == 200
    assert client.post("/-/write/200").status_code == 500  # the same slug twice
    assert _written(session) == 1
