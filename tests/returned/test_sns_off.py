"""Without a topic of ours there is no such page."""

from flask.testing import FlaskClient

from tests.returned.test_sns import HOOK


def test_without_topics_nothing_is_there(client: FlaskClient) -> None:
    assert client.post(HOOK, data=b"{}").status_code == 404
